from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score

from fw_assets.classification.metrics import threshold_fit
from fw_assets.classification.metrics.threshold_fit import ValidationSets
from fw_assets.embedded.engine.label_sets import (
    MAX_THRESHOLD,
    THRESHOLD_RULES,
    TOLERANCE,
    SetThresholds,
    ThresholdRule,
    choose_sets,
    fit_label,
    fit_shared,
    fit_shared_macro,
    fit_thresholds,
)
from fw_assets.embedded.engine.scorers import TunedScorer
from fw_assets.embedded.engine.training import train
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.engine.tuned_model import MANIFEST_FILE, load


def test_the_shared_threshold_has_the_best_jaccard_index() -> None:
    rng = np.random.default_rng(3)
    probability = rng.random((200, 4))
    target = (probability + rng.normal(scale=0.1, size=probability.shape) > 0.3).astype(np.float64)
    threshold = fit_shared(probability, target, np.ones(200), allow_empty=True)

    def jaccard(threshold: float) -> float:
        return float(jaccard_score(target, probability >= threshold, average="samples", zero_division=1.0))

    assert jaccard(threshold) >= max(jaccard(other) for other in (0.1, 0.2, 0.4, 0.5, 0.6, 0.7))
    assert threshold == pytest.approx(0.3, abs=0.1)


def test_sets_are_empty_only_where_allowed() -> None:
    probability = np.array([[0.1, 0.2], [0.9, 0.8]])
    assert choose_sets(probability, 0.5, allow_empty=True).tolist() == [[False, False], [True, True]]
    assert choose_sets(probability, 0.5, allow_empty=False).tolist() == [[False, True], [True, True]]
    own = SetThresholds(0.5, {"b": 0.15})
    assert own.choose(probability, ("a", "b"), allow_empty=True).tolist() == [[False, True], [True, True]]
    assert own.choose(probability, ("a", "unknown"), allow_empty=True).tolist() == [[False, False], [True, True]]


def test_a_frequent_label_has_the_highest_threshold_that_is_nearly_best_by_f1() -> None:
    rng = np.random.default_rng(5)
    probability = rng.random(20_000)
    truth = rng.random(20_000) < probability**2  # not calibrated: 0.7 is right every other time
    threshold = fit_label(probability, truth, np.ones(20_000), 0.1)
    assert threshold is not None

    def f1(threshold: float) -> float:
        return float(f1_score(truth, probability >= threshold))

    best = max(f1(level) for level in np.linspace(0.05, 0.95, 91))
    assert f1(threshold) >= (1 - 1.5 * TOLERANCE) * best
    assert f1(threshold + 0.05) < f1(threshold)


def test_the_fewer_rows_a_label_has_the_more_its_threshold_is_that_of_its_probabilities() -> None:
    """Of calibrated probabilities the best threshold is half of the F1 that it leads to."""
    rng = np.random.default_rng(7)
    probability = rng.beta(1, 4, 3000)
    nobody = fit_label(probability, np.zeros(3000, bool), np.ones(3000), 0.1)
    assert nobody is not None
    misleading = probability > 0.8
    spread = [
        fit_label(np.tile(probability, times), np.tile(misleading, times), np.ones(3000 * times), 0.1) or 0.0
        for times in (1, 10, 200)
    ]
    assert nobody < spread[0] <= spread[1] <= spread[2]
    assert spread[2] == pytest.approx(0.8, abs=0.02)
    is_said = probability >= nobody
    expected_f1 = 2 * probability[is_said].sum() / (is_said.sum() + probability.sum())
    assert expected_f1 / 2 <= nobody <= expected_f1 / 2 + 0.1


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0.1, 5)), min_size=1, max_size=40),
    st.floats(0.01, 0.45),
)
def test_any_rows_have_a_threshold_between_the_bounds_or_none(
    rows: list[tuple[float, bool, float]], lowest: float
) -> None:
    probability, truth, weight = (np.array(column) for column in zip(*rows, strict=True))
    threshold = fit_label(probability.astype(np.float64), truth.astype(bool), weight, lowest)
    assert (threshold is None) == bool((probability < lowest).all())
    assert threshold is None or lowest <= threshold <= MAX_THRESHOLD


def test_the_shared_threshold_by_macro_f1_is_the_best_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    probability = rng.beta(1, 4, (400, 5)) * np.array([1, 1, 0.5, 0.4, 0.3])
    target = (rng.random(probability.shape) < probability).astype(np.float64)
    threshold = fit_shared_macro(probability, target, np.ones(400), allow_empty=True)

    def macro(level: float) -> float:
        return float(f1_score(target, probability >= level, average="macro", zero_division=0.0))

    assert macro(threshold) == pytest.approx(max(macro(level) for level in np.linspace(0.02, 0.9, 89)))


@pytest.mark.parametrize("rule", THRESHOLD_RULES)
@pytest.mark.parametrize("allow_empty", [True, False])
def test_the_client_fits_the_same_thresholds(rule: ThresholdRule, allow_empty: bool) -> None:
    """Of calibrated probabilities, which the models of this platform have."""
    rng = np.random.default_rng(6)
    probability = rng.beta(1, 5, (600, 8)) * np.linspace(1, 0.1, 8)
    truth = rng.random(probability.shape) < probability
    labels = tuple("abcdefgh")
    ours = fit_thresholds(probability, truth.astype(float), np.ones(600), labels, allow_empty, rule)
    rows = ValidationSets(labels, tuple(map(str, range(600))), np.arange(600), probability, truth)
    theirs = threshold_fit.fit_thresholds(rows, rule, allow_empty=allow_empty)
    assert theirs.of(labels) == pytest.approx(ours.of(labels).tolist(), abs=0.03)
    assert ours.shared == pytest.approx(theirs.shared)
    own = [
        threshold_fit.fit_label(probability[:, at], probability[:, at], truth[:, at], lowest=ours.shared / 2)
        for at in range(8)
    ]
    if rule == "per-label":
        assert [ours.shared if level is None else level for level in own] == pytest.approx(ours.of(labels).tolist())
    chosen = ours.choose(probability, labels, allow_empty)
    assert (threshold_fit.choose_sets(probability, ours.of(labels), allow_empty=allow_empty) == chosen).all()


def test_per_label_thresholds_are_near_that_of_all_where_labels_are_rare() -> None:
    """One row alone has each rare label, with a low probability: its threshold is not as low as that."""
    rng = np.random.default_rng(8)
    probability = rng.beta(1, 6, (300, 4))
    truth = rng.random(probability.shape) < probability
    probability[:, 3], truth[:, 3] = rng.random(300) * 0.05, False
    truth[7, 3], probability[7, 3] = True, 0.02
    fitted = fit_thresholds(probability, truth.astype(float), np.ones(300), tuple("abcd"), True)
    assert fitted.of(("d",))[0] >= fitted.shared / 2


def test_a_label_that_no_row_suggests_has_the_shared_threshold() -> None:
    probability = np.array([[0.9, 0.001], [0.2, 0.002]])
    target = np.array([[1.0, 0.0], [0.0, 1.0]])
    thresholds = fit_thresholds(probability, target, np.ones(2), ("a", "b"), allow_empty=True)
    assert set(thresholds.by_label or {}) == {"a"}
    assert thresholds.of(("a", "b"))[1] == thresholds.shared


def test_a_model_of_an_earlier_version_has_one_threshold(tmp_path: Path) -> None:
    rows = tuple(TrainingRow(f"{label} {number}", (label,)) for number in range(8) for label in ("refund", "card"))
    rows += tuple(TrainingRow(f"refund card {number}", ("card", "refund")) for number in range(6))
    spec = TrainingSpec("char-ngram", lora_rank=4, learning_rate=0.03, epochs=6, batch_size=8)
    train(spec, rows, rows, tmp_path / "now", tmp_path, True, lambda record: None)
    manifest = json.loads((tmp_path / "now" / MANIFEST_FILE).read_text("utf-8"))
    assert set(manifest["thresholds"]) == {"card", "refund"}
    assert load(tmp_path / "now").thresholds.by_label == manifest["thresholds"]
    del manifest["thresholds"]
    (tmp_path / "now" / MANIFEST_FILE).write_text(json.dumps({**manifest, "threshold": 0.0}), "utf-8")
    before = load(tmp_path / "now")
    assert before.thresholds == SetThresholds(0.0)
    assert TunedScorer(before, tmp_path).predict_sets(["refund"], None) == [("card", "refund")]
