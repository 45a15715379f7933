"""Log probabilities, losses and the two numbers fitted on evaluation rows: temperature and threshold.

Logits are (rows, labels) float32 or float64. In a single-label run they enter one softmax, in a multi-label
run one logistic function each. `target` is the 0/1 matrix of the true labels, same shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Logits = NDArray[np.float32] | NDArray[np.float64]

_TEMPERATURES = (0.1, 10.0)
_TEMPERATURE_STEPS = 14
_GOLDEN = (5**0.5 - 1) / 2
_THRESHOLDS = np.linspace(0.1, 0.7, 25)
_FARTHEST = 30.0
_SOFTENING, _START_ODDS = 0.3, -2.1


def log_softmax(logits: Logits) -> Floats:
    """The natural log of the softmax over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float64)


def log_logistic(logits: Logits) -> Floats:
    """The natural log of 1 / (1 + exp(-logit))."""
    return -np.logaddexp(0.0, -logits.astype(np.float64))


def odds(logits: Logits) -> NDArray[np.float32]:
    """Softmax logits as logistic ones: the logistic function of the result is the softmax of `logits`."""
    chance = np.exp(log_softmax(logits))
    least = np.exp(-_FARTHEST)
    ratio = np.log(np.maximum(chance, least)) - np.log(np.maximum(1.0 - chance, least))
    return np.asarray(ratio, np.float32)


def softened_odds(logits: Logits) -> NDArray[np.float32]:
    """Where multi-label training starts: the base's `odds` times 0.3, minus 2.1.

    The base's odds take the labels as exclusive and are far surer than a few labels of many deserve; training
    from them as they are spends its steps on unlearning that. A label starts at odds of about 1 to 8.
    """
    return np.asarray(_SOFTENING * odds(logits) + np.float32(_START_ODDS), np.float32)


def probabilities(logits: Logits, multi_label: bool) -> Floats:
    """The probability of every label of every row."""
    return np.exp(log_logistic(logits) if multi_label else log_softmax(logits))


def row_losses(logits: Logits, target: Logits, multi_label: bool) -> Floats:
    """Cross-entropy of each row in nats; for a multi-label run the mean over its labels."""
    if multi_label:
        wide = logits.astype(np.float64)
        return np.asarray((np.logaddexp(0.0, wide) - target * wide).mean(axis=1), np.float64)
    return np.asarray(-(target * log_softmax(logits)).sum(axis=1), np.float64)


def fit_temperature(logits: Logits, target: Logits, weight: Floats, multi_label: bool) -> tuple[float, float]:
    """The divisor of the logits, from 0.1 to 10, with the least weighted mean loss, and that loss.

    The squared logarithm of the divisor counts as much as one row's loss, so that a few rows that are all right
    do not make the model certain. A golden-section search on the logarithm finds the minimum.
    """
    log_low, log_high = np.log(_TEMPERATURES)

    def mean_loss(log_temperature: float) -> float:
        scaled = logits / np.float32(np.exp(log_temperature))
        return float(np.average(row_losses(scaled, target, multi_label), weights=weight))

    def loss(log_temperature: float) -> float:
        return mean_loss(log_temperature) + log_temperature**2 / len(target)

    left, right = log_high - _GOLDEN * (log_high - log_low), log_low + _GOLDEN * (log_high - log_low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(_TEMPERATURE_STEPS):
        if at_left <= at_right:
            log_high, right, at_right = right, left, at_left
            left = log_high - _GOLDEN * (log_high - log_low)
            at_left = loss(left)
        else:
            log_low, left, at_left = left, right, at_right
            right = log_low + _GOLDEN * (log_high - log_low)
            at_right = loss(right)
    best = left if at_left <= at_right else right
    return float(np.exp(best)), mean_loss(best)


def choose_sets(chance: Floats, threshold: float, allow_empty: bool) -> NDArray[np.bool_]:
    """The labels at or above the threshold; without `allow_empty` at least each row's most probable label."""
    chosen = chance >= threshold
    if not allow_empty:
        chosen[np.arange(len(chance)), chance.argmax(axis=1)] = True
    return np.asarray(chosen, np.bool_)


def fit_threshold(chance: Floats, target: Logits, weight: Floats, allow_empty: bool) -> float:
    """The threshold with the largest weighted mean Jaccard index; two empty sets count as equal."""
    truth = target > 0
    best = (0.5, -1.0)
    for threshold in _THRESHOLDS:
        chosen = choose_sets(chance, float(threshold), allow_empty)
        union = (chosen | truth).sum(axis=1)
        index = np.where(union == 0, 1.0, (chosen & truth).sum(axis=1) / np.maximum(union, 1))
        value = float(np.average(index, weights=weight))
        if value > best[1] + 1e-12:
            best = (float(threshold), value)
    return best[0]
