"""Money on real files: promises before, payments after, side by side, with crashes, and never above the ceiling."""

from __future__ import annotations

import datetime as dt
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.cost.cost_lines import CostLine, cost_line, cost_part
from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.cost.prices import Price
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.account import Account, reserved
from fw_assets.pipeline.errors import JobCost
from fw_assets.workspace.append_log import locked
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.report.workflow import planned

CEILING = 10.0


class Fixed(Account):
    """An account with a ceiling and one line of its own."""

    @property
    def ceiling(self) -> float:
        return CEILING

    def line(self, key: str) -> CostLine | None:
        tokens = Range(low=1e6, expected=2e6, high=3e6)
        prices = [Price(item="training", usd=1.0), Price(item="deployment-hour", usd=2.0)]
        hours = Range(low=0.1, expected=0.1, high=0.5)
        return cost_line("sweep", "m", "", [cost_part(prices[0], tokens), cost_part(prices[1], hours)], key=key)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()[0]


def account(folder: str | Path, plan: Plan) -> Fixed:
    return Fixed(Workspace(str(folder)), "tickets", plan, "none")


launches = st.lists(
    st.tuples(
        st.floats(0, 6),  # promised
        st.floats(0, 1),  # share of it that is paid in the end
        st.sampled_from(["settled", "late", "crashed", "torn", "again"]),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(launches=launches, threads=st.integers(1, 4))
def test_spend_never_passes_the_ceiling(launches: list[tuple[float, float, str]], threads: int, plan: Plan) -> None:
    """Launches side by side, some whose process dies, some that are settled long after, some tried again."""
    with tempfile.TemporaryDirectory() as folder:
        late: list[tuple[str, float]] = []

        def work(place: int) -> None:
            # Every launch opens the record anew, as another process would.
            for number, (amount, share, fate) in enumerate(launches):
                if number % threads != place:
                    continue
                id = f"job-{number}"
                try:
                    account(folder, plan).reserve("sweep/m", id, amount)
                except CeilingReached:
                    continue
                if fate == "torn":
                    # A process dies while it writes: it holds the lock until then, and only the system gives it back.
                    record = ("tickets", "ledger", f"{plan.digest}.jsonl")
                    with locked(Path(folder, *record)), Path(folder, *record).open("ab") as torn:
                        torn.write(b'["paid",{"id":"jo')
                elif fate == "again":
                    account(folder, plan).reserve("sweep/m", id, amount)
                    account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                    account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                elif fate == "settled":
                    account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                elif fate == "late":
                    late.append((id, amount * share))

        workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert account(folder, plan).ledger().spent + account(folder, plan).ledger().reserved <= CEILING + 1e-6
        for id, usd in late:
            account(folder, plan).pay("sweep/m", id, 1, "tokens", usd)
        found = account(folder, plan).ledger()
        assert found.spent + found.reserved <= CEILING + 1e-6
        assert len({entry.id for entry in found.entries}) == len(found.entries)


def test_what_cannot_be_afforded_ends_the_run(tmp_path: Path, plan: Plan) -> None:
    money = account(tmp_path, plan)
    signature = money.store.write("approval", "tickets", plan.session, inputs=plan.digest)
    money.reserve("sweep/m", "one", 9.0)
    with pytest.raises(CeilingReached, match=r"\$2\.0000 more would pass the approved \$10\.0000"):
        money.reserve("sweep/m", "two", 2.0)
    head = money.store.header("stopped", "tickets")
    assert head is not None
    assert head.inputs == signature
    assert money.ledger().reserved == 9.0


def test_a_job_that_the_platform_prices_higher_stops_everything_else(tmp_path: Path, plan: Plan) -> None:
    money = account(tmp_path, plan)
    payment = reserved(money, "sweep/m", "job", share=0.5)
    payment.quoted(2.0)
    payment.quoted(None)
    with pytest.raises(JobCost, match=r"\$9\.5000 for this job, more than the \$2\.0000"):
        payment.quoted(9.5)
    assert money.ledger().reserved == 9.5
    with pytest.raises(CeilingReached):
        money.reserve("sweep/m", "other", 1.0)


def test_tokens_that_the_platform_did_not_count_are_the_expected_ones(tmp_path: Path, plan: Plan) -> None:
    money = account(tmp_path, plan)
    reserved(money, "sweep/m", "counted", share=0.5).settle_tokens(1_100_000)
    # Half of the training, which is three quarters of the line's price.
    reserved(money, "sweep/m", "silent", share=0.375).settle_tokens(None)
    counted, silent = money.entries()
    assert counted.usd == pytest.approx(1.1)
    assert not counted.estimated
    assert (silent.quantity, silent.estimated) == (1_000_000, True)
    assert silent.usd == pytest.approx(1.0)


def test_hours_count_the_attempt_that_crashed(tmp_path: Path, plan: Plan) -> None:
    money = account(tmp_path, plan)
    first = reserved(money, "sweep/m", "evaluation")
    assert first.hours(60, 300) == pytest.approx(0.1)
    # The same evaluation, taken up again by another process.
    second = reserved(account(tmp_path, plan), "sweep/m", "evaluation")
    assert second.since is not None
    assert second.hours(60, 300) == pytest.approx(0.1, abs=0.02)
    day_old = second.since - dt.timedelta(days=1)
    aged = type(second)(money, second.key, second.id, 1.0, day_old)
    assert aged.hours(60, 300) == pytest.approx(0.5), "never more than the line's high figure"
    assert len(money.ledger().reservations) == 1
