"""Log probabilities and losses of logits, and the temperature that is fitted on evaluation rows.

Logits are (rows, labels) float32 or float64. In a single-label run they enter one softmax, in a multi-label run one
logistic function each. `target` is the 0/1 matrix of the true labels, same shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Logits = NDArray[np.float32] | NDArray[np.float64]

_TEMPERATURES = (0.1, 10.0)
_TEMPERATURE_STEPS = 14
_GOLDEN_RATIO = (5**0.5 - 1) / 2
MAX_LOG_ODDS = 30.0
_ROWS_PER_BLOCK = 512
SOFTENING, START_LOG_ODDS = 0.3, -2.1


def log_softmax(logits: Logits) -> Floats:
    """The natural log of the softmax over the last axis."""
    # In place: with thousands of labels each copy has hundreds of megabytes.
    shifted: Floats = logits.astype(np.float64)
    shifted -= logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def log_logistic(logits: Logits) -> Floats:
    """The natural log of 1 / (1 + exp(-logit))."""
    return -np.logaddexp(0.0, -logits.astype(np.float64))


def log_odds(logits: Logits) -> NDArray[np.float32]:
    """Softmax logits as logistic ones: the logistic function of the result is the softmax of `logits`."""
    probability = np.exp(log_softmax(logits))
    smallest = np.exp(-MAX_LOG_ODDS)
    ratio = np.log(np.maximum(probability, smallest)) - np.log(np.maximum(1.0 - probability, smallest))
    return np.asarray(ratio, np.float32)


def softened_log_odds(logits: Logits) -> NDArray[np.float32]:
    """The logits that multi-label training starts from: the base model's log odds times 0.3, minus 2.1.

    The base model takes the labels as exclusive, and its log odds are far more certain than a few labels of many
    deserve; training from them as they are would spend its steps on undoing that. A label starts at odds of about 1:8.
    """
    return np.asarray(SOFTENING * log_odds(logits) + np.float32(START_LOG_ODDS), np.float32)


def probabilities(logits: Logits, multi_label: bool) -> Floats:
    logs = log_logistic(logits) if multi_label else log_softmax(logits)
    return np.exp(logs, out=logs)


def row_losses(logits: Logits, target: Logits, multi_label: bool) -> Floats:
    """Cross-entropy of each row in nats; for a multi-label run the mean over its labels."""
    blocks = [slice(start, start + _ROWS_PER_BLOCK) for start in range(0, max(1, len(logits)), _ROWS_PER_BLOCK)]
    return np.concatenate([_block_losses(logits[block], target[block], multi_label) for block in blocks])


def _block_losses(logits: Logits, target: Logits, multi_label: bool) -> Floats:
    if multi_label:
        wide = logits.astype(np.float64)
        return np.asarray((np.logaddexp(0.0, wide) - target * wide).mean(axis=1), np.float64)
    return np.asarray(-(target * log_softmax(logits)).sum(axis=1), np.float64)


def fit_temperature(logits: Logits, target: Logits, weight: Floats, multi_label: bool) -> tuple[float, float]:
    """The divisor of the logits, from 0.1 to 10, with the least weighted mean loss, and that loss.

    The squared logarithm of the divisor counts as much as one row's loss, so that a few rows that are all right do not
    make the model certain. A golden-section search on the logarithm finds the minimum.
    """
    log_low, log_high = np.log(_TEMPERATURES)

    def mean_loss(log_temperature: float) -> float:
        scaled = logits / np.float32(np.exp(log_temperature))
        return float(np.average(row_losses(scaled, target, multi_label), weights=weight))

    def objective(log_temperature: float) -> float:
        return mean_loss(log_temperature) + log_temperature**2 / len(target)

    left = log_high - _GOLDEN_RATIO * (log_high - log_low)
    right = log_low + _GOLDEN_RATIO * (log_high - log_low)
    at_left, at_right = objective(left), objective(right)
    for _ in range(_TEMPERATURE_STEPS):
        if at_left <= at_right:
            log_high, right, at_right = right, left, at_left
            left = log_high - _GOLDEN_RATIO * (log_high - log_low)
            at_left = objective(left)
        else:
            log_low, left, at_left = left, right, at_right
            right = log_low + _GOLDEN_RATIO * (log_high - log_low)
            at_right = objective(right)
    best = left if at_left <= at_right else right
    return float(np.exp(best)), mean_loss(best)
