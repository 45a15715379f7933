"""Shares of rows that come in groups, against statsmodels and a computation group by group."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.clusters import ClusterCounter, distinct, earlier_in_group, prefix_sums
from fw_assets.classification.intervals import wilson

ROWS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=80)


def arrays(rows: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    groups, hits = zip(*rows, strict=True)
    return np.array(groups, dtype=np.uint32), np.array(hits)


def counted(groups: np.ndarray, hits: np.ndarray) -> ClusterCounter:
    counter = ClusterCounter()
    counter.add(groups, hits)
    return counter


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_the_variance_is_that_of_statsmodels(rows: list[tuple[int, bool]]) -> None:
    groups, hits = arrays(rows)
    if distinct(groups) > 1:
        model = sm.OLS(hits.astype(float), np.ones((len(rows), 1)))
        fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True})
        variance = counted(groups, hits).sums().robust_variance()[0]
        assert variance == pytest.approx(fitted.cov_params()[0, 0], rel=1e-12, abs=1e-15)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_rows_that_are_all_distinct_count_as_they_did(hits: list[bool]) -> None:
    counter = counted(np.arange(len(hits), dtype=np.uint32)[::-1], np.array(hits))
    effect = float(counter.sums().design_effects()[0])
    assert effect == 1.0
    assert wilson(sum(hits), len(hits), design_effect=effect) == wilson(sum(hits), len(hits))


@pytest.mark.parametrize("copies", [2, 4, 10])
def test_copies_of_a_text_are_worth_one(copies: int) -> None:
    hits = np.random.default_rng(1).random(40) < 0.8
    counter = counted(np.repeat(np.arange(40, dtype=np.uint32), copies), np.repeat(hits, copies))
    assert counter.sums().design_effects()[0] == pytest.approx(copies, rel=0.03)
    agreed = counted(np.repeat(np.arange(40, dtype=np.uint32), copies), np.ones(40 * copies, dtype=bool))
    assert agreed.sums().design_effects()[0] == pytest.approx(copies)


def test_a_few_groups_that_nearly_agree_are_not_many_rows() -> None:
    """Five texts, eight times each, of which one row is right: 40 rows would say 0.4 to 13 %."""
    hits = np.zeros(40, dtype=bool)
    hits[3] = True
    counter = counted(np.repeat(np.arange(5, dtype=np.uint32), 8), hits)
    interval = wilson(1, 40, design_effect=float(counter.sums().design_effects()[0]))
    assert interval.high > 0.25


def test_rows_that_only_share_a_conversation_count_nearly_each() -> None:
    generator = np.random.default_rng(2)
    groups = np.repeat(np.arange(200, dtype=np.uint32), 5)
    assert counted(groups, generator.random(1000) < 0.8).sums().design_effects()[0] < 1.3


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(1, 30))
def test_rows_in_parts_and_under_codes_are_counted_apart(rows: list[tuple[int, bool]], size: int) -> None:
    groups, hits = arrays(rows)
    codes = np.arange(len(rows)) % 3
    counter = ClusterCounter()
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        counter.add(groups[part], hits[part], codes[part])
    together = counter.sums(3)
    for code in range(3):
        mine = codes == code
        alone = counted(groups[mine], hits[mine]).sums()
        assert [column[code] for column in together] == pytest.approx([column[0] for column in alone])


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_the_sums_of_the_first_rows_are_those_of_the_first_rows(rows: list[tuple[int, bool]]) -> None:
    groups, hits = arrays(rows)
    prefixes = prefix_sums(groups, hits)
    for number in range(1, len(rows) + 1):
        alone = counted(groups[:number], hits[:number]).sums()
        assert [column[number - 1] for column in prefixes] == pytest.approx([column[0] for column in alone])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-9, 9)), max_size=40))
def test_what_a_group_had_before_a_row(rows: list[tuple[int, int]]) -> None:
    groups, values = np.array([g for g, _ in rows], np.uint32), np.array([v for _, v in rows], np.float64)
    number, total = earlier_in_group(groups, values)
    before = [[value for other, value in rows[:row] if other == group] for row, (group, _) in enumerate(rows)]
    assert number.tolist() == [len(part) for part in before]
    assert total.tolist() == [sum(part) for part in before]


def test_nothing_to_count() -> None:
    assert ClusterCounter().sums(2).design_effects().tolist() == [1.0, 1.0]
