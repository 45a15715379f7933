"""The bound on a mean loss: it holds in simulations of every kind that would break it, and is not empty."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.cascade.risk import loss_p_value

BOUND, ALPHA, DRAWS = 0.02, 0.05, 2_000


def loses(rng: np.random.Generator, kind: str, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses by group whose mean for a row is exactly the bound: the hypothesis holds, just."""
    sizes = np.ones(groups) if kind in ("rare", "both ways") else rng.integers(1, 8, groups).astype(float)
    if kind == "both ways":  # one in five rows changes, slightly more often for the worse
        return rng.choice([1.0, -1.0, 0.0], groups, p=[0.11, 0.09, 0.8]), sizes
    if kind == "whole groups":  # all rows of a group are lost together
        return sizes * (rng.random(groups) < BOUND), sizes
    return (rng.random((groups, int(sizes.max()))) < BOUND).sum(axis=1) * np.ones(groups), sizes.max() * np.ones(groups)


@pytest.mark.parametrize("kind", ["rare", "both ways", "whole groups", "equal groups"])
@pytest.mark.parametrize("groups", [60, 400, 2_000])
def test_it_is_wrong_in_at_most_one_of_twenty_cases(kind: str, groups: int) -> None:
    rng = np.random.default_rng(5)
    wrong = sum(loss_p_value(*loses(rng, kind, groups), BOUND) <= ALPHA for _ in range(DRAWS))
    assert wrong <= ALPHA * DRAWS


@pytest.mark.parametrize(("groups", "shown"), [(100, False), (300, True)])
def test_without_any_loss_it_takes_as_many_rows_as_an_exact_test_and_few_more(groups: int, shown: bool) -> None:
    exact = math.log(ALPHA) / math.log(1 - BOUND)
    assert (groups > exact) == shown
    assert (loss_p_value(np.zeros(groups), np.ones(groups), BOUND) <= ALPHA) == shown


@given(
    st.lists(st.tuples(st.integers(1, 5), st.floats(-1, 1)), min_size=1, max_size=40),
    st.floats(0.005, 0.5),
)
def test_it_is_a_p_value_of_the_groups_in_any_order(rows: list[tuple[int, float]], bound: float) -> None:
    sizes = np.array([size for size, _ in rows], float)
    losses = np.array([size * loss for size, loss in rows])
    p = loss_p_value(losses, sizes, bound)
    assert 0 < p <= 1
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    assert loss_p_value(losses[order], sizes[order], bound) == pytest.approx(p, rel=1e-9)
    assert loss_p_value(np.maximum(losses - 0.1, -sizes), sizes, bound) <= p + 1e-12


def test_a_few_large_groups_do_not_take_the_evidence_of_the_others() -> None:
    sizes = np.array([1.0] * 335 + [2.0] * 12 + [3.0] * 2 + [12.0])
    alone, beside = loss_p_value(np.zeros(335), np.ones(335), BOUND), loss_p_value(np.zeros(sizes.size), sizes, BOUND)
    assert beside < alone < 0.01
    # Groups that are all large count as large.
    assert loss_p_value(np.zeros(40), np.full(40, 9.0), BOUND) > ALPHA


def test_large_groups_that_are_lost_are_seen() -> None:
    sizes = np.array([1.0] * 300 + [10.0] * 30)
    losses = np.where(sizes > 1, sizes, 0.0)
    assert loss_p_value(losses, sizes, BOUND) == 1


def test_no_rows_show_nothing() -> None:
    assert loss_p_value(np.zeros(0), np.zeros(0), BOUND) == 1
