from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.budget.quote_checks import check_estimate, check_hour, check_quote
from fw_assets.pipeline.errors.budget import (
    DeploymentAboveCeiling,
    DeploymentAboveHeld,
    EstimateAboveCeiling,
    HoursUsedUp,
    JobCost,
)
from fw_assets_tests.pipeline.budget.fixed_account import fixed_account, unpriced_account
from fw_assets_tests.report.workflow import planned


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()[0]


def test_a_job_that_the_platform_prices_higher_stops_everything_else(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    payment = open_payment(account, "sweep/m", "job", share=0.5)
    check_quote(payment, 2.0)
    check_quote(payment, None)
    with pytest.raises(JobCost, match=r"\$9\.5000 for this job, more than the \$2\.0000"):
        check_quote(payment, 9.5)
    assert account.ledger().reserved == 9.5
    with pytest.raises(CeilingReached):
        account.reserve("sweep/m", "other", 1.0)


def test_a_deployment_that_is_quoted_above_what_is_held_is_not_created(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    payment = open_payment(account, "sweep/m", "evaluation")
    check_hour(payment, None, "d", "", "m", tuned=False)
    check_hour(payment, 2.0, "d", "1 x A", "m", tuned=False)
    with pytest.raises(DeploymentAboveHeld) as caught:
        check_hour(payment, 52.0, "d", "4 x NVIDIA_B200_180GB", "accounts/fireworks/models/m", tuned=True)
    assert str(caught.value).startswith(
        "d was not created: the platform quotes 4 x NVIDIA_B200_180GB for it, $52.00 an hour and up to $29.00, more "
        "than the $4.00 that the approved plan holds for it at most (sweep/m)."
    )
    assert "`- {item: tuned-deployment-hour, model: m, usd: 52.00}`" in str(caught.value)
    assert "plan again, which asks for the quote anew" in str(caught.value)


def test_estimates_of_jobs_without_a_price_are_held_under_the_ceiling(tmp_path: Path, plan: Plan) -> None:
    account = unpriced_account(tmp_path, plan)
    first = open_payment(account, "sweep/m", "first")
    check_estimate(first, None, "m")
    assert account.ledger().reserved == 0.0
    check_estimate(first, 6.0, "m")
    assert account.ledger().reserved == 6.0
    with pytest.raises(EstimateAboveCeiling) as caught:
        check_estimate(open_payment(account, "sweep/m", "second"), 500.0, "m")
    assert "estimates $500.0000 for this job, which has no price in the approved plan (sweep/m), and $4.0000" in str(
        caught.value
    )
    assert "max_spend_usd" in str(caught.value)
    assert [item.id for item in account.ledger().reservations] == ["first"], "nothing was started"
    check_quote(first, 6.0)
    with pytest.raises(EstimateAboveCeiling, match=r"\$10\.0000 is left .* The job itself exists"):
        check_quote(first, 11.0)
    assert account.ledger().reserved == 11.0, "it has started, and nothing else does"
    first.settle_tokens(1_000, 11.0)
    assert account.ledger().spent == 11.0


def test_hours_without_a_price_are_held_and_limited_at_what_the_platform_quotes(tmp_path: Path, plan: Plan) -> None:
    account = unpriced_account(tmp_path, plan)
    payment = open_payment(account, "sweep/m", "evaluation")
    check_hour(payment, 8.0, "d", "1 x A", "m", tuned=False)
    assert account.ledger().reserved == 4.0
    with pytest.raises(DeploymentAboveCeiling, match=r"\$52\.00 an hour and up to \$26\.00.*\$10\.00 is left"):
        check_hour(payment, 52.0, "d", "4 x B", "m", tuned=False)

    async def use() -> None:
        async with payment.at_hour(8.0).limit_hours(1800.0):
            await asyncio.sleep(1)

    with pytest.raises(HoursUsedUp, match=r"for the 0\.50 hours"):
        asyncio.run(use())
