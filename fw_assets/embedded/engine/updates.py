"""Low-rank updates of a linear scorer: what LoRA is here.

An update adds `features @ A @ B + b` to the base logits, with `A` (features, rank), `B` (rank, labels) and
`b` (labels). It starts at zero, so that training starts at the base model.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.whitening import Whitening, fit_whitening

F32 = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

NGRAM_SCALE = 10.0
NGRAM_RATE_FACTOR = 3.0
_MOMENTUM, _SECOND_MOMENT, _TINY = 0.9, 0.99, 1e-8
_REFERENCE_ROWS = 1000


class Update(Protocol):
    """An update in training, over rows given when it was made."""

    def forward(self, rows: NDArray[np.int64]) -> F32:
        """The addition to the logits of these training rows; remembered for the next `backward`."""

    def backward(self, gradient: F32, rate: float) -> None:
        """One optimiser step from the gradient of the loss at the logits of the last `forward`."""

    def arrays(self) -> Arrays:
        """A copy of what `apply` needs."""


class DenseUpdate:
    """An update over embeddings, trained by AdamW (Loshchilov & Hutter 2019) without weight decay.

    The embeddings are whitened first, which makes every direction equally fast to learn. `A` starts at the
    directions in which the base model's loss falls fastest (the top singular vectors of its gradient), the
    rest at random ones. The peak rate is `learning_rate * sqrt(1000 / rows)`: a sweep on few rows takes few
    steps and needs longer ones, and this keeps its best rate the best one for many rows too.
    """

    def __init__(self, features: F32, gradient: F32, rank: int, rng: np.random.Generator) -> None:
        """`gradient` is the base loss's gradient at each training row's logits, (rows, labels)."""
        self._whitening: Whitening = fit_whitening(features)
        self._features = self._whitening(features)
        self._factor = float(np.sqrt(_REFERENCE_ROWS / len(features)))
        start = _leading_directions(self._features.T @ gradient, rank, rng)
        self._parts = [
            start,
            np.zeros((rank, gradient.shape[1]), np.float32),
            np.zeros(gradient.shape[1], np.float32),
        ]
        self._first = [np.zeros_like(part) for part in self._parts]
        self._second = [np.zeros_like(part) for part in self._parts]
        self._steps = 0
        self._batch = self._hidden = start[:0]

    def forward(self, rows: NDArray[np.int64]) -> F32:
        self._batch = self._features[rows]
        self._hidden = self._batch @ self._parts[0]
        return np.asarray(self._hidden @ self._parts[1] + self._parts[2], np.float32)

    def backward(self, gradient: F32, rate: float) -> None:
        self._steps += 1
        slopes = (
            self._batch.T @ (gradient @ self._parts[1].T),
            self._hidden.T @ gradient,
            gradient.sum(axis=0),
        )
        size = np.float32(rate * self._factor / (1 - _MOMENTUM**self._steps))
        spread = np.float32(1 / (1 - _SECOND_MOMENT**self._steps))
        for part, slope, first, second in zip(self._parts, slopes, self._first, self._second, strict=True):
            first += np.float32(1 - _MOMENTUM) * (slope - first)
            second += np.float32(1 - _SECOND_MOMENT) * (slope * slope - second)
            part -= size * first / (np.sqrt(second * spread) + np.float32(_TINY))

    def arrays(self) -> Arrays:
        """The whitening is folded into `A` and `b`."""
        down = self._whitening.matrix @ self._parts[0]
        shift = self._parts[2] - (self._whitening.mean @ down) @ self._parts[1]
        return {
            "A": np.asarray(down, np.float32),
            "B": self._parts[1].copy(),
            "b": np.asarray(shift, np.float32),
        }


class SparseUpdate:
    """An update over sparse features, trained by Adagrad (Duchi et al. 2011) with one rate per feature.

    `B` starts at orthonormal codes of the labels and `A` at zero. The rate is three times the learning rate, so
    that one number serves both updates of an ensemble.
    """

    def __init__(self, features: Any, labels: int, rank: int, rng: np.random.Generator) -> None:
        self._features = features
        square = np.linalg.qr(rng.normal(size=(max(rank, labels), max(rank, labels))))[0]
        self._down = np.zeros((features.shape[1], rank), np.float32)
        self._up = np.ascontiguousarray(square[:rank, :labels], np.float32)
        self._shift = np.zeros(labels, np.float32)
        self._seen = (
            np.full(features.shape[1], _TINY, np.float32),
            np.full_like(self._up, _TINY),
            np.full_like(self._shift, _TINY),
        )
        self._batch: Any = None
        self._touched = np.zeros(0, np.int64)
        self._flag = np.zeros(features.shape[1], bool)
        self._place = np.zeros(features.shape[1], np.int32)
        self._hidden = self._down[:0]

    def forward(self, rows: NDArray[np.int64]) -> F32:
        from scipy.sparse import csr_array

        picked = self._features[rows]
        self._flag[picked.indices] = True
        self._touched = np.flatnonzero(self._flag)
        self._flag[self._touched] = False
        self._place[self._touched] = np.arange(len(self._touched), dtype=np.int32)
        shape = (len(rows), len(self._touched))
        self._batch = csr_array((picked.data, self._place[picked.indices], picked.indptr), shape=shape)
        self._hidden = NGRAM_SCALE * (self._batch @ self._down[self._touched])
        return np.asarray(self._hidden @ self._up + self._shift, np.float32)

    def backward(self, gradient: F32, rate: float) -> None:
        size = np.float32(rate * NGRAM_RATE_FACTOR)
        down = NGRAM_SCALE * (self._batch.T @ (gradient @ self._up.T))
        seen_down, seen_up, seen_shift = self._seen
        seen = seen_down[self._touched] + np.einsum("ij,ij->i", down, down) / np.float32(down.shape[1])
        seen_down[self._touched] = seen
        down *= (size / np.sqrt(seen))[:, None]
        self._down[self._touched] -= down
        for part, slope, total in (
            (self._up, self._hidden.T @ gradient, seen_up),
            (self._shift, gradient.sum(axis=0), seen_shift),
        ):
            total += slope * slope
            part -= size * slope / np.sqrt(total)

    def arrays(self) -> Arrays:
        """The scale is folded into `A`."""
        return {
            "A": np.asarray(NGRAM_SCALE * self._down, np.float32),
            "B": self._up.copy(),
            "b": self._shift.copy(),
        }


def apply(features: Any, arrays: Arrays) -> F32:
    """`features @ A @ B + b`, (rows, labels); the same bits for a row whichever other rows there are."""
    from scipy.sparse import issparse

    down = features @ arrays["A"] if issparse(features) else row_by_row(features, arrays["A"])
    return np.asarray(row_by_row(down, arrays["B"]) + arrays["b"], np.float32)


def row_by_row(left: F32, right: F32) -> F32:
    """`left @ right` of dense matrices, the same bits for a row whichever other rows there are.

    A product of whole matrices is summed in an order that depends on their size.
    """
    out = np.empty((len(left), right.shape[1]), np.float32)
    for row, place in zip(left, out, strict=True):
        np.matmul(row, right, out=place)
    return out


def _leading_directions(slope: F32, rank: int, rng: np.random.Generator) -> F32:
    """Unit columns, (features, rank): the top left singular vectors of `slope`, then random directions."""
    left, size, _ = np.linalg.svd(slope, full_matrices=False)
    known = left[:, size > 1e-7 * max(float(size.max(initial=0.0)), 1e-12)][:, :rank]
    extra = rng.normal(size=(len(slope), rank - known.shape[1])) / np.sqrt(len(slope))
    return np.concatenate([known, extra], axis=1).astype(np.float32)
