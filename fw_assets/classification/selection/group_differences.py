"""Group differences of two models, collected row by row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.clusters import Codes, Groups, packed_units, sorted_parts, unit_bounds
from fw_assets.classification.selection.sign_flip import GroupDifferences, independent

# A row is one 64-bit number: its code, its group, and whether the first and the second model got it right.
_CODE_SHIFT = np.uint64(34)
_RIGHT = np.uint64(1)


class DifferenceCounter:
    """Collects rows that two models answered, in parts, 8 bytes each. A row belongs to a comparison by its code."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint64]] = []

    def add(self, groups: Groups, first: NDArray[np.bool_], second: NDArray[np.bool_], codes: Codes | int = 0) -> None:
        """Add rows, each with its group (below 2**32) and whether the first, the second model got it right."""
        right = first.astype(np.uint64) << np.uint64(1) | second
        self._parts.append(packed_units(groups, codes, 2) | right)

    def differences(self, codes: int = 1) -> list[GroupDifferences]:
        """The differences of each comparison."""
        rows = sorted_parts(self._parts)
        starts, sizes = unit_bounds(rows >> np.uint64(2))
        right = (rows & _RIGHT).astype(np.int64) - (rows >> np.uint64(1) & _RIGHT).astype(np.int64)
        if starts.size == rows.size:
            return self._independent(rows, right, codes)
        step = np.add.reduceat(right, starts)
        code = (rows[starts] >> _CODE_SHIFT).astype(np.int64)
        steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
        width = 2 * int(np.abs(step).max(initial=0)) + 1
        kinds, counts = np.unique(code * width + step + width // 2, return_counts=True)
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
            if kind % width != width // 2:
                steps[kind // width].append((kind % width - width // 2, count))
        totals = np.bincount(code, weights=sizes, minlength=codes)
        squares = np.bincount(code, weights=sizes.astype(np.float64) ** 2, minlength=codes)
        return [
            GroupDifferences(
                rows=int(total),
                groups=groups,
                effective_rows=total * total / square if square else 0.0,
                steps=tuple(steps[index]),
            )
            for index, (total, square, groups) in enumerate(
                zip(totals.tolist(), squares.tolist(), np.bincount(code, minlength=codes).tolist(), strict=True)
            )
        ]

    @staticmethod
    def _independent(rows: NDArray[np.uint64], right: Codes, codes: int) -> list[GroupDifferences]:
        cells = 3 * (rows >> _CODE_SHIFT).astype(np.int64) + right + 1
        table = np.bincount(cells, minlength=3 * codes).reshape(codes, 3)
        return [independent(0, gained, lost, same) for lost, same, gained in table.tolist()]
