from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fw_assets.classification.scope.auroc import auroc


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40))
def test_it_is_that_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    score, is_out = np.array([value for value, _ in rows], float), np.array([out for _, out in rows])
    found = auroc(score, is_out, np.arange(score.size, dtype=np.uint32))
    if is_out.all() or not is_out.any():
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(~is_out, score))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < 1


def test_the_interval_holds_the_true_value_as_often_as_it_says() -> None:
    rng, held, truth = np.random.default_rng(2), 0, 0.760  # of two normals one standard deviation apart
    for _ in range(400):
        is_out = np.arange(160) < 40
        score = rng.normal(size=160) + np.where(is_out, 0.0, 1.0)
        found = auroc(score, is_out, np.arange(160, dtype=np.uint32))
        assert found is not None
        held += found.low <= truth <= found.high
    assert held / 400 >= 0.92


def test_copies_are_no_further_rows() -> None:
    rng = np.random.default_rng(4)
    score, is_out = rng.normal(size=60), np.arange(60) < 20
    once = auroc(score, is_out, np.arange(60, dtype=np.uint32))
    copies = auroc(np.tile(score, 5), np.tile(is_out, 5), np.tile(np.arange(60, dtype=np.uint32), 5))
    assert once is not None
    assert copies is not None
    assert copies.high - copies.low == pytest.approx(once.high - once.low, rel=0.1)


def test_rows_without_a_score_are_left_out() -> None:
    score, is_out = np.array([0.9, np.nan, 0.1]), np.array([False, False, True])
    found = auroc(score, is_out, np.arange(3, dtype=np.uint32))
    assert found is not None
    assert found.value == 1
