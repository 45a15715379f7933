"""Class imbalance and its mitigations: rebalancing, weighting or dropping labels, in the training rows only."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.errors import input_error
from fw_assets.classification.session import MITIGATIONS
from fw_assets.classification.splits.hash_random import uniform
from fw_assets.classification.values import Frozen

MIN_LABELS = 2
MAX_REPEAT = 10.0
"""Upper bound of a row's copies, and of its weight before its own weight is applied."""


class LabelRows(Frozen):
    """Rows of one label before and after a mitigation (for `weight`: their total weight)."""

    label: str
    before: int
    after: float


class MitigationEffect(Frozen):
    """The training rows of a dataset after one mitigation."""

    name: str
    rows_before: int
    rows_after: int
    ratio_after: float
    """Most frequent over least frequent label afterwards; by weight for `weight`."""
    largest_weight: float | None = None
    dropped: tuple[str, ...] = ()
    """Labels without training rows; validation and test rows keep them and count as wrong."""
    per_label: tuple[LabelRows, ...] = ()
    note: str = ""


class Imbalance(Frozen):
    """The ratio of the most to the least frequent label in the training dataset, against the session's threshold."""

    ratio: float
    threshold: float
    exceeded: bool
    most: tuple[str, int]
    least: tuple[str, int]
    mitigations: tuple[MitigationEffect, ...] = ()
    """Empty unless the threshold is exceeded or the session asks for a mitigation."""
    unavailable: tuple[tuple[str, str], ...] = ()
    """(mitigation, reason) for those that these rows do not allow."""

    def refusal(self, mitigation: str) -> str:
        """Why a mitigation cannot be chosen, as a sentence; empty where it can."""
        if mitigation == "none" or mitigation in [effect.name for effect in self.mitigations]:
            return ""
        reason = dict(self.unavailable).get(mitigation)
        if reason is not None:
            return f"{mitigation} is not available: {reason}."
        return (
            f"{mitigation} is not in the plan: the ratio of {self.ratio:.1f} is within the threshold of "
            f"{self.threshold:g}. Ask for it in the session (`mitigation: {mitigation}`) and plan again."
        )


def measure_imbalance(counts: dict[str, int], threshold: float) -> Imbalance:
    """The imbalance of counted labels; those that never occur are left out."""
    present = {label: count for label, count in counts.items() if count} or {"": 0}
    most = max(present.items(), key=lambda item: item[1])
    least = min(present.items(), key=lambda item: item[1])
    ratio = most[1] / max(1, least[1])
    return Imbalance(ratio=ratio, threshold=threshold, exceeded=ratio > threshold, most=most, least=least)


def apply_mitigation(train: pl.DataFrame, planned: Imbalance, mitigation: str, seed: int) -> pl.DataFrame:
    """The training rows, or a sample of them, after a planned mitigation (see `mitigate`).

    `drop-rare` drops the labels that the plan names, whatever their share in a sample.

    Raises:
        InputError: the mitigation is not available.
    """
    refusal = planned.refusal(mitigation)
    if refusal:
        raise input_error(refusal, field="mitigation")
    if mitigation == "drop-rare":
        effect = next(effect for effect in planned.mitigations if effect.name == mitigation)
        return _without_rare(train, effect.dropped)
    return mitigate(train, mitigation, planned.threshold, seed)


def mitigate(train: pl.DataFrame, mitigation: str, threshold: float, seed: int) -> pl.DataFrame:
    """The training rows after a mitigation, which depends on row content, threshold and seed alone.

    - `none`: unchanged.
    - `rebalance`: every label's share moves to a power of itself, count ** a, with a = 1/2 or less, so that
      the ratio falls to its square root, or to the threshold if that is lower. Rows repeat (ids stay) up to
      ten times or are left out; the total stays about the same. A row with several labels follows the one
      that needs it most (repeat factor sampling, Gupta et al. 2019, LVIS).
    - `weight`: a row weight of inverse label frequency, mean 1 before the cap at ten, times the weight that the
      row already has.
    - `drop-rare`: labels below 1/threshold of the most frequent are removed, and rows without another label.

    Args:
        train: rows of a split frame, all of the part `train`.

    Raises:
        InputError: there is no such mitigation.
        ValueError: a row is not of the part `train`.
    """
    if not train.filter(pl.col("split") != "train").is_empty():
        raise ValueError("a mitigation is for training rows only")
    if mitigation not in MITIGATIONS:
        choices = ", ".join(MITIGATIONS)
        raise input_error(f"{mitigation!r} is not a mitigation, expected one of {choices}", field="mitigation")
    counts = count_labels(train)
    if mitigation == "none" or not counts:
        return train
    if mitigation == "rebalance":
        return _rebalanced(train, counts, threshold, seed)
    if mitigation == "weight":
        weights = pl.Series(_weights(train, counts)) * pl.col("weight").fill_null(1.0)
        return train.with_columns(weights.alias("weight"))
    return _without_rare(train, rare_labels(counts, threshold))


def with_mitigations(train: pl.DataFrame, imbalance: Imbalance, seed: int) -> Imbalance:
    """The imbalance with the effect of each mitigation that these training rows allow."""
    threshold = imbalance.threshold
    unavailable = _unavailable(count_labels(train), threshold)
    names = [name for name in MITIGATIONS if name != "none" and name not in unavailable]
    effects = tuple(_effect(train, mitigate(train, name, threshold, seed), name) for name in names)
    return imbalance.model_copy(update={"mitigations": effects, "unavailable": tuple(unavailable.items())})


def _unavailable(counts: dict[str, int], threshold: float) -> dict[str, str]:
    rare = rare_labels(counts, threshold) if counts else ()
    kept = [label for label in counts if label not in rare]
    if not rare:
        return {"drop-rare": f"no label is {threshold:g} times rarer than the most frequent one in the training rows"}
    if len(kept) < MIN_LABELS:
        return {"drop-rare": f"it would leave {kept[0]} as the only label to learn"}
    return {}


def rare_labels(counts: dict[str, int], threshold: float) -> tuple[str, ...]:
    """The labels with fewer rows than 1/threshold of the most frequent one's."""
    most = max(counts.values())
    return tuple(label for label, count in counts.items() if count * threshold < most)


def _effect(train: pl.DataFrame, rows: pl.DataFrame, name: str) -> MitigationEffect:
    before = count_labels(train)
    after: dict[str, float] = dict(count_labels(rows))
    largest: float | None = None
    dropped: tuple[str, ...] = ()
    if name == "weight":
        exploded = rows.select("labels", "weight").explode("labels").drop_nulls("labels")
        after = dict(exploded.group_by("labels").agg(pl.col("weight").sum()).sort("labels").iter_rows())
        largest = float(rows["weight"].max() or 0.0)  # type: ignore[arg-type]
        note = "Every row stays; rare labels count for more in the loss, common ones for less."
    elif name == "rebalance":
        gain = max((after.get(label, 0) / count for label, count in before.items()), default=1.0)
        note = f"Rows of rare labels repeat up to {gain:.1f} times, rows of common ones are partly left out."
    else:
        dropped = tuple(label for label in before if label not in after)
        lost = ", ".join(f"{label} ({before[label]})" for label in dropped) or "none"
        note = f"Falls out: {lost}. Their validation and test rows stay and count as wrong."
    values = [value for value in after.values() if value]
    return MitigationEffect(
        name=name,
        rows_before=train.height,
        rows_after=rows.height,
        ratio_after=round(max(values) / min(values), 4) if values else 1.0,
        largest_weight=largest,
        dropped=dropped,
        per_label=tuple(
            LabelRows(label=label, before=count, after=round(after.get(label, 0), 2)) for label, count in before.items()
        ),
        note=note,
    )


def _row_factor(train: pl.DataFrame, factors: dict[str, float], *, largest: bool) -> NDArray[np.float64]:
    """The largest or mean factor of each row's labels; 1 for a row without labels."""
    factor = pl.element().replace_strict(list(factors), list(factors.values()), return_dtype=pl.Float64)
    by_row = pl.col("labels").list.eval(factor).list
    combined = by_row.max() if largest else by_row.mean()
    return train.select(combined.fill_null(1.0)).to_series().to_numpy()


def _rebalanced(train: pl.DataFrame, counts: dict[str, int], threshold: float, seed: int) -> pl.DataFrame:
    ratio = max(counts.values()) / min(counts.values())
    power = 0.5 if ratio <= 1 else min(0.5, math.log(threshold) / math.log(ratio))
    scale = sum(counts.values()) / sum(count**power for count in counts.values())
    factors = {label: min(MAX_REPEAT, scale * count ** (power - 1)) for label, count in counts.items()}
    factor = _row_factor(train, factors, largest=True)
    # A factor of 2.3 makes two copies of each row and a third one of 30 % of them.
    repeats = np.floor(factor + uniform(train["digest"], seed, "rebalance")).astype(np.int64)
    return train[np.repeat(np.arange(train.height), repeats)]


def _without_rare(train: pl.DataFrame, rare: tuple[str, ...]) -> pl.DataFrame:
    kept = pl.col("labels").list.filter(~pl.element().is_in(list(rare)))
    emptied = (pl.col("labels").list.len() > 0) & (kept.list.len() == 0)
    return train.filter(~emptied).with_columns(kept.alias("labels"))


def _weights(train: pl.DataFrame, counts: dict[str, int]) -> NDArray[np.float64]:
    total = sum(counts.values())
    factors = {label: total / (len(counts) * count) for label, count in counts.items()}
    weights = _row_factor(train, factors, largest=False)
    capped: NDArray[np.float64] = np.minimum(weights / weights.mean(), MAX_REPEAT)
    return capped.round(4)
