"""Scoring and comparing at size, beside scikit-learn.

Run as `python -m benchmarks.scoring [ROWS] [LABELS]`.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from benchmarks.arguments import positional
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import compare


def predictions(rows: int, labels: list[str], seed: int, accuracy: float) -> pl.DataFrame:
    """Single-label predictions with 3 % of the rows unanswered; gold depends on `rows` alone."""
    gold = np.random.default_rng(rows).integers(0, len(labels), rows)
    random = np.random.default_rng(seed)
    predicted = np.where(random.random(rows) < accuracy, gold, random.integers(0, len(labels), rows))
    unread = random.random(rows) < 0.03
    outcome = np.where(unread, "off_label", np.where(predicted == gold, "correct", "wrong_label"))
    names = pl.Series(labels)
    label = names.gather(predicted)
    return pl.DataFrame(
        {
            "id": pl.Series(np.arange(rows)).cast(pl.String),
            "gold": names.gather(gold).reshape((rows, 1)).arr.to_list(),
            "predicted": pl.select(
                pl.when(pl.Series(unread)).then(pl.lit([], dtype=pl.List(pl.String))).otherwise(pl.concat_list(label))
            ).to_series(),
            "outcome": outcome,
            "lenient_outcome": outcome,
            "group": pl.Series(np.arange(rows), dtype=pl.UInt32),
        }
    )


def timed(name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:48} {time.perf_counter() - started:8.2f} s   peak {peak:5.2f} GB")


def main(rows: int = 1_000_000, many: int = 150) -> None:
    labels = [f"label_{index}" for index in range(many)]
    base, tuned = predictions(rows, labels, 1, 0.85), predictions(rows, labels, 2, 0.9)
    print(f"{rows:,} rows x {many} labels")
    timed("score", lambda: score(base, labels, False))
    timed("score as sets", lambda: score(base, labels, True))
    timed("compare without bootstrap", lambda: compare(base, tuned, labels=labels, resamples=0))
    few, few_tuned = predictions(5000, labels, 1, 0.85), predictions(5000, labels, 2, 0.9)
    timed("compare 5,000 rows, 10,000 resamples", lambda: compare(few, few_tuned, labels=labels))
    from sklearn.metrics import classification_report, confusion_matrix

    gold = base.get_column("gold").list.first().to_list()
    predicted = base.get_column("predicted").list.first().fill_null("").to_list()
    timed("scikit-learn classification_report", lambda: classification_report(gold, predicted, zero_division=0))
    timed("scikit-learn confusion_matrix", lambda: confusion_matrix(gold, predicted))


if __name__ == "__main__":
    main(*positional(__doc__, rows=1_000_000, labels=150))
