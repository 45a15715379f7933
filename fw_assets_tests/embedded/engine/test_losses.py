from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from fw_assets.embedded.engine import losses

RNG = np.random.default_rng(3)


def test_the_single_label_loss_is_that_of_scikit_learn() -> None:
    logits = RNG.normal(size=(20, 4))
    truth = RNG.integers(0, 4, 20)
    row_losses = losses.row_losses(logits, np.eye(4)[truth], multi_label=False)
    assert row_losses.mean() == pytest.approx(log_loss(truth, np.exp(losses.log_softmax(logits)), labels=range(4)))


def test_the_multi_label_loss_is_the_mean_over_labels() -> None:
    logits = RNG.normal(size=(20, 3))
    target = RNG.integers(0, 2, (20, 3)).astype(np.float64)
    probability = losses.probabilities(logits, multi_label=True)
    expected = -(target * np.log(probability) + (1 - target) * np.log(1 - probability)).mean()
    assert losses.row_losses(logits, target, multi_label=True).mean() == pytest.approx(expected)


def test_log_odds_keep_the_softmax() -> None:
    logits = RNG.normal(size=(5, 6))
    probability = losses.probabilities(losses.log_odds(logits), multi_label=True)
    assert np.allclose(probability, np.exp(losses.log_softmax(logits)), atol=1e-6)
    assert np.isfinite(losses.log_odds(np.zeros((2, 1)))).all()


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(true_temperature: float) -> None:
    logits = RNG.normal(scale=3, size=(4000, 5))
    probability = np.exp(losses.log_softmax(logits / true_temperature))
    truth = (probability.cumsum(axis=1) > RNG.random((4000, 1))).argmax(axis=1)
    temperature, loss = losses.fit_temperature(logits, np.eye(5)[truth], np.ones(4000), multi_label=False)
    assert temperature == pytest.approx(true_temperature, rel=0.1)
    assert loss <= losses.row_losses(logits, np.eye(5)[truth], multi_label=False).mean() + 1e-9
