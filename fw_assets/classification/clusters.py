"""Shares of rows that come in groups: copies of a text, or rows of one conversation, are one unit and not many.

A share's interval is Wilson's, on the rows over their design effect (Kish 1965), the larger of two estimates: the
cluster-robust variance (Liang and Zeger 1986, with the factor G / (G - 1)) over the variance of as many independent
rows; and that of the intraclass correlation by analysis of variance (Donner 1986), since a few large groups leave the
former too small. Rows that are all independent have a design effect of exactly 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Groups = NDArray[np.unsignedinteger]
Codes = NDArray[np.int64]
Values = NDArray[np.float64]

_HIT = np.uint64(1)


class ShareSums(NamedTuple):
    """Sums over groups i of n_i rows with s_i hits each, one value for each share.

    Attributes:
        rows, hits: of n_i, of s_i; groups: their number.
        hit_groups, miss_groups: groups with a hit, with a miss.
        row_squares, products, hit_squares: of n_i squared, n_i * s_i, s_i squared; means: of s_i squared over n_i.
    """

    rows: Values
    hits: Values
    groups: Values
    hit_groups: Values
    miss_groups: Values
    row_squares: Values
    products: Values
    hit_squares: Values
    means: Values

    def robust_variance(self) -> Values:
        """Cluster-robust variance of each share; infinite where there is one group."""
        share = self.hits / self.rows
        squares = self.hit_squares - 2 * share * self.products + share**2 * self.row_squares
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.groups / (self.groups - 1) * np.maximum(squares, 0.0) / self.rows**2
        return np.asarray(np.where(self.groups > 1, variance, np.inf), dtype=np.float64)

    def design_effects(self) -> Values:
        """Variance of each share over that of as many independent rows: 1 to the number of rows."""
        rows, groups = np.maximum(self.rows, 1.0), np.maximum(self.groups, 1.0)
        share, most = self.hits / rows, self.row_squares / rows
        with np.errstate(divide="ignore", invalid="ignore"):
            robust = self.robust_variance() * (rows - 1) / (share * (1 - share))
            size = (rows - most) / (groups - 1)
            between = (self.means - self.hits**2 / rows) / (groups - 1)
            within = np.maximum(self.hits - self.means, 0.0) / (rows - groups)
            correlation = np.clip((between - within) / (between + (size - 1) * within), 0.0, 1.0)
        # Groups of the rarer outcome are what the correlation is estimated from; few of them leave it near 1.
        informative = np.minimum(self.hit_groups, self.miss_groups)
        correlation = 1 - (1 - correlation) * informative / (informative + 1)
        # Nothing is known of the correlation where all rows agree, or all are of one group: it may be 1.
        known = (share > 0) & (share < 1) & (groups > 1)
        effect = np.where(known, np.fmax(robust, 1 + correlation * (most - 1)), most)
        return np.where(rows > groups, np.clip(np.nan_to_num(effect, nan=1.0), 1.0, rows), 1.0)


class ClusterCounter:
    """Collects rows in parts, 8 bytes each. Every row belongs to one of several shares, by its code."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint64]] = []

    def add(self, groups: Groups, hits: NDArray[np.bool_], codes: Codes | int = 0) -> None:
        """Add rows, each with its group (below 2**32), whether it is a hit, and the code of its share (below 2**30)."""
        self._parts.append(packed_units(groups, codes, 1) | hits)

    def weighted(self, hits: Values, misses: Values) -> tuple[NDArray[np.uint32], Values]:
        """The group of every row, and its share's value for a hit or for a miss, in no order."""
        rows = sorted_parts(self._parts)
        code = (rows >> np.uint64(33)).astype(np.int64)
        values = np.where((rows & _HIT).astype(np.bool_), hits[code], misses[code])
        return (rows >> np.uint64(1)).astype(np.uint32), values

    def sums(self, codes: int = 1) -> ShareSums:
        """The sums of every share, shape (codes,)."""
        rows = sorted_parts(self._parts)
        starts, sizes = unit_bounds(rows >> np.uint64(1))
        if starts.size == rows.size:
            code = (rows >> np.uint64(33)).astype(np.int64)
            right = (rows & _HIT).astype(np.bool_)
            return independent_sums(np.bincount(code, minlength=codes), np.bincount(code[right], minlength=codes))
        hits = np.add.reduceat((rows & _HIT).astype(np.int64), starts)
        code = (rows[starts] >> np.uint64(33)).astype(np.int64)

        def total(values: NDArray[Any]) -> Values:
            return np.asarray(np.bincount(code, weights=values, minlength=codes), dtype=np.float64)

        return ShareSums(
            rows=total(sizes),
            hits=total(hits),
            groups=np.bincount(code, minlength=codes).astype(np.float64),
            hit_groups=total(hits > 0),
            miss_groups=total(hits < sizes),
            row_squares=total(sizes**2),
            products=total(sizes * hits),
            hit_squares=total(hits**2),
            means=total(hits**2 / sizes),
        )


def independent_sums(rows: Codes, hits: Codes) -> ShareSums:
    """The sums of shares whose rows are each a group of their own."""
    number, right = rows.astype(np.float64), hits.astype(np.float64)
    return ShareSums(number, right, number, right, number - right, number, right, right, right)


def packed_units(groups: Groups, codes: Codes | int, bits: int) -> NDArray[np.uint64]:
    """Each row's code (below 2**30) and group (below 2**32) as one number, above so many bits that are free."""
    units = groups.astype(np.uint64)
    units <<= np.uint64(bits)
    units |= np.asarray(codes).astype(np.uint64) << np.uint64(32 + bits)
    return units


def sorted_parts(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """All numbers in order, which `parts` then holds as its only one."""
    if parts:
        parts[:] = [np.concatenate(parts)]
        parts[0].sort()
    return parts[0] if parts else np.empty(0, dtype=np.uint64)


def unit_bounds(units: NDArray[np.uint64]) -> tuple[Codes, Codes]:
    """Where each run of equal numbers starts in a sorted array, and its length."""
    starts = np.flatnonzero(np.concatenate([[True], units[1:] != units[:-1]])) if units.size else np.empty(0, np.int64)
    return starts, np.diff(starts, append=units.size)


def prefix_sums(groups: Groups, hits: NDArray[np.bool_]) -> ShareSums:
    """The sums of the first row, of the first two rows, and so on, shape (rows,)."""
    rank, earlier = earlier_in_group(groups, hits.astype(np.float64))
    now = earlier + hits
    steps = (
        np.ones(groups.size),
        hits.astype(np.float64),
        (rank == 0).astype(np.float64),
        ((earlier == 0) & hits).astype(np.float64),
        ((earlier == rank) & ~hits).astype(np.float64),
        2 * rank + 1,
        (rank + 1) * now - rank * earlier,
        now**2 - earlier**2,
        now**2 / (rank + 1) - earlier**2 / np.maximum(rank, 1),
    )
    return ShareSums(*(np.cumsum(step) for step in steps))


def earlier_in_group(groups: Groups, values: Values) -> tuple[Values, Values]:
    """For each row, the number of rows of its group before it, and the sum of their values."""
    order = np.argsort(groups, kind="stable")
    starts, sizes = unit_bounds(groups[order].astype(np.uint64))
    rank, earlier = np.empty(groups.size), np.empty(groups.size)
    rank[order] = np.arange(groups.size) - np.repeat(starts, sizes)
    until = np.cumsum(values[order]) - values[order]
    earlier[order] = until - np.repeat(until[starts], sizes)
    return rank, earlier


def distinct(groups: Groups) -> int:
    """The number of different groups."""
    return unit_bounds(np.sort(groups).astype(np.uint64))[0].size
