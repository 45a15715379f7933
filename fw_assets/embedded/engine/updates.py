"""Low-rank updates of a linear scorer, which is what LoRA is here.

An update adds `features @ A @ B + b` to the base logits, with `A` (features, rank), `B` (rank, labels) and `b`
(labels). It starts at zero, so that training starts at the base model, unless it resumes an earlier one.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.whitening import fit_whitening

F32 = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]

SPARSE_SCALE = 10.0
SPARSE_RATE_FACTOR = 3.0
_FIRST_MOMENT_DECAY, _SECOND_MOMENT_DECAY, _EPSILON = 0.9, 0.99, 1e-8
_REFERENCE_ROWS = 1000


class Update(Protocol):
    """An update in training, over the rows of the features that it was made with."""

    def forward(self, rows: NDArray[np.int64]) -> F32:
        """The addition to the logits of these rows; kept for the next `backward`."""

    def backward(self, gradient: F32, rate: float) -> None:
        """One optimiser step from the gradient of the loss at the logits of the last `forward`."""

    def resume(self, start: Arrays) -> None:
        """Take over `A`, `B` and `b` of an earlier update, before the first step."""

    def arrays(self) -> Arrays:
        """A copy of what `apply` needs."""


class DenseUpdate:
    """Update over embeddings, trained by AdamW (Loshchilov & Hutter 2019) without weight decay.

    The embeddings are whitened first, which makes every direction equally fast to learn. `A` starts at the directions
    in which the base model's loss falls fastest (the top singular vectors of its gradient), the rest at random ones.
    The peak rate is `learning_rate * sqrt(1000 / rows)`: a sweep on few rows takes few steps and needs longer ones, and
    this keeps its best rate the best one for many rows too.
    """

    def __init__(self, features: F32, gradient: F32, rank: int, rng: np.random.Generator) -> None:
        """`gradient` is that of the base loss at each training row's logits, (rows, labels)."""
        self._whitening = fit_whitening(features)
        self._features = self._whitening(features)
        self._rate_factor = float(np.sqrt(_REFERENCE_ROWS / len(features)))
        start = _leading_directions(self._features.T @ gradient, rank, rng)
        self._parameters = [
            start,
            np.zeros((rank, gradient.shape[1]), np.float32),
            np.zeros(gradient.shape[1], np.float32),
        ]
        self._first_moments = [np.zeros_like(parameter) for parameter in self._parameters]
        self._second_moments = [np.zeros_like(parameter) for parameter in self._parameters]
        self._steps = 0
        self._batch = self._hidden = start[:0]

    def forward(self, rows: NDArray[np.int64]) -> F32:
        down, up, bias = self._parameters
        self._batch = self._features[rows]
        self._hidden = self._batch @ down
        return np.asarray(self._hidden @ up + bias, np.float32)

    def backward(self, gradient: F32, rate: float) -> None:
        self._steps += 1
        slopes = (
            self._batch.T @ (gradient @ self._parameters[1].T),
            self._hidden.T @ gradient,
            gradient.sum(axis=0),
        )
        # Both factors undo the bias of moments that started at zero.
        size = np.float32(rate * self._rate_factor / (1 - _FIRST_MOMENT_DECAY**self._steps))
        unbias = np.float32(1 / (1 - _SECOND_MOMENT_DECAY**self._steps))
        for parameter, slope, first, second in zip(
            self._parameters, slopes, self._first_moments, self._second_moments, strict=True
        ):
            first += np.float32(1 - _FIRST_MOMENT_DECAY) * (slope - first)
            second += np.float32(1 - _SECOND_MOMENT_DECAY) * (slope * slope - second)
            parameter -= size * first / (np.sqrt(second * unbias) + np.float32(_EPSILON))

    def resume(self, start: Arrays) -> None:
        """Undo the folding of `arrays` under the whitening of these features."""
        down = np.linalg.solve(self._whitening.matrix.astype(np.float64), start["A"])
        bias = start["b"] + (self._whitening.mean @ start["A"]) @ start["B"]
        self._parameters = [np.array(value, np.float32) for value in (down, start["B"], bias)]

    def arrays(self) -> Arrays:
        """The arrays with the whitening folded into `A` and `b`."""
        down = self._whitening.matrix @ self._parameters[0]
        bias = self._parameters[2] - (self._whitening.mean @ down) @ self._parameters[1]
        return {
            "A": np.asarray(down, np.float32),
            "B": self._parameters[1].copy(),
            "b": np.asarray(bias, np.float32),
        }


class SparseUpdate:
    """Update over sparse features, trained by Adagrad (Duchi et al. 2011) with one rate per feature.

    `B` starts at orthonormal codes of the labels and `A` at zero. The rate is three times the learning rate, so that
    one learning rate serves both updates of a model with dense and sparse features. A step touches only the features
    of its rows.
    """

    def __init__(self, features: Any, labels: int, rank: int, rng: np.random.Generator) -> None:
        self._features = features
        orthonormal = np.linalg.qr(rng.normal(size=(max(rank, labels), max(rank, labels))))[0]
        self._down = np.zeros((features.shape[1], rank), np.float32)
        self._up = np.ascontiguousarray(orthonormal[:rank, :labels], np.float32)
        self._bias = np.zeros(labels, np.float32)
        self._down_squares = np.full(features.shape[1], _EPSILON, np.float32)
        self._up_squares = np.full_like(self._up, _EPSILON)
        self._bias_squares = np.full_like(self._bias, _EPSILON)
        self._batch: Any = None
        self._columns = np.zeros(0, np.int64)
        self._is_touched = np.zeros(features.shape[1], bool)
        self._column_index = np.zeros(features.shape[1], np.int32)
        self._hidden = self._down[:0]

    def forward(self, rows: NDArray[np.int64]) -> F32:
        from scipy.sparse import csr_array

        batch = self._features[rows]
        self._is_touched[batch.indices] = True
        self._columns = np.flatnonzero(self._is_touched)
        self._is_touched[self._columns] = False
        self._column_index[self._columns] = np.arange(len(self._columns), dtype=np.int32)
        shape = (len(rows), len(self._columns))
        self._batch = csr_array((batch.data, self._column_index[batch.indices], batch.indptr), shape=shape)
        self._hidden = SPARSE_SCALE * (self._batch @ self._down[self._columns])
        return np.asarray(self._hidden @ self._up + self._bias, np.float32)

    def backward(self, gradient: F32, rate: float) -> None:
        size = np.float32(rate * SPARSE_RATE_FACTOR)
        step = SPARSE_SCALE * (self._batch.T @ (gradient @ self._up.T))
        squares = self._down_squares[self._columns] + np.einsum("ij,ij->i", step, step) / np.float32(step.shape[1])
        self._down_squares[self._columns] = squares
        step *= (size / np.sqrt(squares))[:, None]
        self._down[self._columns] -= step
        for parameter, slope, total in (
            (self._up, self._hidden.T @ gradient, self._up_squares),
            (self._bias, gradient.sum(axis=0), self._bias_squares),
        ):
            total += slope * slope
            parameter -= size * slope / np.sqrt(total)

    def resume(self, start: Arrays) -> None:
        self._down = np.array(start["A"] / SPARSE_SCALE, np.float32)
        self._up = np.array(start["B"], np.float32, order="C")
        self._bias = np.array(start["b"], np.float32)

    def arrays(self) -> Arrays:
        """The arrays with the scale folded into `A`."""
        return {
            "A": np.asarray(SPARSE_SCALE * self._down, np.float32),
            "B": self._up.copy(),
            "b": self._bias.copy(),
        }


def apply(features: Any, arrays: Arrays) -> F32:
    """`features @ A @ B + b`, (rows, labels); a row's result does not depend on the other rows, to the bit."""
    from scipy.sparse import issparse

    hidden = features @ arrays["A"] if issparse(features) else row_by_row(features, arrays["A"])
    return np.asarray(row_by_row(hidden, arrays["B"]) + arrays["b"], np.float32)


def row_by_row(left: F32, right: F32) -> F32:
    """`left @ right` of dense matrices, with a row's result independent of the other rows, to the bit.

    A product of whole matrices is summed in an order that depends on their size.
    """
    product = np.empty((len(left), right.shape[1]), np.float32)
    for row, out in zip(left, product, strict=True):
        np.matmul(row, right, out=out)
    return product


def _leading_directions(slope: F32, rank: int, rng: np.random.Generator) -> F32:
    """Unit columns, (features, rank): the top left singular vectors of `slope`, then random directions."""
    left, size, _ = np.linalg.svd(slope, full_matrices=False)
    leading = left[:, size > 1e-7 * max(float(size.max(initial=0.0)), 1e-12)][:, :rank]
    random = rng.normal(size=(len(slope), rank - leading.shape[1])) / np.sqrt(len(slope))
    return np.concatenate([leading, random], axis=1).astype(np.float32)
