"""Confident learning on probabilities written down by hand, and the estimated share of wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from fw_assets.classification.labels.label_doubts import label_doubts, wrong_share
from fw_assets.classification.labels.label_noise import find_suspects
from fw_assets_tests.classification.labels.test_label_noise import frame


def indicator(labels: list[int], count: int) -> np.ndarray:
    return np.eye(count, dtype=bool)[labels]


def test_a_row_is_doubted_where_another_label_is_above_its_mean() -> None:
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.45, 0.55]])
    gold = indicator([0, 0, 0, 1, 1], 2)
    everything, nothing = np.ones(5, dtype=bool), np.zeros(5, dtype=bool)
    # the thresholds are 0.6 and 0.725: the last row is below both
    doubts = label_doubts(np.log(probabilities).astype(np.float32), gold, everything, nothing)
    assert doubts.doubted.tolist() == [False, False, True, False, False]
    assert doubts.suggested.tolist() == [1, 1, 1, 0, 0]
    assert doubts.wrong == pytest.approx([0, 0, 0.8, 0, 0], abs=1e-6)
    assert doubts.scores.argmin() == 2


def test_rows_that_are_not_judged_and_test_rows_set_no_threshold() -> None:
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9]])
    gold = indicator([0, 0, 0, 1], 2)
    judged, is_test = np.array([True, True, False, True]), np.array([False, True, False, False])
    doubts = label_doubts(np.log(probabilities).astype(np.float32), gold, judged, is_test)
    assert not doubts.doubted[2]
    assert np.isinf(doubts.scores[2])
    assert np.isinf(doubts.margins[2])


def test_with_several_labels_a_row_is_doubted_by_its_least_believed_one() -> None:
    probabilities = np.array([[0.5, 0.45, 0.05], [0.5, 0.05, 0.45], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1]])
    gold = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)
    everything = np.ones(5, dtype=bool)
    doubts = label_doubts(np.log(probabilities).astype(np.float32), gold, everything, ~everything)
    assert doubts.scores.argmin() == 1
    assert not doubts.doubted[[0, 2, 3, 4]].any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), min_size=12, max_size=60))
def test_the_interval_is_cluster_robust(rows: list[tuple[float, int]]) -> None:
    wrong = np.array([value for value, _ in rows])
    groups = np.array([group for _, group in rows])
    interval = wrong_share(wrong, groups)
    assert interval.low <= interval.value <= interval.high
    units = len(np.unique(groups))
    if units < 3:
        return
    oracle = OLS(wrong, np.ones(len(wrong))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    spread = float(oracle.bse[0]) * np.sqrt(units / (units - 1))
    assert interval.value == pytest.approx(float(oracle.params[0]), abs=1e-12)
    assert interval.low == pytest.approx(max(0.0, interval.value - 1.959963984540054 * spread), abs=1e-9)


def test_one_group_tells_nothing() -> None:
    assert (
        wrong_share(np.array([0.1, 0.2]), np.array([1, 1])).low,
        wrong_share(np.array([0.1]), np.array([1])).high,
    ) == (0, 1)


@pytest.mark.parametrize("wrong", [0, 24, 48])
def test_the_estimate_holds_how_many_labels_were_made_wrong(wrong: int) -> None:
    rows, planted = frame(480, wrong=wrong)
    suspects = find_suspects(rows, 42)
    assert suspects.wrong is not None
    assert suspects.wrong.low * suspects.judged <= len(planted) <= suspects.wrong.high * suspects.judged + 1
