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
            "group": pl.Series(np.arange(rows), dtype=pl.UInt32),
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


def copies(rows: pl.DataFrame, times: int) -> pl.DataFrame:
    return pl.concat([rows] * times)


def test_copies_of_a_text_give_no_threshold_that_the_texts_do_not_give() -> None:
    texts = predictions(60, 3, 1.0)
    alone, repeated = (model_confidence(copies(texts, times), copies(texts, times), 0.8) for times in (1, 8))
    naive = copies(texts, 8).with_columns(group=pl.int_range(480).cast(pl.UInt32))
    unaware = model_confidence(naive, naive, 0.8)
    assert alone is not None
    assert repeated is not None
    assert unaware is not None
    assert not alone.threshold.reached
    assert not repeated.threshold.reached
    assert unaware.threshold.reached, "counted as independent, so many rows would be enough"
    for one, other in zip(repeated.calibrated.risk, alone.calibrated.risk, strict=True):
        assert one.coverage == pytest.approx(other.coverage)
        assert one.accuracy.low == pytest.approx(other.accuracy.low, abs=0.05)
    for bin_many, bin_few in zip(repeated.raw.bins, alone.raw.bins, strict=True):
        assert bin_many.accuracy.low == pytest.approx(bin_few.accuracy.low, abs=0.03)
