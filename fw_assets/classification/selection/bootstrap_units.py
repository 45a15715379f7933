"""Units of the paired bootstrap: groups of duplicate rows, those with equal counts as one kind."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

# A row is one 64-bit number: its group in the upper half, its kind in the lower.
_GROUP_SHIFT = np.uint64(32)
_KIND_MASK = np.uint64(2**32 - 1)


class LabelEvents(NamedTuple):
    """(row, label) pairs as row * labels + label, sorted and distinct: gold, and each model's predictions."""

    gold: Codes
    first: Codes
    second: Codes


class Kinds(NamedTuple):
    """The distinct count vectors of groups as a sparse table, and the number of groups of each.

    A vector has five counts for each label, 5 * labels in all: rows that have the label; rows that were given it by
    the first model, and rightly; rows that were given it by the second, and rightly. Kind i has the values
    `counts[bounds[i]:bounds[i + 1]]` at the positions `columns[bounds[i]:bounds[i + 1]]`; `sizes[i]` groups have it.
    """

    counts: Codes
    columns: Codes
    bounds: Codes
    sizes: Codes


class UnitCounter:
    """Collects the rows of a comparison, added in parts: 8 bytes per row, and one key per distinct row of counts."""

    def __init__(self, labels: int) -> None:
        self.labels = labels
        self._rows = array("Q")
        self._kinds: dict[bytes, int] = {}
        self._counted: Kinds | None = None

    def add(self, events: LabelEvents, groups: NDArray[np.unsignedinteger]) -> None:
        """Add rows.

        Args:
            events: of these rows, the first of which is row 0.
            groups: the duplicate group of each row, shape (rows,).
        """
        labels, width = self.labels, 5 * self.labels
        right = [np.intersect1d(events.gold, given, assume_unique=True) for given in (events.first, events.second)]
        parts = (events.gold, events.first, right[0], events.second, right[1])
        cells = np.concatenate(
            [part // labels * width + index * labels + part % labels for index, part in enumerate(parts)]
        )
        cells.sort()
        # In a row every count is 0 or 1, so the columns of the ones are its whole vector; as bytes they are the key.
        bounds = (8 * np.searchsorted(cells, np.arange(groups.size + 1) * width)).tolist()
        columns, kinds = (cells % width).tobytes(), self._kinds
        row_kinds = (kinds.setdefault(columns[start:end], len(kinds)) for start, end in pairwise(bounds))
        kind = np.fromiter(row_kinds, dtype=np.uint64, count=groups.size)
        self._rows.frombytes((groups.astype(np.uint64) << _GROUP_SHIFT | kind).tobytes())
        self._counted = None

    def kinds(self) -> Kinds:
        """The kinds of groups, in the order of the first group of each; counted once for the rows so far."""
        if self._counted is None:
            self._counted = self._count()
        return self._counted

    def _count(self) -> Kinds:
        rows = np.frombuffer(self._rows, dtype=np.uint64)
        rows.sort()
        group = (rows >> _GROUP_SHIFT).astype(np.uint32)
        starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if rows.size else np.empty(0, int)
        del group
        row_columns = [np.frombuffer(key, dtype=np.int64) for key in self._kinds]
        # A group of one row has the row's columns and as many ones; a larger one has the sum of its rows.
        kinds = {key + np.ones(len(key) // 8, dtype=np.int64).tobytes(): kind for key, kind in self._kinds.items()}
        kind_of = (rows[starts] & _KIND_MASK).astype(np.int64)
        ends = np.append(starts[1:], rows.size)
        for unit in np.flatnonzero(ends - starts > 1).tolist():
            members = [row_columns[kind] for kind in (rows[starts[unit] : ends[unit]] & _KIND_MASK).tolist()]
            columns, counts = np.unique(np.concatenate(members), return_counts=True)
            kind_of[unit] = kinds.setdefault(columns.tobytes() + counts.tobytes(), len(kinds))
        sizes = np.bincount(kind_of, minlength=len(kinds))
        first = np.full(len(kinds), kind_of.size)
        # Of repeated indices the last assignment stays, hence the reversed order.
        first[kind_of[::-1]] = np.arange(kind_of.size - 1, -1, -1)
        order = np.argsort(first, kind="stable")[: np.count_nonzero(sizes)]
        keys = list(kinds)
        vectors = [np.frombuffer(keys[kind], dtype=np.int64).reshape(2, -1) for kind in order.tolist()]
        columns, counts = np.concatenate([np.empty((2, 0), dtype=np.int64), *vectors], axis=1)
        bounds = np.cumsum([0, *(vector.shape[1] for vector in vectors)])
        return Kinds(counts, columns, bounds, sizes[order])
