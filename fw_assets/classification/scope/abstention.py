"""Abstention: when an answer is left to a person, the same for files, single texts and the report's code."""

from __future__ import annotations

import numpy as np

from fw_assets.classification.errors import input_error
from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.scope.scope_rows import Values
from fw_assets.classification.values import Frozen


class Abstention(Frozen):
    """Answers whose calibrated confidence is below a threshold are left to a person.

    Attributes:
        calibration: of the model's confidences; None: they are left as they are.
        threshold: None: no answer is.
        of_scope: whether it is the one below which a text is taken to belong to no label, and not the one from which
            on as many answers are right as is wanted.
    """

    calibration: Calibration | None = None
    threshold: float | None = None
    of_scope: bool = False

    def calibrated(self, confidence: float | None) -> float | None:
        """The confidence of one answer, from the model's own."""
        return None if confidence is None else float(self.apply(np.array([confidence]))[0])

    def apply(self, confidences: Values) -> Values:
        """The same of many."""
        return confidences if self.calibration is None else self.calibration.apply(confidences)

    def abstains(self, confidence: float | None) -> bool:
        """Whether an answer of this calibrated confidence is left to a person."""
        return confidence is not None and self.threshold is not None and confidence < self.threshold

    def at(self, threshold: float | None) -> Abstention:
        """The same with the threshold that a person gives; None: as it is, 0: none.

        Raises:
            InputError: it is no number from 0 to 1.
        """
        if threshold is None:
            return self
        if not 0 <= threshold <= 1:
            raise input_error(f"expected a number from 0 to 1 (found {threshold!r})", field="threshold")
        return self.model_copy(update={"threshold": threshold or None, "of_scope": False})


def abstention(
    calibration: Calibration | None, precise_from: float | None, scope_cutoff: float | None = None
) -> Abstention:
    """The higher of two thresholds.

    Args:
        precise_from: the calibrated confidence from which on as many answers are right as is wanted; None where none
            is known.
        scope_cutoff: the model's own confidence below which a text is taken to belong to no label; None likewise.
    """
    base = Abstention(calibration=calibration, threshold=precise_from)
    cutoff = base.calibrated(scope_cutoff)
    if cutoff is None or (precise_from is not None and precise_from >= cutoff):
        return base
    return base.model_copy(update={"threshold": cutoff, "of_scope": True})


def model_abstention(trust: ModelConfidence | None, scope_cutoff: float | None) -> Abstention:
    """The abstention of a model by its confidence on the rows that it was evaluated on; None where it told none."""
    if trust is None:
        return abstention(None, None, scope_cutoff)
    return abstention(
        trust.calibration if trust.helps else None,
        trust.threshold.threshold if trust.threshold.reached else None,
        scope_cutoff,
    )
