"""Answers of a free model and of another one to the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

FREE_COLUMNS = ("id", "outcome", "confidence", "group")
OTHER_COLUMNS = ("id", "outcome")


@dataclass(frozen=True)
class PairedAnswers:
    """Row by row: how sure the free model is, whether it and the other are right, and the row's group."""

    confidence: NDArray[np.float64]
    free: NDArray[np.bool_]
    other: NDArray[np.bool_]
    groups: NDArray[np.uint32]

    @property
    def rows(self) -> int:
        return len(self.groups)

    @classmethod
    def of(cls, free: pl.DataFrame, other: pl.DataFrame) -> Self:
        """The answers in two predictions frames, with `FREE_COLUMNS` and `OTHER_COLUMNS`, of the same rows.

        An answer without a confidence counts as one that is not sure at all.

        Raises:
            ValueError: they are not of the same rows.
        """
        if not free["id"].equals(other["id"]):
            other = free.select("id").join(other, on="id", how="left", maintain_order="left", validate="1:1")
            if other["outcome"].null_count():
                raise ValueError("the predictions are not about the same rows")
        return cls(
            confidence=free["confidence"].fill_null(-1.0).to_numpy(),
            free=(free["outcome"] == "correct").to_numpy(),
            other=(other["outcome"] == "correct").to_numpy(),
            groups=free["group"].to_numpy(),
        )
