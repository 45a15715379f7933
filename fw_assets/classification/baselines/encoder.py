"""Logistic regression on sentence embeddings, its regularisation chosen on the validation rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.baselines.predictor import (
    Baseline,
    LabelsWithConfidence,
    most_probable,
    row_texts,
    row_weights,
)
from fw_assets.classification.prompting.prompt import Prompt

F32 = NDArray[np.float32]
Embed = Callable[[Sequence[str]], F32]
"""From texts to their embeddings, shape (texts, features)."""

STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse strengths of the L2 penalty, as scikit-learn's C, from the strongest penalty to the weakest."""
MAX_ROWS = 20_000
MAX_LABELS = 500
_MAX_VALIDATION_ROWS = 5_000
_MAX_STEPS = 100
# Of the mean gradient: a tighter one takes twice as long and changes no label of a hundred.
_TOLERANCE = 1e-4
_LABEL, _WEIGHTS = "label", "weights"


@dataclass(frozen=True)
class EncoderModel:
    """A logistic regression; `matrix` has shape (features + 1, labels), the last row the intercepts."""

    labels: tuple[str, ...]
    matrix: F32

    def frame(self) -> pl.DataFrame:
        """The model as a frame, one row for each label."""
        weights = pl.Series(_WEIGHTS, self.matrix.T.tolist(), dtype=pl.List(pl.Float32))
        return pl.DataFrame([pl.Series(_LABEL, self.labels, dtype=pl.String), weights])

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """The model of such a frame."""
        return cls(tuple(frame[_LABEL]), np.array(frame[_WEIGHTS].to_list(), np.float32).T)

    def baseline(self, prompt: Prompt, embed: Embed) -> Baseline:
        """The baseline of rows whose texts `embed` turns into embeddings."""
        place = [self.labels.index(label) for label in prompt.labels]
        matrix = np.ascontiguousarray(self.matrix[:, place])

        def predict(part: pl.DataFrame, asked: Prompt) -> list[LabelsWithConfidence]:
            if not part.height:
                return []
            return most_probable(asked, _probabilities(embed(row_texts(part)), matrix, asked.multi_label))

        return Baseline(prompt, predict, by_probabilities=True)


def encoder_method(model: str, rows: int) -> str:
    """A sentence on how the baseline learns from so many training rows."""
    some = f"{MAX_ROWS:,} of the {rows:,} training rows" if rows > MAX_ROWS else "the training rows"
    return f"sentence embeddings of {model} with logistic regression, on {some}; its penalty chosen on validation rows"


def fit_encoder(prompt: Prompt, train: pl.DataFrame, validation: pl.DataFrame, embed: Embed) -> EncoderModel:
    """The regression with the penalty that does best on validation rows: most rows right, then the lowest log loss.

    Penalties are tried from the strongest on, each from the weights of the one before, until one does no better. One
    loss over all labels: softmax, or where a row may have several labels a sigmoid for each.

    Args:
        train: at least one row; of more than `MAX_ROWS` every k-th is learned from. Weights of the rows count.
        validation: none leaves the second penalty.
    """
    rows = _thinned(train, MAX_ROWS)
    held_out = _thinned(validation, _MAX_VALIDATION_ROWS)
    features = embed(row_texts(rows))
    centre = features.mean(axis=0)
    features -= centre
    targets = _targets(rows, prompt.labels)
    weights = row_weights(rows)
    weighted = np.ones(rows.height, np.float32) if weights is None else weights.astype(np.float32)
    matrix = np.zeros((features.shape[1] + 1, len(prompt.labels)), np.float32)
    if not held_out.height:
        return _uncentred(_fit(features, targets, weighted, STRENGTHS[1], matrix, prompt.multi_label), centre, prompt)
    inputs, truth = embed(row_texts(held_out)) - centre, _targets(held_out, prompt.labels)
    best, best_score = matrix, (-1.0, 0.0)
    for strength in STRENGTHS:
        matrix = _fit(features, targets, weighted, strength, matrix, prompt.multi_label)
        score = _score(_probabilities(inputs, matrix, prompt.multi_label), truth, prompt.multi_label)
        if score <= best_score:
            break
        best, best_score = matrix, score
    return _uncentred(best, centre, prompt)


def _uncentred(matrix: F32, centre: F32, prompt: Prompt) -> EncoderModel:
    """The model for embeddings as they come, in place of those around `centre`."""
    shifted = matrix.copy()
    shifted[-1] -= centre @ matrix[:-1]
    return EncoderModel(prompt.labels, shifted)


def _fit(features: F32, targets: F32, weights: F32, strength: float, start: F32, multi_label: bool) -> F32:
    """The weights with the lowest penalised loss, from `start` on; products in single precision, steps in double."""
    from scipy.optimize import minimize
    from scipy.special import log_expit, log_softmax

    total = float(weights.sum())

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = flat.reshape(start.shape).astype(np.float32)
        logits = features @ matrix[:-1] + matrix[-1]
        if multi_label:
            value = -(targets * log_expit(logits) + (1 - targets) * log_expit(-logits))
        else:
            value = -targets * log_softmax(logits, axis=1)
        residual = (_activation(logits, multi_label) - targets) * weights[:, None]
        gradient = np.vstack([features.T @ residual + matrix[:-1] / strength, residual.sum(axis=0)])
        penalty = float(np.square(matrix[:-1], dtype=np.float64).sum()) / (2 * strength)
        data = float((value.sum(axis=1, dtype=np.float64) * weights).sum())
        return (data + penalty) / total, gradient.ravel().astype(np.float64) / total

    options = {"maxiter": _MAX_STEPS, "gtol": _TOLERANCE}
    found = minimize(loss, start.ravel().astype(np.float64), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, np.float32).reshape(start.shape)


def _probabilities(features: F32, matrix: F32, multi_label: bool) -> NDArray[np.float64]:
    return _activation((features @ matrix[:-1] + matrix[-1]).astype(np.float64), multi_label)


def _activation(logits: NDArray[Any], multi_label: bool) -> NDArray[Any]:
    from scipy.special import expit, softmax

    return np.asarray(expit(logits) if multi_label else softmax(logits, axis=1))


def _score(probabilities: NDArray[np.float64], truth: F32, multi_label: bool) -> tuple[float, float]:
    """The share of rows that are right, and the negative log loss."""
    safe = np.clip(probabilities, 1e-12, 1 - 1e-12)
    if multi_label:
        right = ((probabilities >= 0.5) == (truth > 0)).all(axis=1)
        likelihood = np.where(truth > 0, np.log(safe), np.log1p(-safe))
    else:
        right = truth[np.arange(len(truth)), probabilities.argmax(axis=1)] > 0
        likelihood = np.where(truth > 0, np.log(safe), 0.0)
    return float(right.mean()), float(likelihood.sum(axis=1).mean())


def _targets(rows: pl.DataFrame, labels: Sequence[str]) -> F32:
    """1 where a row has a label, shape (rows, labels)."""
    position = {label: index for index, label in enumerate(labels)}
    targets = np.zeros((rows.height, len(labels)), np.float32)
    for row, given in enumerate(rows["labels"]):
        targets[row, [position[label] for label in given]] = 1
    return targets


def _thinned(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Every k-th row, so that there are at most so many."""
    return rows if rows.height <= most else rows.gather_every(-(-rows.height // most))
