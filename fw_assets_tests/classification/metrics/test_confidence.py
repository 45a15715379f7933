"""Calibration and abstention of one model: fitted on validation, read off the test rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fw_assets.classification.metrics.confidence import model_confidence


def predictions(rows: int, seed: int, sharpness: float) -> pl.DataFrame:
    """Answers whose true chance of being right is uniform on 0.5 to 1, claimed too sharply."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(0.5, 1, rows)
    logit = np.log(true / (1 - true))
    right = rng.random(rows) < true
    return pl.DataFrame(
        {
            "confidence": 1 / (1 + np.exp(-sharpness * logit)),
            "outcome": np.where(right, "correct", "wrong_label"),
        }
    )


def test_too_sharp_confidence_is_softened_and_the_threshold_keeps_its_promise() -> None:
    confidence = model_confidence(predictions(4000, 1, 3.0), predictions(4000, 2, 3.0), 0.9)
    assert confidence is not None
    assert confidence.calibration.temperature == pytest.approx(3, rel=0.15)
    assert confidence.calibrated.ece is not None
    assert confidence.raw.ece is not None
    assert confidence.calibrated.ece < confidence.raw.ece / 3
    assert confidence.threshold.reached
    assert confidence.precision is not None
    assert confidence.precision.high >= 0.9
    assert confidence.coverage == pytest.approx(confidence.threshold.coverage, abs=0.05)


def test_a_precision_that_no_threshold_reaches_is_said_so() -> None:
    confidence = model_confidence(predictions(60, 1, 1.0), predictions(60, 2, 1.0), 0.999)
    assert confidence is not None
    assert (confidence.threshold.reached, confidence.coverage, confidence.precision) == (False, None, None)


def test_without_confidences_there_is_nothing_to_say() -> None:
    frame = predictions(20, 1, 1.0).with_columns(confidence=pl.lit(None, pl.Float64))
    assert model_confidence(frame, frame, 0.9) is None
