"""One threshold per label beside one for all labels, where rows have several labels.

Run as `python -m benchmarks.thresholds TRAIN.jsonl TEST.jsonl [MODELS] [ROWS]`, MODELS with commas between them; ROWS
of the training rows are drawn by chance, 0 are all. `encoder` is the sentence encoder with logistic regression, whose
thresholds are fitted as every free model's are.

Each model is fine-tuned on nine tenths of the training rows with the first cell of its grid. Temperature and thresholds
are fitted on the last tenth, as the embedded platform fits them; the test rows are scored once. `shared` is the one
threshold with the best Jaccard index, `macro-F1` the one with the best macro-F1, so that the difference to it is what
labels gain by thresholds of their own. Differences: paired bootstrap, equal texts drawn
together.
"""

from __future__ import annotations

import json
import random
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.arguments import positional
from fw_assets.classification.baselines.encoder import fit_encoder
from fw_assets.classification.metrics import threshold_fit
from fw_assets.classification.metrics.threshold_fit import ValidationSets, choose_sets, macro_f1
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.bootstrap import bootstrap_f1
from fw_assets.classification.selection.bootstrap_units import LabelEvents, UnitCounter
from fw_assets.embedded import embed_sentences
from fw_assets.embedded.engine import label_sets
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.scorers import TunedScorer
from fw_assets.embedded.engine.training import drain, fit
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

Flags = NDArray[np.bool_]
_TEXTS_PER_CALL = 500


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


def difference(texts: list[str], truth: Flags, first: Flags, second: Flags) -> str:
    """Second minus first, macro- and micro-F1 with their 95 % intervals."""
    group = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    units = UnitCounter(truth.shape[1])
    events = LabelEvents(*(np.flatnonzero(flags.ravel()) for flags in (truth, first, second)))
    units.add(events, np.array([group[text] for text in texts], np.uint32))
    found = bootstrap_f1(units, seed=0)
    return " | ".join(f"{item.value:+.4f} ({item.low:+.4f} to {item.high:+.4f})" for item in (found.macro, found.micro))


class Scored(NamedTuple):
    """Probabilities and truth of the rows that thresholds are fitted on, and of the test rows."""

    labels: tuple[str, ...]
    allow_empty: bool
    fitted: NDArray[np.float64]
    fitted_truth: Flags
    scores: NDArray[np.float64]
    truth: Flags


def tuned(model: str, learned: list[TrainingRow], fitted_on: list[TrainingRow], test: list[TrainingRow]) -> Scored:
    """By a model that is fine-tuned."""
    base = find_base_model(model)
    rank, rate, epochs = base.grid[0]
    spec = TrainingSpec(model, rank, rate, epochs or 1, base.batch_size)
    with tempfile.TemporaryDirectory() as cache:
        found = drain(fit(spec, learned, fitted_on, Path(cache), True), lambda record: None)
        scorer = TunedScorer(found, Path(cache))
        labels = found.labels
        fitted, scores = probabilities(scorer, fitted_on), probabilities(scorer, test)
    return Scored(labels, found.allow_empty, fitted, truth_of(fitted_on, labels), scores, truth_of(test, labels))


def encoded(learned: list[TrainingRow], fitted_on: list[TrainingRow], test: list[TrainingRow]) -> Scored:
    """By the sentence encoder with logistic regression."""
    embed = partial(embed_sentences, cache=None)
    labels = tuple(sorted({label for row in learned for label in row.labels}))
    prompt = Prompt(
        system=None,
        labels=labels,
        answers=None,
        mode="json_schema",
        json_key="labels",
        multi_label=True,
        max_tokens=64,
    )
    frames = [split_frame(rows, labels) for rows in (learned, fitted_on, test)]
    model = fit_encoder(prompt, frames[0], frames[1], embed).baseline(prompt, embed)
    parts = []
    for frame in frames[1:]:
        found = model.predict(frame, prompt)
        parts.append(np.array([[(row.probabilities or {}).get(label, 0.0) for label in labels] for row in found]))
    empty = any(not row.labels for row in learned)
    return Scored(labels, empty, parts[0], truth_of(fitted_on, labels), parts[1], truth_of(test, labels))


def measure(model: str, train: Path, test: Path, rows: int) -> None:
    read = "minilm-l6-v2" if model == "encoder" else model
    every, held_out = rows_of(train, read), rows_of(test, read)
    random.Random(1).shuffle(every)
    every = every[: rows or None]
    fitted_on, learned = every[: len(every) // 10], every[len(every) // 10 :]
    found = encoded(learned, fitted_on, held_out) if model == "encoder" else tuned(model, learned, fitted_on, held_out)
    sets: dict[str, Flags] = {}
    for rule in ("shared", "macro-f1", "per-label"):
        if model == "encoder":
            ids = tuple(map(str, range(len(found.fitted))))
            known = ValidationSets(found.labels, ids, np.arange(len(ids)), found.fitted, found.fitted_truth)
            levels = np.array(threshold_fit.fit_thresholds(known, rule, allow_empty=found.allow_empty).of(found.labels))
        else:
            weight = np.ones(len(found.fitted))
            levels = label_sets.fit_thresholds(
                found.fitted, found.fitted_truth.astype(float), weight, found.labels, found.allow_empty, rule
            ).of(found.labels)
        name = rule if rule == "per-label" else f"{rule}, {levels[0]:.2f}"
        sets[name] = choose_sets(found.scores, levels, allow_empty=found.allow_empty)
    own, texts = sets["per-label"], [row.text for row in held_out]
    for name, chosen in sets.items():
        right = (chosen & found.truth).sum()
        micro = 2 * right / (chosen.sum() + found.truth.sum())
        exact = (chosen == found.truth).all(axis=1).mean()
        change = " | " if chosen is own else difference(texts, found.truth, chosen, own)
        print(
            f"| {model} | {len(learned):,} | {name} | {macro_f1(chosen, found.truth):.3f} | {micro:.3f} | {exact:.1%} "
            f"| {chosen.sum(axis=1).mean():.2f} | {change} |",
            flush=True,
        )


def split_frame(rows: list[TrainingRow], labels: tuple[str, ...]) -> pl.DataFrame:
    """Rows as a split dataset has them."""
    messages = [json.dumps([{"role": "user", "content": row.text}]) for row in rows]
    known = [[label for label in row.labels if label in labels] for row in rows]
    return pl.DataFrame({"id": [str(at) for at in range(len(rows))], "messages": messages, "labels": known})


def main() -> None:
    train, test, models, rows = positional(
        __doc__, train=Path, test=Path, models="char-ngram,minilm-l6-v2,minilm-ngram", rows=0
    )
    print("| model | rows | threshold | macro-F1 | micro-F1 | exact sets | labels a row | gain, macro | micro |")
    print("|---|--:|---|--:|--:|--:|--:|--:|--:|")
    for model in models.split(","):
        measure(model, train, test, rows)


if __name__ == "__main__":
    main()
