from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from fw_assets.classification.cost.ledger import (
    DATASET_COUNT,
    ENDED_UNCOUNTED,
    HOURS_USED_UP,
    LedgerEntry,
    cost_rows,
)
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.ledger_log import payment_line
from fw_assets.pipeline.budget.payment import PARTIAL, Payment, open_payment
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.errors.budget import HoursUsedUp
from fw_assets.pipeline.workflow.next_step import in_words
from fw_assets_tests.pipeline.budget.fixed_account import CEILING, fixed_account, unpriced_account
from fw_assets_tests.report.workflow import planned


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()[0]


def test_a_deployment_that_was_up_and_did_not_serve_costs_its_idle_window(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    unusable, failed = (
        AttemptFailed("deployment fwa-x", state, "", "approve it", attempt=1, attempts=3, own_fault=False)
        for state in ("UNUSABLE", "FAILED")
    )
    for failure, paid in ((failed, 0.0), (unusable, 0.2), (unusable, 0.2), (failed, 0.2)):
        open_payment(account, "sweep/m", "asked").give_back(failure, idle_seconds=360)
        assert account.ledger().reserved == 0.0
        assert account.ledger().spent == pytest.approx(paid)
    (entry,) = account.entries()
    assert (entry.id, entry.unit, entry.quantity) == ("asked-fwa-x", "hours", 0.1)


def test_what_ended_without_its_result_is_paid_and_held_no_longer(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    open_payment(account, "sweep/m", "evaluation").at_hour(8.0).settle_stopped({"training": 500_000.0}, 0.1)
    tokens, hours = account.entries()
    assert tokens.id == "evaluation-stopped-1"
    assert tokens.usd == pytest.approx(0.5)
    assert hours.id == "evaluation-stopped-1-hours"
    assert hours.usd == pytest.approx(0.8)
    assert account.ledger().reserved == 0.0
    assert open_payment(account, "sweep/m", "evaluation").since is None
    assert account.ledger().reserved == 4.0, "another attempt is held again"


@pytest.mark.parametrize("last", ["result", "stop", "ceiling"])
def test_what_ended_without_its_result_again_is_paid_up_to_its_later_figure(
    tmp_path: Path, plan: Plan, last: str
) -> None:
    account = fixed_account(tmp_path, plan)
    # Tokens are those of all answers so far; hours are those of one call.
    for tokens, hours in ((100_000.0, 0.1), (100_000.0, 0.0), (400_000.0, 0.1), (400_000.0, 0.05)):
        open_payment(account, "sweep/m", "evaluation").settle_stopped({"training": tokens}, hours)
        assert account.ledger().reserved == 0.0
    assert account.ledger().spent == pytest.approx(0.4 + 0.25 * 2.0)
    payment = open_payment(account, "sweep/m", "evaluation")
    if last == "result":
        payment.settle({"training": 900_000.0, "deployment-hour": 0.1}, "tokens and hours")
    elif last == "stop":
        payment.settle_stopped({"training": 900_000.0}, 0.1)
    else:
        payment.settle_at_ceiling(900_000.0, 0.9, 0.1)
    assert account.ledger().spent == pytest.approx(0.9 + 0.35 * 2.0)
    assert account.ledger().reserved == 0.0


def test_what_ended_without_its_result_at_an_unknown_price_costs_an_unknown_amount(tmp_path: Path, plan: Plan) -> None:
    account = unpriced_account(tmp_path, plan)
    for tokens in (100_000.0, 400_000.0):
        open_payment(account, "sweep/m", "evaluation").settle_stopped({"training": tokens}, 0.0)
    assert [entry.usd for entry in account.entries()] == [None, None]


def test_tokens_that_the_platform_did_not_count_are_the_expected_ones(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    open_payment(account, "sweep/m", "counted", share=0.5).settle_tokens(1_100_000)
    # Half of the training, which is three quarters of the line's price.
    open_payment(account, "sweep/m", "silent", share=0.375).settle_tokens(None)
    open_payment(account, "sweep/m", "dataset", share=0.375).settle_tokens(None, None, 700_000)
    counted, silent, dataset = account.entries()
    assert (dataset.quantity, dataset.estimated, dataset.note) == (700_000, False, DATASET_COUNT)
    assert counted.usd == pytest.approx(1.1)
    assert not counted.estimated
    assert (silent.quantity, silent.estimated) == (1_000_000, True)
    assert silent.usd == pytest.approx(1.0)


def test_a_job_is_settled_at_the_larger_of_its_tokens_and_the_estimate_of_the_platform(
    tmp_path: Path, plan: Plan
) -> None:
    account = fixed_account(tmp_path, plan)
    key = f"sweep/{plan.models[0].slug}"
    for id, trained, usd in (("tokens", 1_100_000, 1.0), ("estimate", 1_100_000, 1.5), ("silent", None, 3.0)):
        open_payment(account, key, id, share=0.375).settle_tokens(trained, usd)
    tokens, estimated, silent = account.entries()
    assert tokens.usd == pytest.approx(1.1)
    assert tokens.note == ""
    assert (estimated.usd, estimated.quantity) == (1.5, 1_100_000)
    assert (silent.usd, silent.estimated) == (3.0, True)
    notes = {row.key: row.note for row in cost_rows(plan.estimate, account.entries())}
    assert notes[key] == "the platform's own estimate, above the price of the tokens"


def test_hours_are_paid_and_limited_at_the_price_of_the_deployment_that_answers(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    payment = open_payment(account, "sweep/m", "evaluation").at_hour(8.0)
    payment.settle({"deployment-hour": 0.1}, "hours")
    assert [entry.usd for entry in account.entries()] == [pytest.approx(0.8)]

    async def use() -> None:
        # The line holds half an hour at $2; at $8 that is 450 s, less than the window.
        async with open_payment(account, "sweep/m", "dear").at_hour(8.0).limit_hours(500.0):
            await asyncio.sleep(1)

    with pytest.raises(HoursUsedUp, match=r"for the 0\.12 hours"):
        asyncio.run(use())


def test_hours_count_the_attempt_that_crashed(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    first = open_payment(account, "sweep/m", "evaluation")
    assert first.hours(60, 300) == pytest.approx(0.1)
    # The same evaluation, in another process after the first one crashed.
    second = open_payment(fixed_account(tmp_path, plan), "sweep/m", "evaluation")
    assert second.since is not None
    assert second.hours(60, 300) == pytest.approx(0.1, abs=0.02)
    day_old = second.since - dt.timedelta(days=1)
    aged = type(second)(account, second.key, second.id, 1.0, day_old)
    assert aged.hours(60, 300) == pytest.approx(0.5), "never more than the line's high figure"
    assert len(account.ledger().reservations) == 1


def _always(line: str, _: Sequence[str]) -> str:
    return line


def use_up(payment: Payment, idle_seconds: float) -> HoursUsedUp:
    async def use() -> None:
        async with payment.limit_hours(idle_seconds):
            await asyncio.sleep(1)

    with pytest.raises(HoursUsedUp) as caught:
        asyncio.run(use())
    return caught.value


def test_hours_that_are_used_up_again_are_paid_again_for_the_further_use_alone(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    for paid in (1, 2, 3):
        # The line has half an hour, which is the window: all of the first payment, and none of a later one.
        error = use_up(open_payment(account, "sweep/m", "evaluation"), 1800.0)
        assert len(account.entries()) == paid
        assert not account.ledger().reservations, "nothing is held for what is over"
        assert "for the further use of the deployment alone, up to $4.0000 beside what is paid" in error.remedy
        assert "ceiling" not in error.remedy
    first, *later = account.entries()
    assert first.usd == pytest.approx(1.0, abs=0.01)
    # Times in the ledger are whole seconds.
    assert all(entry.usd is not None and entry.usd < 0.01 for entry in later)
    assert {entry.note for entry in account.entries()} == {HOURS_USED_UP}
    payment = open_payment(account, "sweep/m", "evaluation")
    payment.settle({"deployment-hour": payment.hours(60, 1800)}, "hours")
    assert account.ledger().spent == pytest.approx(1.0, abs=0.02)


def test_another_attempt_has_room_after_hours_that_were_used_up(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    for _ in range(2):
        use_up(open_payment(account, "sweep/m", "evaluation"), 1800.0)
        ledger = account.ledger()
        assert account.limit_usd(ledger) - ledger.spent == pytest.approx(CEILING)
    account.reserve("sweep/m", "the rest", CEILING)


def test_a_ceiling_of_the_session_has_to_have_room_for_another_attempt(tmp_path: Path, plan: Plan) -> None:
    high = plan.estimate.high
    for own, advised in ((high / 2, True), (high + 0.5, True), (high + 1.5, False)):
        session = plan.session.model_copy(update={"max_spend_usd": own})
        account = fixed_account(tmp_path / str(own), plan.model_copy(update={"session": session}))
        error = use_up(open_payment(account, "sweep/m", "evaluation"), 1800.0)
        remedy = in_words(account.store, error.remedy)
        assert ("a higher ceiling (`--max-spend-usd " in remedy) == advised
        if advised:
            told = float(remedy.split("--max-spend-usd ")[1].split("`")[0])
            assert high + 1.0 <= told <= high + 1.05


@pytest.mark.parametrize("ending", PARTIAL)
@pytest.mark.parametrize(("ago", "seconds"), [(0, 0), (100, 100), (350, 350), (500, 360), (86_400, 360)])
def test_the_window_is_paid_once_while_the_deployment_stays_up(
    tmp_path: Path, plan: Plan, ending: str, ago: float, seconds: float
) -> None:
    account = fixed_account(tmp_path, plan)
    at = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)).isoformat()
    for id in (f"evaluation-{ending}", "other-used-up-1"):
        recent = at if id.startswith("evaluation") else dt.datetime.now(dt.UTC).isoformat()
        entry = LedgerEntry(key="sweep/m", id=id, quantity=0.1, unit="hours", usd=0.2, at=recent)
        line = payment_line(entry)
        account.store.log(account.dataset, "ledger", f"{plan.digest}.jsonl").append_if(partial(_always, line))
    # A minute of use and a window of five, which the earlier payment has too.
    assert open_payment(account, "sweep/m", "evaluation").hours(60, 300) * 3600 == pytest.approx(seconds, abs=5)


@pytest.mark.parametrize(
    ("estimate", "in_dataset", "usd"),
    [(1.5, 1_000_000, 1.5), (0.5, 1_000_000, 1.0), (None, 2_000_000, 2.0), (0.0, None, 3.0), (None, None, 3.0)],
)
def test_a_job_that_ended_without_a_count_is_held_at_the_most_that_it_can_have_cost(
    tmp_path: Path, plan: Plan, estimate: float | None, in_dataset: int | None, usd: float
) -> None:
    account = fixed_account(tmp_path, plan)
    # Three quarters of the line's price are for training: the share is of one job that has all its tokens.
    open_payment(account, "sweep/m", "job", share=0.75).settle_uncounted(estimate, in_dataset)
    (entry,) = account.entries()
    assert entry.usd == pytest.approx(usd)
    assert (entry.estimated, entry.note) == (True, ENDED_UNCOUNTED)
    ledger = account.ledger()
    assert account.limit_usd(ledger) - ledger.spent == pytest.approx(CEILING), "another attempt has room"
    own = plan.model_copy(update={"session": plan.session.model_copy(update={"max_spend_usd": CEILING})})
    assert fixed_account(tmp_path, own).limit_usd(ledger) == CEILING


def test_an_unpriced_job_that_ended_without_a_count_has_the_platforms_estimate_or_an_unknown_price(
    tmp_path: Path, plan: Plan
) -> None:
    account = unpriced_account(tmp_path, plan)
    for id, estimate in (("told", 2.5), ("silent", None)):
        open_payment(account, "sweep/m", id).settle_uncounted(estimate, None)
    assert [entry.usd for entry in account.entries()] == [2.5, None]


def test_what_was_used_until_the_ceiling_is_paid_once_and_no_longer_held(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    open_payment(account, "sweep/m", "evaluation").settle_at_ceiling(500_000, 0.5, 0.0)
    assert [(entry.id, entry.usd) for entry in account.entries()] == [("evaluation-ceiling-1", 0.5)]
    assert not account.ledger().reservations
    open_payment(account, "sweep/m", "evaluation").settle_at_ceiling(800_000, 0.8, 0.1)
    assert account.ledger().spent == pytest.approx(0.8 + 0.1 * 2.0)
    open_payment(account, "sweep/m", "other").settle_at_ceiling(500_000, 0.5, 0.0)
    open_payment(account, "sweep/m", "other").settle({"training": 1_500_000.0}, "tokens")
    assert sum(entry.usd or 0.0 for entry in account.entries() if entry.id.startswith("other")) == pytest.approx(1.5)
