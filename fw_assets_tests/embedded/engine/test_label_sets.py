from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, jaccard_score

from fw_assets.embedded.engine.label_sets import (
    MAX_THRESHOLD,
    MIN_THRESHOLD,
    TOLERANCE,
    SetThresholds,
    choose_sets,
    fit_label,
    fit_shared,
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
    threshold = fit_label(probability, truth, np.ones(20_000))
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
    nobody = fit_label(probability, np.zeros(3000, bool), np.ones(3000))
    assert nobody is not None
    misleading = probability > 0.8
    spread = [
        fit_label(np.tile(probability, times), np.tile(misleading, times), np.ones(3000 * times)) or 0.0
        for times in (1, 10, 200)
    ]
    assert nobody < spread[0] <= spread[1] <= spread[2]
    assert spread[2] == pytest.approx(0.8, abs=0.02)
    is_said = probability >= nobody
    expected_f1 = 2 * probability[is_said].sum() / (is_said.sum() + probability.sum())
    assert expected_f1 / 2 <= nobody <= expected_f1 / 2 + 0.1


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0.1, 5)), min_size=1, max_size=40),
)
def test_any_rows_have_a_threshold_between_the_bounds_or_none(rows: list[tuple[float, bool, float]]) -> None:
    probability, truth, weight = (np.array(column) for column in zip(*rows, strict=True))
    threshold = fit_label(probability.astype(np.float64), truth.astype(bool), weight)
    assert (threshold is None) == bool((probability < MIN_THRESHOLD).all())
    assert threshold is None or MIN_THRESHOLD <= threshold <= MAX_THRESHOLD


def test_a_label_that_no_row_suggests_has_the_shared_threshold() -> None:
    probability = np.array([[0.9, 0.01], [0.2, 0.02]])
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
