"""Paired counts: two models' predictions joined row by row, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl

from fw_assets.classification.metrics.label_codes import label_codes
from fw_assets.classification.selection.bootstrap_units import Codes, LabelEvents, UnitCounter
from fw_assets.classification.selection.group_differences import DifferenceCounter

Frames = pl.DataFrame | Iterable[pl.DataFrame]
"""Predictions, whole or in parts."""
COMPARED_COLUMNS = ("id", "gold", "predicted", "outcome", "group")
"""The columns of predictions that a comparison reads."""
MAX_FLIPS = 500
"""Rows that are listed for each direction of change."""

CHUNK_ROWS = 50_000
_SECOND_COLUMNS = ("id", "gold", "predicted", "outcome")


def paired(base: Frames, tuned: Frames) -> Iterator[pl.DataFrame]:
    """The columns `COMPARED_COLUMNS` of the base, and next to them those of the tuned model with the suffix `_tuned`.

    Rows come in the base's order. As long as both sides have the same order nothing is held; from the first part on
    that has another order, all remaining rows are joined by their ids.

    Raises:
        ValueError: they are not about the same rows.
    """
    rows = 0
    base_parts, tuned_parts = _parts(base), _parts(tuned)
    first, second = pl.DataFrame(), pl.DataFrame()
    while True:
        first = first if first.height else next(base_parts, first)
        second = second if second.height else next(tuned_parts, second)
        size = min(first.height, second.height)
        if not size or not first["id"].head(size).equals(second["id"].head(size)):
            break
        others = second.head(size).select(pl.col(*_SECOND_COLUMNS).name.suffix("_tuned"))
        yield first.head(size).select(COMPARED_COLUMNS).with_columns(others)
        first, second, rows = first[size:], second[size:], rows + size
    base_rest = _rest(first, base_parts, COMPARED_COLUMNS)
    tuned_rest = _rest(second, tuned_parts, _SECOND_COLUMNS)
    if base_rest is None and tuned_rest is None:
        return
    heights = [0 if rest is None else rest.height for rest in (base_rest, tuned_rest)]
    shared = 0
    if base_rest is not None and tuned_rest is not None:
        pairs = base_rest.join(tuned_rest, on="id", how="inner", suffix="_tuned", validate="1:1", maintain_order="left")
        shared = pairs.height
    if not shared == heights[0] == heights[1]:
        base_rows, tuned_rows = (rows + height for height in heights)
        raise ValueError(
            f"the predictions are not about the same rows: {base_rows} and {tuned_rows}, {rows + shared} shared"
        )
    yield from pairs.iter_slices(CHUNK_ROWS)


class PairedCounts:
    """Counts of pairs of rows, which are added in parts.

    Attributes:
        rows: all pairs; everything else is of the pairs that both models answered.
        right: rows by whether the first model (first axis) and the second model got them right, shape (2, 2).
        per_label: rows with a label that neither model, only the second, only the first, both gave it to, shape
            (labels, 4).
        given: rows that each model gave each label to, rightly or not, shape (2, labels).
        differences, label_differences: of all rows by group, and of the rows of each label.
        flips_gained, flips_lost: ids of the first `MAX_FLIPS` rows that only the second, only the first got right.
        units: for the bootstrap; None where there is none.
    """

    def __init__(self, labels: Sequence[str], *, units: bool) -> None:
        self._labels = tuple(labels)
        self.rows = 0
        self.right: Codes = np.zeros((2, 2), dtype=np.int64)
        self.per_label: Codes = np.zeros((len(self._labels), 4), dtype=np.int64)
        self.given: Codes = np.zeros((2, len(self._labels)), dtype=np.int64)
        self.differences = DifferenceCounter()
        self.label_differences = DifferenceCounter()
        self.flips_gained: list[str] = []
        self.flips_lost: list[str] = []
        self.units = UnitCounter(len(self._labels)) if units else None

    def add(self, pairs: pl.DataFrame) -> None:
        """Count pairs as returned by `paired`.

        Raises:
            ValueError: a row has other gold labels in the other frame, or a label is not in the label set.
        """
        self.rows += pairs.height
        gold, tuned_gold = (self._events(pairs.get_column(name), "gold") for name in ("gold", "gold_tuned"))
        if not np.array_equal(gold, tuned_gold):
            row = int(np.setxor1d(gold, tuned_gold).min()) // len(self._labels)
            raise ValueError(f"row {pairs.get_column('id')[row]} has different gold labels in the two frames")
        answered = pairs.filter((pl.col("outcome") != "failed") & (pl.col("outcome_tuned") != "failed"))
        before, after = ((answered.get_column(name) == "correct").to_numpy() for name in ("outcome", "outcome_tuned"))
        self.right += np.bincount(2 * before + after, minlength=4).reshape(2, 2)
        groups = answered.get_column("group").cast(pl.UInt32).to_numpy()
        self.differences.add(groups, before, after)
        ids = answered.get_column("id")
        for flips, flipped in ((self.flips_gained, ~before & after), (self.flips_lost, before & ~after)):
            flips.extend(ids.filter(pl.Series(flipped)).head(MAX_FLIPS - len(flips)))
        if answered.height < pairs.height:
            gold = self._events(answered.get_column("gold"), "gold")
        first, second = (
            self._events(answered.get_column(name), "predicted") for name in ("predicted", "predicted_tuned")
        )
        self.given += [
            np.bincount(events % len(self._labels), minlength=len(self._labels)) for events in (first, second)
        ]
        in_first, in_second = (np.isin(gold, events, assume_unique=True) for events in (first, second))
        label = gold % len(self._labels)
        self.label_differences.add(groups[gold // len(self._labels)], in_first, in_second, label)
        cells = 4 * label + 2 * in_first + in_second
        self.per_label += np.bincount(cells, minlength=self.per_label.size).reshape(self.per_label.shape)
        if self.units is not None:
            self.units.add(LabelEvents(gold, first, second), groups)

    def _events(self, column: pl.Series, name: str) -> Codes:
        """A list column as sorted codes row * labels + label."""
        row, label = label_codes(column, self._labels, name)
        return row * len(self._labels) + label


def _parts(frames: Frames) -> Iterator[pl.DataFrame]:
    return frames.iter_slices(CHUNK_ROWS) if isinstance(frames, pl.DataFrame) else iter(frames)


def _rest(part: pl.DataFrame, parts: Iterator[pl.DataFrame], names: Sequence[str]) -> pl.DataFrame | None:
    rest = [frame.select(names) for frame in (part, *parts) if frame.height]
    return pl.concat(rest) if rest else None
