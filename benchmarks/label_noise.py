"""Doubted labels beside cleanlab, on the same out-of-sample probabilities.

    python -m benchmarks.label_noise DATA [SEEDS]

DATA is a folder with banking77, sms_spam and goemotions, each with a `train.jsonl` of chats. In eight settings labels
are made wrong on purpose; printed are, as means over the seeds, the share of wrong labels among the first k rows of the
ranking (k is how many were made wrong), and the estimated number, which also counts the labels that were wrong before.
cleanlab is not among the development packages: `pip install cleanlab`. Beside it, `get_label_quality_scores` with its
default (self-confidence) and with normalised margins, and `num_label_issues`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.arguments import positional
from fw_assets.classification.dataset.chat import input_text
from fw_assets.classification.labels.label_doubts import FOLDS, label_doubts, label_log_probabilities
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import inspect_in_memory

Booleans = NDArray[np.bool_]


class Setting(NamedTuple):
    """Labels made wrong: `nearest` is the label whose rows are most alike, `most` the most frequent to another."""

    dataset: str
    rows: int
    kind: str
    share: float


SETTINGS = (
    Setting("banking77", 5_000, "uniform", 0.05),
    Setting("banking77", 5_000, "uniform", 0.10),
    Setting("banking77", 5_000, "nearest", 0.05),
    Setting("banking77", 5_000, "nearest", 0.10),
    Setting("sms_spam", 10_000, "uniform", 0.05),
    Setting("sms_spam", 10_000, "most", 0.037),
    Setting("goemotions", 8_000, "uniform", 0.05),
    Setting("goemotions", 8_000, "uniform", 0.10),
)


def load(path: Path, rows: int) -> tuple[list[str], Booleans]:
    """Texts and labels of a sample of the rows."""
    session = Session(models=("char-ngram",))
    frame, _ = resolve(*inspect_in_memory(path, None, session), session)
    frame = frame.filter(pl.col("labels").list.len() > 0).sample(min(rows, frame.height), seed=1, shuffle=True)
    names = frame["labels"].explode().unique().sort().to_list()
    gold = np.zeros((frame.height, len(names)), dtype=bool)
    for row, labels in enumerate(frame["labels"].to_list()):
        gold[row, [names.index(label) for label in labels]] = True
    return [input_text(messages) for messages in frame["messages"]], gold


def nearest_labels(texts: list[str], gold: Booleans) -> NDArray[np.int64]:
    """For each label the one whose mean TF-IDF vector is most alike."""
    features = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    centres = np.vstack([np.asarray(features[gold[:, label]].mean(axis=0)) for label in range(gold.shape[1])])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    alike = centres @ centres.T
    np.fill_diagonal(alike, -1)
    return np.asarray(alike.argmax(axis=1), dtype=np.int64)


def made_wrong(gold: Booleans, near: NDArray[np.int64], setting: Setting, chance: Any) -> tuple[Booleans, Booleans]:
    """The labels with one of some rows changed, and which rows those are."""
    changed, wrong = gold.copy(), np.zeros(len(gold), dtype=bool)
    candidates = np.arange(len(gold))
    if setting.kind == "most":
        candidates = np.flatnonzero(gold[:, gold.sum(axis=0).argmax()])
    for row in chance.choice(candidates, round(setting.share * len(gold)), replace=False):
        old = chance.choice(np.flatnonzero(gold[row]))
        new = near[old] if setting.kind == "nearest" else chance.choice(np.flatnonzero(~gold[row]))
        changed[row, old], changed[row, new], wrong[row] = False, True, True
    return changed, wrong


def precision(scores: NDArray[Any], wrong: Booleans) -> float:
    return float(wrong[np.argsort(scores, kind="stable")[: wrong.sum()]].mean())


def cleanlab_figures(
    gold: Booleans, log_probabilities: NDArray[np.float32], wrong: Booleans
) -> tuple[float, float, int]:
    """Precision of the default ranking and of the normalised margin, and the estimated number."""
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    if gold.sum(axis=1).max() > 1:
        lists = [np.flatnonzero(row).tolist() for row in gold]
        module = importlib.import_module("cleanlab.multilabel_classification")
        issues = importlib.import_module("cleanlab.multilabel_classification.filter").find_label_issues
        value = precision(module.get_label_quality_scores(lists, probabilities), wrong)
        return value, value, int(issues(lists, probabilities).sum())
    scores = importlib.import_module("cleanlab.rank").get_label_quality_scores
    labels = gold.argmax(axis=1)
    methods = [scores(labels, probabilities, method=method) for method in ("self_confidence", "normalized_margin")]
    number = importlib.import_module("cleanlab.count").num_label_issues(labels, probabilities)
    return precision(methods[0], wrong), precision(methods[1], wrong), int(number)


def figures(texts: list[str], gold: Booleans, setting: Setting, seeds: int) -> Iterator[tuple[float, ...]]:
    """Per seed: wrong labels, then precision and number of this project and of cleanlab."""
    near = nearest_labels(texts, gold)
    for seed in range(seeds):
        chance = np.random.default_rng(seed)
        changed, wrong = made_wrong(gold, near, setting, chance)
        nothing = np.zeros(len(gold), dtype=bool)
        log_probabilities = label_log_probabilities(texts, changed, nothing, chance.integers(0, FOLDS, len(gold)))
        assert log_probabilities is not None
        doubts = label_doubts(log_probabilities, changed, ~nothing, nothing)
        default, margin, number = cleanlab_figures(changed, log_probabilities, wrong)
        yield float(wrong.sum()), precision(doubts.scores, wrong), doubts.wrong.sum(), default, margin, number


def main(data: Path, seeds: int = 3) -> None:
    if importlib.util.find_spec("cleanlab") is None:
        sys.exit("this benchmark runs beside cleanlab: pip install cleanlab")
    print("| labels made wrong | first k wrong | cleanlab | its margin | made wrong | estimated | cleanlab |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    ranked = counted = 0
    for setting in SETTINGS:
        texts, gold = load(data / setting.dataset / "train.jsonl", setting.rows)
        wrong, own, number, default, margin, theirs = np.mean(list(figures(texts, gold, setting, seeds)), axis=0)
        ranked += own >= default - 5e-4
        counted += abs(number - wrong) <= abs(theirs - wrong)
        name = f"{setting.dataset}, {setting.share:.1%} {setting.kind}"
        print(f"| {name} | {own:.3f} | {default:.3f} | {margin:.3f} | {wrong:.0f} | {number:.0f} | {theirs:.0f} |")
    print(f"\nat least as good as cleanlab: ranking in {ranked}, number in {counted} of {len(SETTINGS)} settings")


if __name__ == "__main__":
    main(*positional(__doc__, data=Path, seeds=3))
