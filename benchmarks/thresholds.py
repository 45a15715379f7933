"""One threshold per label beside one for all labels, where rows have several labels.

Run as `python -m benchmarks.thresholds TRAIN.jsonl TEST.jsonl [MODELS]`, MODELS with commas between them.

Each model is fine-tuned on nine tenths of the training rows with the first cell of its grid. Temperature and thresholds
are fitted on the last tenth, as the embedded platform fits them; the test rows are scored once. `shared` is the version
before, the one threshold with the best Jaccard index; `macro-F1` is the one threshold with the best macro-F1, so that
the difference to it is what labels gain by thresholds of their own. Differences: paired bootstrap, equal texts drawn
together.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.selection.bootstrap import bootstrap_f1
from fw_assets.classification.selection.bootstrap_units import LabelEvents, UnitCounter
from fw_assets.embedded.engine.label_sets import choose_sets
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.scorers import TunedScorer
from fw_assets.embedded.engine.training import drain, fit
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

Flags = NDArray[np.bool_]
_TEXTS_PER_CALL = 500
_LEVELS = np.linspace(0.02, 0.9, 89)


def rows_of(path: Path, model: str) -> list[TrainingRow]:
    read = find_base_model(model).read
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        TrainingRow(
            read(row["messages"][:-1]), tuple(row.get("ground_truth") or row["messages"][-1]["content"].split(", "))
        )
        for row in rows
    ]


def probabilities(scorer: TunedScorer, rows: list[TrainingRow]) -> NDArray[np.float64]:
    texts = [row.text for row in rows]
    parts = [texts[start : start + _TEXTS_PER_CALL] for start in range(0, len(texts), _TEXTS_PER_CALL)]
    return np.exp(np.vstack([scorer.log_probabilities(part, None) for part in parts]))


def truth_of(rows: list[TrainingRow], labels: tuple[str, ...]) -> Flags:
    return np.array([[label in row.labels for label in labels] for row in rows])


def macro_f1(chosen: Flags, truth: Flags) -> float:
    """The mean over labels that have rows."""
    sizes = truth.sum(axis=0)
    f1 = 2 * (chosen & truth).sum(axis=0) / np.maximum(chosen.sum(axis=0) + sizes, 1)
    return float(f1[sizes > 0].mean())


def difference(texts: list[str], truth: Flags, first: Flags, second: Flags) -> str:
    """Second minus first, macro- and micro-F1 with their 95 % intervals."""
    group = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    units = UnitCounter(truth.shape[1])
    events = LabelEvents(*(np.flatnonzero(flags.ravel()) for flags in (truth, first, second)))
    units.add(events, np.array([group[text] for text in texts], np.uint32))
    found = bootstrap_f1(units, seed=0)
    return " | ".join(f"{item.value:+.4f} ({item.low:+.4f} to {item.high:+.4f})" for item in (found.macro, found.micro))


def measure(model: str, train: Path, test: Path, cache: Path) -> None:
    base = find_base_model(model)
    rows, held_out = rows_of(train, model), rows_of(test, model)
    random.Random(1).shuffle(rows)
    fitted_on, learned = rows[: len(rows) // 10], rows[len(rows) // 10 :]
    rank, rate, epochs = base.grid[0]
    spec = TrainingSpec(model, rank, rate, epochs or 1, base.batch_size)
    tuned = drain(fit(spec, learned, fitted_on, cache, True), lambda record: None)
    scorer = TunedScorer(tuned, cache)
    labels, empty = tuned.labels, tuned.allow_empty
    fitted, fitted_truth = probabilities(scorer, fitted_on), truth_of(fitted_on, labels)
    level = max(_LEVELS, key=lambda at: macro_f1(choose_sets(fitted, float(at), empty), fitted_truth))
    scores, truth = probabilities(scorer, held_out), truth_of(held_out, labels)
    own = tuned.thresholds.choose(scores, labels, empty)
    ways = {
        f"shared, {tuned.thresholds.shared:.2f}": choose_sets(scores, tuned.thresholds.shared, empty),
        f"macro-F1, {level:.2f}": choose_sets(scores, float(level), empty),
        "per label": own,
    }
    for name, chosen in ways.items():
        right = (chosen & truth).sum()
        micro = 2 * right / (chosen.sum() + truth.sum())
        exact = (chosen == truth).all(axis=1).mean()
        change = "|" if chosen is own else difference([row.text for row in held_out], truth, chosen, own)
        print(
            f"| {model} | {name} | {macro_f1(chosen, truth):.3f} | {micro:.3f} | {exact:.1%} "
            f"| {chosen.sum(axis=1).mean():.2f} | {change} |",
            flush=True,
        )


def main() -> None:
    train, test, models = positional(__doc__, train=Path, test=Path, models="char-ngram,minilm-l6-v2,minilm-ngram")
    print("| model | threshold | macro-F1 | micro-F1 | exact sets | labels a row | macro-F1, per label minus this |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as cache:
        for model in models.split(","):
            measure(model, train, test, Path(cache))


if __name__ == "__main__":
    main()
