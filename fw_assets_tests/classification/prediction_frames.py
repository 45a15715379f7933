"""Prediction frames for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.prompting.answer_parser import PREDICTIONS

Row = tuple[Sequence[str], Sequence[str] | None]


def frame(rows: Sequence[Row], *, groups: Sequence[int] | None = None, reason: str = "off_label") -> pl.DataFrame:
    """Predictions from (gold, predicted) sets; predicted None has `reason` as its outcome."""
    outcomes = [
        reason if predicted is None else "correct" if set(gold) == set(predicted) else "wrong_label"
        for gold, predicted in rows
    ]
    columns = {
        "id": [f"eval:{line}" for line in range(1, len(rows) + 1)],
        "gold": [list(gold) for gold, _ in rows],
        "predicted": [list(predicted or ()) for _, predicted in rows],
        "outcome": outcomes,
        "lenient": [False] * len(rows),
        "lenient_outcome": outcomes,
        "prompt_tokens": [0] * len(rows),
        "completion_tokens": [0] * len(rows),
        "group": list(range(len(rows))) if groups is None else list(groups),
    }
    known = pl.DataFrame(columns, schema_overrides={name: PREDICTIONS[name] for name in columns})
    return known.select(
        pl.col(name) if name in columns else pl.lit(None, dtype=kind).alias(name) for name, kind in PREDICTIONS.items()
    )


def costed_frame(
    gold: list[str],
    given: list[str | None],
    confidence: list[float | None] | None = None,
    groups: list[int] | None = None,
) -> pl.DataFrame:
    """The columns that costs are read from; an answer None has no valid label."""
    return pl.DataFrame(
        {
            "gold": [[label] for label in gold],
            "predicted": [[] if label is None else [label] for label in given],
            "outcome": ["correct" if g == p else "wrong_label" for g, p in zip(gold, given, strict=True)],
            "confidence": confidence or [None] * len(gold),
            "group": groups or list(range(len(gold))),
        },
        schema_overrides={
            "confidence": pl.Float64,
            "gold": pl.List(pl.String),
            "predicted": pl.List(pl.String),
            "outcome": pl.String,
        },
    )


def random_single(
    labels: Sequence[str], rows: int, seed: int, *, accuracy: float = 0.7, invalid: float = 0.05
) -> pl.DataFrame:
    """Single-label predictions with skewed labels; gold depends on `rows` alone."""
    gold = np.random.default_rng(rows).choice(len(labels), rows, p=_skewed(len(labels)))
    random = np.random.default_rng(seed)
    predicted = np.where(random.random(rows) < accuracy, gold, random.integers(0, len(labels), rows))
    unread = random.random(rows) < invalid
    return frame(
        [
            ([labels[one]], None if bad else [labels[other]])
            for one, other, bad in zip(gold, predicted, unread, strict=True)
        ]
    )


def random_sets(labels: Sequence[str], rows: int, seed: int, *, flip: float = 0.1) -> pl.DataFrame:
    """Multi-label predictions; gold depends on `rows` alone."""
    gold = np.random.default_rng(rows).random((rows, len(labels))) < 0.25
    random = np.random.default_rng(seed)
    predicted = gold ^ (random.random(gold.shape) < flip)
    unread = random.random(rows) < 0.05
    return frame(
        [
            (_named(labels, one), None if bad else _named(labels, other))
            for one, other, bad in zip(gold, predicted, unread, strict=True)
        ]
    )


def _named(labels: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [label for label, is_in in zip(labels, chosen, strict=True) if is_in]


def _skewed(many: int) -> NDArray[np.float64]:
    share: NDArray[np.float64] = 1 / np.arange(1, many + 1)
    return np.asarray(share / share.sum())
