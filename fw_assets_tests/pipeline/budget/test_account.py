"""Money on real files: reservations before, payments after, side by side, with crashes, and never above the ceiling."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.values.approval import Stopped
from fw_assets.workspace.file_lock import locked
from fw_assets_tests.pipeline.budget.fixed_account import CEILING, fixed_account
from fw_assets_tests.report.workflow import planned


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned()[0]


launches = st.lists(
    st.tuples(
        st.floats(0, 6),  # reserved
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

        def work(worker: int) -> None:
            # Every launch opens the log again, as another process would.
            for number, (amount, share, fate) in enumerate(launches):
                if number % threads != worker:
                    continue
                id = f"job-{number}"
                try:
                    fixed_account(folder, plan).reserve("sweep/m", id, amount)
                except CeilingReached:
                    continue
                if fate == "torn":
                    # A process dies while it writes: it holds the lock until then, and only the system gives it back.
                    path = ("tickets", "ledger", f"{plan.digest}.jsonl")
                    with locked(Path(folder, *path)), Path(folder, *path).open("ab") as torn:
                        torn.write(b'["paid",{"id":"jo')
                elif fate == "again":
                    fixed_account(folder, plan).reserve("sweep/m", id, amount)
                    fixed_account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                    fixed_account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                elif fate == "settled":
                    fixed_account(folder, plan).pay("sweep/m", id, 1, "tokens", amount * share)
                elif fate == "late":
                    late.append((id, amount * share))

        running = [threading.Thread(target=work, args=(worker,)) for worker in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        ledger = fixed_account(folder, plan).ledger()
        assert ledger.spent + ledger.reserved <= CEILING + 1e-6
        for id, usd in late:
            fixed_account(folder, plan).pay("sweep/m", id, 1, "tokens", usd)
        ledger = fixed_account(folder, plan).ledger()
        assert ledger.spent + ledger.reserved <= CEILING + 1e-6
        assert len({entry.id for entry in ledger.entries}) == len(ledger.entries)


def test_what_cannot_be_afforded_ends_the_run(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    approval = account.store.write("approval", "tickets", plan.session, inputs=plan.digest)
    account.reserve("sweep/m", "one", 9.0)
    with pytest.raises(CeilingReached, match=r"\$2\.0000 more would pass the approved \$10\.0000"):
        account.reserve("sweep/m", "two", 2.0)
    header = account.store.header("stopped", "tickets")
    assert header is not None
    assert header.inputs == approval
    assert account.ledger().reserved == 9.0
    assert "A higher ceiling does not help" in account.store.require("stopped", "tickets", Stopped).remedy
    own = plan.model_copy(update={"session": plan.session.model_copy(update={"max_spend_usd": 0.001})})
    limited = fixed_account(tmp_path, own)
    limited.store.write("approval", "tickets", plan.session, inputs=plan.digest)
    with pytest.raises(CeilingReached):
        limited.reserve("sweep/m", "two", 11.0)
    assert "higher ceiling (`--max-spend-usd`" in limited.store.require("stopped", "tickets", Stopped).remedy


def test_a_yes_of_its_own_allows_its_amount_beside_what_is_spent_and_no_more(tmp_path: Path, plan: Plan) -> None:
    account = fixed_account(tmp_path, plan)
    account.allow(CEILING, "ann")
    assert not list(account.store.lines("tickets", "ledger", f"{plan.digest}.jsonl")), "the ceiling has room for it"
    account.pay("sweep/m", "job", 1, "tokens", 9.0)
    account.reserve("deployment/first-hour", "serving-gone", 0.5)
    for _ in range(2):
        account.allow(3.0, "ann", replaces=("deployment/first-hour",))
    assert account.limit_usd(account.ledger()) == 12.0
    account.release("serving-gone")
    account.reserve("deployment/first-hour", "serving-new", 2.0)
    account.reserve("deployment/proof", "proof-new", 1.0)
    with pytest.raises(CeilingReached, match=r"the approved \$12\.0000"):
        account.reserve("deployment/proof", "other", 0.01)
    (yes,) = (line for line in account.store.lines("tickets", "ledger", f"{plan.digest}.jsonl") if "approved" in line)
    assert '"by":"ann"' in yes
    assert fixed_account(tmp_path, plan).limit_usd(account.ledger()) == 12.0, "in any process"
