"""Proof of a calibration: whether it helps on validation rows that it was not fitted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fw_assets.classification.metrics.calibration import (
    AnswerConfidences,
    Calibration,
    Shares,
    fit_calibration,
    row_losses,
)
from fw_assets.classification.metrics.selective_prediction import calibration_error
from fw_assets.classification.values import Frozen

FOLDS = 5


class CrossFit(Frozen):
    """Figures on validation rows, each calibrated by the other folds alone: mean log loss in nats, and ECE.

    `loss_error`: standard error of the difference of the losses.
    """

    loss_before: float
    loss_after: float
    loss_error: float
    ece_before: float
    ece_after: float

    @property
    def helps(self) -> bool:
        """Whether calibration is better in the log loss, by more than one standard error, and not worse in the ECE."""
        return self.loss_before - self.loss_after > self.loss_error and self.ece_after <= self.ece_before


def cross_fit(validation: AnswerConfidences) -> CrossFit | None:
    """The proof by cross-fitting over `FOLDS` folds of whole groups; None where there are fewer groups than folds.

    Rows are dealt to the folds in the order of their confidence, so that every fold has all of them.
    """
    values, group = np.concatenate([validation.hits, validation.misses]), _groups(validation)
    if not group.size or group.max() + 1 < FOLDS:
        return None
    is_hit, fold, after = np.arange(values.size) < validation.hits.size, group % FOLDS, np.empty(values.size)
    for held_out in (fold == number for number in range(FOLDS)):
        fitted = fit_calibration(_answers(values, is_hit, ~held_out))
        if fitted is None:
            return None
        after[held_out] = fitted.apply(values[held_out])
    everywhere = np.ones(values.size, dtype=np.bool_)
    losses = row_losses(values, is_hit), row_losses(after, is_hit)
    return CrossFit(
        loss_before=float(losses[0].mean()),
        loss_after=float(losses[1].mean()),
        loss_error=_standard_error(losses[0] - losses[1], group),
        ece_before=calibration_error(_answers(values, is_hit, everywhere)),
        ece_after=calibration_error(_answers(after, is_hit, everywhere)),
    )


def left_as_it_is(calibration: Calibration) -> Calibration:
    """The calibration that changes no confidence, on the same rows."""
    return calibration.model_copy(update={"temperature": 1.0, "shift": 0.0, "loss_after": calibration.loss_before})


def _groups(validation: AnswerConfidences) -> NDArray[np.int64]:
    """The number of every row's group, from 0: hits first. Rows that are groups of their own by their confidence."""
    if validation.groups is not None:
        return np.asarray(np.unique(np.concatenate(validation.groups), return_inverse=True)[1], dtype=np.int64)
    rank = np.empty(validation.usable, dtype=np.int64)
    order = np.argsort(np.concatenate([validation.hits, validation.misses]), kind="stable")
    rank[order] = np.arange(rank.size)
    return rank


def _answers(values: Shares, is_hit: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> AnswerConfidences:
    hits, misses = np.sort(values[chosen & is_hit]), np.sort(values[chosen & ~is_hit])
    return AnswerConfidences(hits, misses, int(chosen.sum()))


def _standard_error(gains: Shares, group: NDArray[np.int64]) -> float:
    """Of the mean gain, robust against dependence within groups (Liang and Zeger 1986)."""
    totals = np.bincount(group, weights=gains - gains.mean())
    return float(np.sqrt((totals**2).sum() * totals.size / (totals.size - 1)) / gains.size)
