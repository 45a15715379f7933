"""Nearest labels of a text: by the mean direction of each label's training rows, as Rocchio's classifier has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.arms.neighbours import Vectors

_ROWS_PER_BLOCK = 1_000
_DIGITS = 5
"""Decimals of a similarity that count, so that equal ones are equal on every machine."""


class LabelCentroids(NamedTuple):
    """One vector of length 1 for each label: (labels, features)."""

    labels: tuple[str, ...]
    matrix: NDArray[np.float32]

    def nearest(self, vectors: NDArray[np.float32], number: int) -> list[list[int]]:
        """For each vector (rows, features) the places of the `number` nearest labels, the nearest first."""
        found: list[list[int]] = []
        for start in range(0, len(vectors), _ROWS_PER_BLOCK):
            cosines = np.round(vectors[start : start + _ROWS_PER_BLOCK] @ self.matrix.T, _DIGITS)
            found += np.argsort(-cosines, axis=1, kind="stable")[:, :number].tolist()
        return found

    def frame(self) -> pl.DataFrame:
        """Columns `label` and `vector`."""
        vectors = pl.Series(self.matrix.tolist(), dtype=pl.List(pl.Float32))
        return pl.DataFrame({"label": self.labels, "vector": vectors})

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> LabelCentroids:
        matrix = np.asarray(frame["vector"].to_list(), np.float32)
        return cls(tuple(frame["label"]), matrix)


def label_centroids(
    labels: Sequence[str], texts: Sequence[str], labels_of: Sequence[Sequence[str]], vectors: Vectors
) -> LabelCentroids:
    """The centroids of training texts by label; of a label without a text, the vector of its own name.

    Args:
        labels_of: of each text.
    """
    places = {label: place for place, label in enumerate(labels)}
    matrix = np.asarray(vectors(list(labels)), np.float32)
    sums, counts = np.zeros(matrix.shape, np.float64), np.zeros(len(labels), np.int64)
    for start in range(0, len(texts), _ROWS_PER_BLOCK):
        block = vectors(texts[start : start + _ROWS_PER_BLOCK])
        for vector, own in zip(block, labels_of[start : start + _ROWS_PER_BLOCK], strict=True):
            for label in own:
                sums[places[label]] += vector
                counts[places[label]] += 1
    lengths = np.linalg.norm(sums, axis=1)
    told = (counts > 0) & (lengths > 0)
    matrix[told] = (sums[told] / lengths[told, None]).astype(np.float32)
    return LabelCentroids(tuple(labels), matrix)
