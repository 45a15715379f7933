"""PCA whitening of embeddings, after which they vary equally in every direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

_SHRINKAGE = 0.2
_SHRINKAGE_PER_FEATURE = 0.8
_CHUNK = 2048


@dataclass(frozen=True)
class Whitening:
    """`(features - mean) @ matrix`, with `mean` (features,) and `matrix` (features, features)."""

    mean: F32
    matrix: F32

    def __call__(self, features: F32) -> F32:
        whitened = np.empty_like(features)
        for start in range(0, len(features), _CHUNK):
            part = slice(start, start + _CHUNK)
            whitened[part] = (features[part] - self.mean) @ self.matrix
        return whitened


def fit_whitening(features: F32) -> Whitening:
    """PCA whitening with the covariance shrunk towards a multiple of the identity.

    The multiple is the mean variance times 0.2 + 0.8 * features / rows: with few rows the directions of small variance
    are noise and must not be blown up. Rows that are all equal, or a single row, get the identity.
    """
    rows, width = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((width, width))
    for start in range(0, rows, _CHUNK):
        part = (features[start : start + _CHUNK] - mean).astype(np.float32)
        scatter += part.T @ part
    variance, directions = np.linalg.eigh(scatter / max(rows - 1, 1))
    average = float(variance.mean())
    if average < 1e-10:
        return Whitening(mean.astype(np.float32), np.eye(width, dtype=np.float32))
    shrunk = np.maximum(variance, 0.0) + average * (_SHRINKAGE + _SHRINKAGE_PER_FEATURE * width / rows)
    return Whitening(mean.astype(np.float32), (directions / np.sqrt(shrunk)).astype(np.float32))
