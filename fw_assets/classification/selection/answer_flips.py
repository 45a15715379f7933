"""Flips: rows that get another answer than when accepted, beyond those that differ from one night to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.values import Frozen

Values = NDArray[np.float64]


class FlipEvidence(Frozen):
    """Shares of rows that get another answer.

    Attributes:
        accepted: than when accepted, the mean of the nights; nights: than on the night before, None on a first night.
        shown: whether the former exceeds the latter by more than the margin.
    """

    accepted: float
    nights: float | None
    shown: bool


@dataclass
class FlipSequence:
    """Flips of the nights of one sequence, added in order.

    A model that did not change differs from its accepted answers as often as from those of the night before. The units
    are independent, which gives the excess its standard error; the level is divided over the nights, t (t - 1) for
    night t, so that it bounds the probability of ever showing an excess where there is none.
    """

    units: int
    rows: int
    margin: float
    level: float
    unit: float = 1.0
    nights: int = 0

    def __post_init__(self) -> None:
        self._accepted: Values = np.zeros(self.units)
        self._between: Values = np.zeros(self.units)

    def add(self, accepted: Values, before: Values | None) -> FlipEvidence:
        """Add a night.

        Args:
            accepted: rows of each unit with another answer than when accepted, shape (units,).
            before: the same against the night before; None on the first night.
        """
        self.nights += 1
        self._accepted += accepted
        if before is None:
            return FlipEvidence(accepted=float(np.sum(accepted)) / self.rows, nights=None, shown=False)
        self._between += before
        excess = self._accepted / self.nights - self._between / (self.nights - 1)
        total = float(np.sum(excess))
        variance = float(np.sum(excess**2)) - total**2 / self.units + self.unit
        bound = -NormalDist().inv_cdf(self.level / (self.nights * (self.nights - 1)))
        return FlipEvidence(
            accepted=float(np.sum(self._accepted)) / self.nights / self.rows,
            nights=float(np.sum(self._between)) / (self.nights - 1) / self.rows,
            shown=(total - self.margin * self.rows) >= bound * math.sqrt(variance),
        )
