"""Tokens beyond every estimate are held as they come, and never pass the ceiling."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.cost.ledger import CeilingReached, Ledger
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.payment import Payment, open_payment
from fw_assets.pipeline.budget.token_meter import TokenMeter
from fw_assets_tests.pipeline.budget.fixed_account import CEILING, fixed_account
from fw_assets_tests.report.workflow import planned


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()[0]


def meter(payment: Payment) -> TokenMeter:
    return TokenMeter(payment, ("training", "completions"))


def test_what_was_estimated_needs_no_more(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    counted = meter(open_payment(account, "sweep/m", "answers"))
    for _ in range(4):
        counted.add(1_000_000, 0)
    assert (counted.usd, account.ledger().reserved) == (4.0, 4.0)


def test_the_rounding_of_many_small_prices_needs_no_more(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    account.reserve("sweep/m", "other", 6.0)
    counted = meter(open_payment(account, "sweep/m", "answers"))
    for _ in range(40):
        counted.add(100_000, 0)
    assert counted.usd > 4.0
    assert account.ledger().reserved == 10.0


def test_more_is_held_while_the_ceiling_allows_it_and_then_the_run_ends(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    account.reserve("sweep/m", "other", 3.0)
    counted = meter(open_payment(account, "sweep/m", "answers"))
    counted.add(4_500_000, 0)
    assert account.ledger().reserved == pytest.approx(3.0 + 4.9)
    counted.add(2_000_000, 0)
    with pytest.raises(CeilingReached, match=r"would pass the approved \$10\.0000"):
        counted.add(500_000, 0)
    assert account.ledger().reserved <= CEILING


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2_000_000), max_size=12))
def test_whatever_is_counted_the_ceiling_holds(
    tmp_path_factory: pytest.TempPathFactory, plan: Plan, tokens: list[int]
) -> None:
    account = fixed_account(tmp_path_factory.mktemp("ledger"), plan)
    counted = meter(open_payment(account, "sweep/m", "answers"))
    try:
        for number in tokens:
            counted.add(number, 0)
    except CeilingReached:
        assert sum(tokens) > 9e6
    assert max(4.0, account.ledger().reserved) <= CEILING


def test_only_what_is_reserved_is_extended() -> None:
    ledger = Ledger(ceiling=5.0).reserve("k", "a", 1.0)
    assert ledger.extend("k", "a", 5.0).reserved == 5.0
    assert ledger.extend("k", "a", 0.5) == ledger
    assert ledger.extend("k", "b", 2.0) == ledger
    with pytest.raises(CeilingReached):
        ledger.extend("k", "a", 5.1)
