from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from fw_assets.classification.metrics.calibration import Calibration, answer_confidences, calibrate, fit_calibration
from fw_assets.classification.metrics.selective_prediction import confidence_figures, threshold_for
from fw_assets_tests.classification.prediction_frames import Row, frame


def answers(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> pl.DataFrame:
    rows: list[Row] = [(["a"], ["a"] if hit else ["b"]) for hit in right]
    return frame(rows).with_columns(confidence=pl.Series(confidence, dtype=pl.Float64))


@lru_cache
def simulated(rows: int, seed: int, temperature: float = 1.0, shift: float = 0.0) -> pl.DataFrame:
    """Answers whose stated confidence is calibrated once its logit is divided by `temperature` and shifted."""
    random = np.random.default_rng(seed)
    logit = random.normal(0.5, 2.0, rows)
    likely = 1 / (1 + np.exp(-(logit / temperature + shift)))
    return answers(1 / (1 + np.exp(-logit)), random.random(rows) < likely)


def fitted(predictions: pl.DataFrame) -> Calibration:
    calibration = fit_calibration(answer_confidences(predictions))
    assert calibration is not None
    return calibration


@pytest.mark.parametrize(("temperature", "shift"), [(1.0, 0.0), (2.5, 0.0), (0.6, 0.0), (1.5, 1.0)])
def test_the_true_temperature_is_found(temperature: float, shift: float) -> None:
    calibration = fitted(simulated(10_000, 1, temperature, shift))
    assert calibration.temperature == pytest.approx(temperature, rel=0.08)
    assert calibration.shift == pytest.approx(shift, abs=0.08)


def test_overconfidence_is_taken_off_rows_that_were_not_fitted_on() -> None:
    calibration = fitted(simulated(2000, 1, temperature=3.0))
    test = simulated(4000, 2, temperature=3.0)
    usable = answer_confidences(test)
    before, after = confidence_figures(usable), confidence_figures(calibrate(usable, calibration))
    assert before.ece is not None
    assert after.ece is not None
    assert before.ece > 0.1
    assert after.ece < 0.03
    assert calibration.loss_after < calibration.loss_before
    assert after.auroc == pytest.approx(before.auroc)


def test_underconfident_answers_below_one_half_can_be_raised_above_it() -> None:
    random = np.random.default_rng(3)
    confidence = random.uniform(0.2, 0.4, 3000)
    calibration = fitted(answers(confidence, random.random(3000) < 0.9))
    assert calibration.apply(np.array([0.3]))[0] == pytest.approx(0.9, abs=0.03)


def test_the_order_of_answers_never_changes() -> None:
    random = np.random.default_rng(4)
    misleading = random.random(500)
    calibration = fitted(answers(misleading, random.random(500) > misleading))
    grid = calibration.apply(np.linspace(0, 1, 50))
    assert (np.diff(grid) >= 0).all()


@pytest.mark.parametrize("right", [True, False])
def test_a_few_rows_of_one_kind_give_finite_parameters(right: bool) -> None:
    calibration = fitted(answers(np.full(3, 0.8), np.full(3, right)))
    assert np.isfinite([calibration.temperature, calibration.shift]).all()
    assert 0 < calibration.apply(np.array([0.8]))[0] < 1


def test_certain_confidences_stay_finite() -> None:
    calibration = fitted(answers(np.array([1.0, 1.0, 0.0, 1.0]), np.array([True, True, False, False])))
    assert np.isfinite(calibration.apply(np.array([0.0, 1.0]))).all()


def test_without_confidences_there_is_nothing_to_fit() -> None:
    usable = answer_confidences(frame([(["a"], ["a"])]))
    assert fit_calibration(usable) is None
    figures = confidence_figures(usable)
    assert (figures.rows, figures.usable, figures.ece, figures.risk) == (1, 0, None, ())
    assert not threshold_for(usable, 0.9).reached


def test_rows_without_a_confidence_count_as_rows_alone() -> None:
    predictions = simulated(50, 5)
    some = predictions.with_columns(confidence=pl.when(pl.col("id") != "eval:1").then("confidence"))
    calibrated = calibrate(answer_confidences(some), fitted(some))
    assert (calibrated.rows, calibrated.usable) == (50, 49)


def test_predictions_in_parts_are_the_predictions() -> None:
    """More rows than a block of the arithmetic takes, with confidences that occur often, never, and not at all."""
    whole = simulated(70_000, 8).with_columns(
        confidence=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.col("confidence").round(1)).otherwise("confidence"),
        outcome=pl.when(pl.int_range(pl.len()) % 7 == 0).then(pl.lit("failed")).otherwise("outcome"),
    )
    parts = answer_confidences(whole.iter_slices(999))
    once = answer_confidences(whole)
    assert parts.rows == once.rows == 60_000
    assert np.array_equal(parts.hits, once.hits)
    assert np.array_equal(parts.misses, once.misses)


def test_figures_equal_scikit_learns() -> None:
    predictions = simulated(700, 6, temperature=2.0).with_columns(pl.col("confidence").round(2))
    figures = confidence_figures(answer_confidences(predictions))
    right = (predictions.get_column("outcome") == "correct").to_numpy()
    confidence = predictions.get_column("confidence").to_numpy()
    assert figures.auroc == pytest.approx(roc_auc_score(right, confidence), abs=1e-12)
    assert figures.brier == pytest.approx(brier_score_loss(right, confidence), abs=1e-12)
    assert sum(part.rows for part in figures.bins) == figures.usable == 700


def test_the_calibration_error_by_hand() -> None:
    predictions = answers(np.array([0.95, 0.95, 0.15, 0.15]), np.array([True, False, False, False]))
    figures = confidence_figures(answer_confidences(predictions))
    assert figures.ece == pytest.approx((2 * 0.45 + 2 * 0.15) / 4)
    assert [(part.low, part.rows, part.accuracy.value) for part in figures.bins] == [(0.1, 2, 0.0), (0.9, 2, 0.5)]


def test_the_risk_curve_trades_coverage_for_accuracy() -> None:
    figures = confidence_figures(answer_confidences(simulated(3000, 7)), points=20)
    coverage = [point.coverage for point in figures.risk]
    assert coverage == sorted(coverage, reverse=True)
    assert coverage[0] == 1.0
    assert len(figures.risk) == 20
    assert figures.risk[10].accuracy.value > figures.risk[0].accuracy.value


def test_rows_without_a_valid_label_count_as_not_answered() -> None:
    read = answers(np.array([0.9, 0.8]), np.array([True, True]))
    unread = frame([(["a"], None)] * 2).with_columns(confidence=pl.lit(0.99))
    figures = confidence_figures(answer_confidences(pl.concat([read, unread])))
    assert (figures.rows, figures.usable) == (4, 2)
    assert figures.risk[0].coverage == 0.5


@pytest.mark.parametrize("wanted", [0.8, 0.9])
def test_the_threshold_keeps_its_promise_on_other_rows(wanted: float) -> None:
    other = simulated(20_000, 999)
    confidence = other.get_column("confidence").to_numpy()
    right = (other.get_column("outcome") == "correct").to_numpy()
    kept = []
    for seed in range(25):
        threshold = threshold_for(answer_confidences(simulated(800, seed)), wanted)
        if threshold.reached:
            kept.append(right[confidence >= threshold.threshold].mean() >= wanted)
    assert len(kept) >= 15
    assert np.mean(kept) >= 0.85


def test_the_lowest_threshold_that_does_is_taken() -> None:
    confidence = np.repeat([0.9, 0.6, 0.3], 100)
    right = np.concatenate([np.ones(100), np.ones(100), np.arange(100) < 20]).astype(bool)
    threshold = threshold_for(answer_confidences(answers(confidence, right)), 0.95)
    assert threshold.threshold == 0.6
    assert threshold.coverage == pytest.approx(2 / 3)


def test_a_precision_out_of_reach_is_said_so() -> None:
    threshold = threshold_for(answer_confidences(simulated(100, 1)), 0.9999)
    assert not threshold.reached
    assert threshold.coverage == 0.0
