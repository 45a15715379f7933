"""A calibration is used where it helps on rows that it was not fitted on, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from fw_assets.classification.metrics.calibration import AnswerConfidences, fit_calibration
from fw_assets.classification.metrics.confidence import model_confidence
from fw_assets.classification.metrics.cross_fit import FOLDS, cross_fit
from fw_assets_tests.classification.metrics.test_confidence import copies, predictions


def answers(rows: int, seed: int, sharpness: float) -> AnswerConfidences:
    frame = predictions(rows, seed, sharpness)
    confidence, right = frame["confidence"].to_numpy(), (frame["outcome"] == "correct").to_numpy()
    return AnswerConfidences(np.sort(confidence[right]), np.sort(confidence[~right]), rows)


@settings(deadline=None, max_examples=20)
@given(st.integers(FOLDS, 60), st.integers(0, 1000), st.floats(0.3, 4))
@example(34, 761, 4.0)
def test_the_figures_are_those_of_held_out_rows(rows: int, seed: int, sharpness: float) -> None:
    whole = answers(rows, seed, sharpness)
    proof = cross_fit(whole)
    assert proof is not None
    values = np.concatenate([whole.hits, whole.misses])
    right = np.arange(rows) < whole.hits.size
    fold = np.empty(rows, dtype=int)
    fold[np.argsort(values, kind="stable")] = np.arange(rows) % FOLDS
    after = np.empty(rows)
    for held_out in (fold == item for item in range(FOLDS)):
        fitted = fit_calibration(
            AnswerConfidences(values[~held_out & right], values[~held_out & ~right], int((~held_out).sum()))
        )
        assert fitted is not None
        after[held_out] = fitted.apply(values[held_out])
    # One sure and wrong answer would decide the mean alone: no share is nearer to 0 or 1 than the calibration takes it.
    before, calibrated = (np.clip(shares, 1e-6, 1 - 1e-6) for shares in (values, after))
    assert proof.loss_before == pytest.approx(log_loss(right, before, labels=[False, True]), abs=1e-6)
    assert proof.loss_after == pytest.approx(log_loss(right, calibrated, labels=[False, True]), abs=1e-6)
    bins = np.minimum((after * 10).astype(int), 9)
    gaps = [abs(after[bins == item].sum() - right[bins == item].sum()) for item in range(10)]
    assert proof.ece_after == pytest.approx(sum(gaps) / rows, abs=1e-6)


def test_confidence_that_is_right_already_is_left_as_it_is() -> None:
    left = [model_confidence(predictions(60, seed, 1.0), predictions(400, 99, 1.0), 0.8) for seed in range(12)]
    unchanged = [item for item in left if item is not None and not item.helps]
    assert len(unchanged) > len(left) / 2
    for item in unchanged:
        assert (item.calibration.temperature, item.calibration.shift) == (1.0, 0.0)
        assert item.calibrated.ece == pytest.approx(item.raw.ece)
        assert item.cross_fit is not None
        assert not item.cross_fit.helps


def test_confidence_that_is_too_sharp_is_calibrated() -> None:
    confidence = model_confidence(predictions(1000, 1, 3.0), predictions(1000, 2, 3.0), 0.9)
    assert confidence is not None
    assert confidence.helps
    assert confidence.calibration.temperature > 2


def test_copies_of_a_row_are_no_proof() -> None:
    few = model_confidence(copies(predictions(4, 1, 3.0), 50), predictions(50, 2, 3.0), 0.9)
    assert few is not None
    assert (few.helps, few.cross_fit) == (False, None)
