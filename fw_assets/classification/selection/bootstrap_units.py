"""What a paired bootstrap draws: groups of duplicate rows, by kinds of what is to be counted in them."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

_GROUP = np.uint64(32)
_KIND = np.uint64(2**32 - 1)


class LabelEvents(NamedTuple):
    """(row, label) pairs as row * labels + label, sorted and distinct: gold, and each model's predictions."""

    gold: Codes
    first: Codes
    second: Codes


class Kinds(NamedTuple):
    """The distinct count vectors of groups as a sparse table, and how many groups have each.

    A vector has the five counts of each label, 5 * labels in all: rows that have it; given it by the first model, and
    rightly; by the second. Kind i has `counts` at `columns`, both from `bounds[i]` to `bounds[i + 1]`.
    """

    counts: Codes
    columns: Codes
    bounds: Codes
    sizes: Codes


class UnitCounter:
    """The rows of a comparison, added in parts: 8 bytes of each, and once what rows of equal answers count."""

    def __init__(self, labels: int) -> None:
        self.labels = labels
        self._rows = array("Q")
        self._kinds: dict[bytes, int] = {}

    def add(self, events: LabelEvents, groups: NDArray[np.unsignedinteger]) -> None:
        """Add rows, of which `events` count the first as 0.

        Args:
            groups: the duplicate group of each row, not negative and below 2 ** 32, shape (rows,).
        """
        many, width = self.labels, 5 * self.labels
        rightly = (np.intersect1d(events.gold, given, assume_unique=True) for given in (events.first, events.second))
        parts = (events.gold, events.first, next(rightly), events.second, next(rightly))
        cells = np.concatenate([part // many * width + at * many + part % many for at, part in enumerate(parts)])
        cells.sort()
        bounds = (8 * np.searchsorted(cells, np.arange(groups.size + 1) * width)).tolist()
        columns, kinds = (cells % width).tobytes(), self._kinds
        found = (kinds.setdefault(columns[start:end], len(kinds)) for start, end in pairwise(bounds))
        kind = np.fromiter(found, dtype=np.uint64, count=groups.size)
        self._rows.frombytes((groups.astype(np.uint64) << _GROUP | kind).tobytes())

    def kinds(self) -> Kinds:
        """The kinds of groups, in the order of the first group of each."""
        rows = np.frombuffer(self._rows, dtype=np.uint64)
        rows.sort()
        group = (rows >> _GROUP).astype(np.uint32)
        starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if rows.size else np.empty(0, int)
        del group
        vectors = [np.frombuffer(key, dtype=np.int64) for key in self._kinds]
        known = {key + np.ones(len(key) // 8, dtype=np.int64).tobytes(): kind for key, kind in self._kinds.items()}
        of_unit = (rows[starts] & _KIND).astype(np.int64)
        ends = np.append(starts[1:], rows.size)
        for unit in np.flatnonzero(ends - starts > 1).tolist():
            together = [vectors[kind] for kind in (rows[starts[unit] : ends[unit]] & _KIND).tolist()]
            column, count = np.unique(np.concatenate(together), return_counts=True)
            of_unit[unit] = known.setdefault(column.tobytes() + count.tobytes(), len(known))
        sizes = np.bincount(of_unit, minlength=len(known))
        first = np.full(len(known), of_unit.size)
        # Of equal places the last one stays.
        first[of_unit[::-1]] = np.arange(of_unit.size - 1, -1, -1)
        order = np.argsort(first, kind="stable")[: np.count_nonzero(sizes)]
        keys = list(known)
        halves = [np.frombuffer(keys[kind], dtype=np.int64).reshape(2, -1) for kind in order.tolist()]
        columns, counts = np.concatenate([np.empty((2, 0), dtype=np.int64), *halves], axis=1)
        bounds = np.cumsum([0, *(half.shape[1] for half in halves)])
        return Kinds(counts, columns, bounds, sizes[order])
