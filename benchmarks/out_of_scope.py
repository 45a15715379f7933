"""Rows that belong to no label: found by a label of their own in training, and by a confidence threshold.

Run as `python -m benchmarks.out_of_scope FOLDER [MODELS]`, MODELS with commas between them. FOLDER has `train.jsonl`,
`test.jsonl` and `out_of_scope_train.jsonl`, `out_of_scope_validation.jsonl`, `out_of_scope_test.jsonl`, as clinc150.

Each model is fine-tuned twice with the first cell of its grid, on nine tenths of the training rows: without rows of no
label, and with those for training, whose label is `none`. The last tenth and the out-of-scope validation rows choose
the threshold (the best balanced accuracy); the test rows are scored once. The curve has thresholds that reject given
shares of the in-scope validation rows.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.arguments import positional
from fw_assets.classification.scope.figures import FALSE_REJECTS, RejectRates, ScopeFigures, scope_figures
from fw_assets.classification.scope.scope_rows import ScopeRows
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.scorers import TunedScorer
from fw_assets.embedded.engine.training import drain, fit
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

NONE = "none"
_TEXTS_PER_CALL = 500


def rows_of(path: Path, model: str, label: str | None = None) -> list[TrainingRow]:
    """The rows of a file, labelled by their last turn, or all with `label`."""
    read = find_base_model(model).read
    turns = [json.loads(line)["messages"] for line in path.read_text("utf-8").splitlines()]
    asked = [[turn for turn in row if turn["role"] != "assistant"] for row in turns]
    labels = [label or row[-1]["content"] for row in turns]
    return [TrainingRow(read(row), (name,)) for row, name in zip(asked, labels, strict=True)]


def scope_of(scorer: TunedScorer, rows: list[TrainingRow]) -> ScopeRows:
    texts, labels = [row.text for row in rows], np.array(scorer.labels)
    parts = [texts[start : start + _TEXTS_PER_CALL] for start in range(0, len(texts), _TEXTS_PER_CALL)]
    probability = np.exp(np.vstack([scorer.log_probabilities(part, None) for part in parts]))
    says_none = labels[probability.argmax(axis=1)] == NONE
    known = np.where(labels == NONE, 0.0, probability)
    ordered = np.sort(known, axis=1)
    scores = {
        "label": np.where(says_none, 1 - probability.max(axis=1), probability.max(axis=1)),
        "margin": ordered[:, -1] - ordered[:, -2],
        "entropy": (known * np.log(np.maximum(known, 1e-12))).sum(axis=1),
    }
    if NONE in labels:
        scores["none"] = 1 - probability[:, labels == NONE][:, 0]
    group = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    is_out = np.array([row.labels == (NONE,) for row in rows])
    return ScopeRows(is_out, says_none, np.array([group[text] for text in texts], np.uint32), scores)


def measure(model: str, folder: Path, cache: Path, *, has_none: bool) -> ScopeFigures:
    base = find_base_model(model)
    rows = rows_of(folder / "train.jsonl", model)
    random.Random(1).shuffle(rows)
    held_out, learned = rows[: len(rows) // 10], rows[len(rows) // 10 :]
    out = {
        part: rows_of(folder / f"out_of_scope_{part}.jsonl", model, NONE) for part in ("train", "validation", "test")
    }
    rank, rate, epochs = base.grid[0]
    spec = TrainingSpec(model, rank, rate, epochs or 1, base.batch_size)
    learned += out["train"] if has_none else []
    evaluated = held_out + (out["validation"] if has_none else [])
    tuned = drain(fit(spec, learned, evaluated, cache, False), lambda record: None)
    scorer = TunedScorer(tuned, cache)
    validation = scope_of(scorer, held_out + out["validation"])
    test = scope_of(scorer, rows_of(folder / "test.jsonl", model) + out["test"])
    figures = scope_figures(validation, test, has_reject_label=has_none)
    assert figures is not None
    return figures


def told(rates: RejectRates) -> str:
    return " | ".join(
        f"{item.value:.1%} ({100 * item.low:.1f}–{100 * item.high:.1f})" for item in (rates.recall, rates.false_rejects)
    )


def main() -> None:
    folder, models = positional(__doc__, folder=Path, models="char-ngram,minilm-l6-v2,minilm-ngram")
    print("| model | training rows of no label | rejects by | found | rejected wrongly |")
    print("|---|---|---|--:|--:|")
    more = []
    with tempfile.TemporaryDirectory() as cache:
        for model in models.split(","):
            for has_none in (False, True):
                figures = measure(model, folder, Path(cache), has_none=has_none)
                name = f"| {model} | {'yes' if has_none else 'no'}"
                if figures.reject_label is not None:
                    print(f"{name} | the label | {told(figures.reject_label)} |", flush=True)
                if figures.threshold is not None:
                    level = figures.threshold.threshold
                    print(f"{name} | threshold {level:.2f} | {told(figures.threshold.test)} |", flush=True)
                curve = " | ".join(f"{item.test.recall.value:.1%}" for item in figures.curve)
                aurocs = {item.score: f"{item.auroc.value:.3f}" for item in figures.aurocs}
                change = figures.difference
                better = f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})" if change else ""
                columns = " | ".join(aurocs.get(score, "") for score in ("label", "margin", "entropy", "none"))
                more.append(f"{name} | {curve} | {columns} | {better} |")
    shares = " | ".join(f"{share:.0%}" for share in FALSE_REJECTS)
    print(f"\n| model | of no label | {shares} | AUROC: answer | lead | entropy | none | threshold minus label |")
    print("|---|---|" + "--:|" * (len(FALSE_REJECTS) + 5))
    print("\n".join(more))


if __name__ == "__main__":
    main()
