"""Two models' predictions side by side, and what a comparison counts in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from fw_assets.classification.metrics.label_codes import label_codes
from fw_assets.classification.selection.bootstrap_units import Codes, LabelEvents, UnitCounter

Frames = pl.DataFrame | Iterable[pl.DataFrame]
"""Predictions, whole or in parts."""
COMPARED = ("id", "gold", "predicted", "outcome", "group")
"""The columns of predictions that a comparison reads."""
FLIPS = 500
"""Rows that are named each way."""

CHUNK_ROWS = 50_000
_TUNED = ("id", "gold", "predicted", "outcome")


def paired(base: Frames, tuned: Frames) -> Iterator[pl.DataFrame]:
    """The base's columns (`COMPARED`) and beside them the other's, with `_tuned` at their names, in the base's order.

    From the first part on whose rows come in another order, all rows that are left are joined by their ids.

    Raises:
        ValueError: they are not about the same rows.
    """
    passed = 0
    ones, twos = _parts(base), _parts(tuned)
    one, two = pl.DataFrame(), pl.DataFrame()
    while True:
        one, two = one if one.height else next(ones, one), two if two.height else next(twos, two)
        many = min(one.height, two.height)
        if not many or not one["id"].head(many).equals(two["id"].head(many)):
            break
        others = two.head(many).select(pl.col(*_TUNED).name.suffix("_tuned"))
        yield one.head(many).select(COMPARED).with_columns(others)
        one, two, passed = one[many:], two[many:], passed + many
    base_rest, tuned_rest = _rest(one, ones, COMPARED), _rest(two, twos, _TUNED)
    if base_rest is None and tuned_rest is None:
        return
    heights = [0 if rest is None else rest.height for rest in (base_rest, tuned_rest)]
    shared = 0
    if base_rest is not None and tuned_rest is not None:
        pairs = base_rest.join(tuned_rest, on="id", how="inner", suffix="_tuned", validate="1:1", maintain_order="left")
        shared = pairs.height
    if not shared == heights[0] == heights[1]:
        first, second = (passed + height for height in heights)
        raise ValueError(f"the predictions are not about the same rows: {first} and {second}, {passed + shared} shared")
    yield from pairs.iter_slices(CHUNK_ROWS)


class PairedCounts:
    """What a comparison counts in pairs of rows, which are added in parts.

    Attributes:
        rows: of all pairs; the rest counts those that both models answered.
        right: of shape (2, 2), how many rows the base got wrong or right (first axis) and the other did.
        per_label: of shape (labels, 4), of the rows with a label how many got it from neither model, only the second,
            only the first, both.
        flips_gained, flips_lost: ids of the first `FLIPS` rows that only the second, only the first got right.
        units: for the bootstrap, where it was asked for.
    """

    def __init__(self, labels: Sequence[str], *, units: bool) -> None:
        self._labels = tuple(labels)
        self.rows = 0
        self.right: Codes = np.zeros((2, 2), dtype=np.int64)
        self.per_label: Codes = np.zeros((len(self._labels), 4), dtype=np.int64)
        self.flips_gained: list[str] = []
        self.flips_lost: list[str] = []
        self.units = UnitCounter(len(self._labels)) if units else None

    def add(self, pairs: pl.DataFrame) -> None:
        """Count pairs, as `paired` gives them.

        Raises:
            ValueError: a row has other gold labels in the other frame, or a label is not in the label set.
        """
        self.rows += pairs.height
        gold, other = (self._events(pairs.get_column(name), "gold") for name in ("gold", "gold_tuned"))
        if not np.array_equal(gold, other):
            row = int(np.setxor1d(gold, other).min()) // len(self._labels)
            raise ValueError(f"row {pairs.get_column('id')[row]} has different gold labels in the two frames")
        answered = pairs.filter((pl.col("outcome") != "failed") & (pl.col("outcome_tuned") != "failed"))
        before, after = ((answered.get_column(name) == "correct").to_numpy() for name in ("outcome", "outcome_tuned"))
        self.right += np.bincount(2 * before + after, minlength=4).reshape(2, 2)
        identity = answered.get_column("id")
        for flips, flipped in ((self.flips_gained, ~before & after), (self.flips_lost, before & ~after)):
            flips.extend(identity.filter(pl.Series(flipped)).head(FLIPS - len(flips)))
        if answered.height < pairs.height:
            gold = self._events(answered.get_column("gold"), "gold")
        first, second = (
            self._events(answered.get_column(name), "predicted") for name in ("predicted", "predicted_tuned")
        )
        given = (np.isin(gold, events, assume_unique=True) for events in (first, second))
        cells = 4 * (gold % len(self._labels)) + 2 * next(given) + next(given)
        self.per_label += np.bincount(cells, minlength=self.per_label.size).reshape(self.per_label.shape)
        if self.units is not None:
            groups = answered.get_column("group").cast(pl.UInt32).to_numpy()
            self.units.add(LabelEvents(gold, first, second), groups)

    def _events(self, column: pl.Series, name: str) -> Codes:
        row, label = label_codes(column, self._labels, name)
        return row * len(self._labels) + label


def _parts(frames: Frames) -> Iterator[pl.DataFrame]:
    return frames.iter_slices(CHUNK_ROWS) if isinstance(frames, pl.DataFrame) else iter(frames)


def _rest(part: pl.DataFrame, parts: Iterator[pl.DataFrame], names: Sequence[str]) -> pl.DataFrame | None:
    held = [each.select(names) for each in (part, *parts) if each.height]
    return pl.concat(held) if held else None
