from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from fw_assets.embedded.engine.updates import DenseUpdate, SparseUpdate, Update, apply, row_by_row
from fw_assets.embedded.engine.whitening import fit_whitening

RNG = np.random.default_rng(5)
ROWS, WIDTH, LABELS = 60, 12, 4
FEATURES = RNG.normal(size=(ROWS, WIDTH)).astype(np.float32)
TARGET = np.eye(LABELS, dtype=np.float32)[RNG.integers(0, LABELS, ROWS)]
EVERY = np.arange(ROWS)


def dense(rank: int) -> DenseUpdate:
    return DenseUpdate(FEATURES, 0.25 - TARGET, rank, np.random.default_rng(0))


def sparse(rank: int) -> SparseUpdate:
    kept = csr_array(np.where(FEATURES > 0.5, FEATURES, 0).astype(np.float32))
    return SparseUpdate(kept, LABELS, rank, np.random.default_rng(0))


@pytest.mark.parametrize("make", [dense, sparse])
@pytest.mark.parametrize("rank", [1, 3, 9])
def test_an_update_starts_at_zero_and_lowers_the_loss(make: type[Update], rank: int) -> None:
    update = make(rank)  # type: ignore[call-arg]
    before = update.forward(EVERY)
    assert np.array_equal(before, np.zeros((ROWS, LABELS), np.float32))
    for _ in range(30):
        logits = update.forward(EVERY)
        probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        update.backward((probability - TARGET) / ROWS, 0.02)
    after = update.forward(EVERY)
    probability = np.exp(after) / np.exp(after).sum(axis=1, keepdims=True)
    assert -np.log(probability[TARGET > 0]).mean() < np.log(LABELS)
    assert update.arrays()["A"].shape == (WIDTH, rank)


def test_the_stored_arrays_reproduce_the_trained_logits() -> None:
    for update, features in ((dense(2), FEATURES), (sparse(2), None)):
        update.forward(EVERY)
        update.backward(((0.25 - TARGET) / ROWS).astype(np.float32), 0.1)
        stored = features if features is not None else np.where(FEATURES > 0.5, FEATURES, 0)
        assert np.allclose(apply(stored, update.arrays()), update.forward(EVERY), atol=1e-4)


def test_whitening_evens_out_the_directions() -> None:
    skewed = (RNG.normal(size=(5000, 6)) * [100, 10, 5, 3, 2, 1] + 7).astype(np.float32)
    white = fit_whitening(skewed)(skewed)
    spread = white.std(axis=0)
    assert np.abs(white.mean(axis=0)).max() < 0.01
    assert spread.max() / spread.min() < skewed.std(axis=0).max() / skewed.std(axis=0).min()
    assert np.abs(np.corrcoef(white.T) - np.eye(6)).max() < 0.01


@pytest.mark.parametrize("features", [np.ones((1, 3)), np.ones((4, 3))])
def test_whitening_of_equal_rows_only_centres(features: np.ndarray) -> None:
    assert not fit_whitening(features.astype(np.float32))(features.astype(np.float32)).any()


def test_a_row_of_a_product_does_not_depend_on_the_others() -> None:
    left, right = (RNG.normal(size=shape).astype(np.float32) for shape in ((33, 384), (384, 77)))
    whole = row_by_row(left, right)
    assert np.allclose(whole, left @ right, atol=1e-4)
    for size in (1, 2, 7):
        assert np.array_equal(row_by_row(left[5 : 5 + size], right), whole[5 : 5 + size])
