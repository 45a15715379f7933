"""The rule on money: what an agent may approve and spend."""

from __future__ import annotations

import math

import pytest

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.plan import Plan
from fw_assets.commands.mcp.spending import Spending, spending
from fw_assets.pipeline.errors.phase import NotApproved
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project


@pytest.fixture(scope="module")
def free_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    project = Project(tmp_path_factory.mktemp("planned"), rows=120)
    done = project.run("plan", str(project.data), "--model", "char-ngram", "--benchmark-only", "--json")
    assert done.returncode == 0, done.stderr
    return Workspace(str(project.workspace)).require("plan", "tickets", Plan)


def priced(plan: Plan, high: float, *, unknown: tuple[str, ...] = (), limit: float | None = None) -> Plan:
    """A plan of another price."""
    changed = {"high": high, "unknown": unknown, "lower_bound": bool(unknown)}
    estimate = Estimate.model_validate(plan.estimate.model_dump() | changed)
    session = plan.session.model_copy(update={"max_spend_usd": limit})
    return plan.model_copy(update={"estimate": estimate, "session": session, "mitigations": ()})


@pytest.mark.parametrize(
    ("allow", "usd", "message"),
    [
        (True, None, "--allow-approve: an agent approves within a ceiling alone"),
        (False, 5.0, "--max-approve-usd: is the ceiling of --allow-approve"),
        (True, math.nan, "expected US dollars"),
        (True, math.inf, "expected US dollars"),
        (True, -1.0, "expected US dollars"),
    ],
)
def test_both_options_go_together_and_the_ceiling_is_an_amount(allow: bool, usd: float | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spending(allow, usd)


def test_without_a_ceiling_only_what_costs_nothing_goes_on(free_plan: Plan) -> None:
    rule = spending(False, None)
    with rule.plan(free_plan, "free", again=False):
        pass
    with pytest.raises(NotApproved, match=r"may cost up to \$0.0100, and this server spends nothing"):
        rule.plan(priced(free_plan, 0.01), "a", again=False).__enter__()


def test_the_ceiling_is_for_all_plans_together(free_plan: Plan) -> None:
    rule = Spending(5.0)
    with rule.plan(priced(free_plan, 3.0), "a", again=True):
        pass
    with pytest.raises(NotApproved, match=r"up to \$3.0000, and \$2.0000 is left of the \$5.00"):
        rule.plan(priced(free_plan, 3.0), "b", again=True).__enter__()
    with rule.plan(priced(free_plan, 3.0), "a", again=False):
        assert rule.left == 2.0  # its run counts no second time
    with pytest.raises(NotApproved, match="is left"):
        rule.plan(priced(free_plan, 3.0), "a", again=True).__enter__()  # another attempt does
    with rule.plan(priced(free_plan, 2.0), "b", again=True):
        assert rule.left == 0.0


def test_the_sessions_own_ceiling_is_what_counts_where_it_is_lower(free_plan: Plan) -> None:
    with Spending(5.0).plan(priced(free_plan, 50.0, limit=5.0), "a", again=True):
        pass


@pytest.mark.parametrize("ceiling", [None, 0.0, 1e6])
def test_unknown_prices_are_never_an_agents_to_answer(free_plan: Plan, ceiling: float | None) -> None:
    rule = Spending(ceiling)
    with pytest.raises(NotApproved, match=r"prices that are not known \(sweep/m\).*fw-assets run tickets --approve"):
        rule.plan(priced(free_plan, 0.0, unknown=("sweep/m",), limit=1.0), "a", again=True).__enter__()
    assert rule.left == (ceiling or 0.0)


def test_an_approval_that_fails_counts_nothing(free_plan: Plan) -> None:
    rule = Spending(5.0)
    with pytest.raises(RuntimeError), rule.plan(priced(free_plan, 3.0), "a", again=True):
        raise RuntimeError
    assert rule.left == 5.0


def test_labelling_counts_with_what_its_ledger_has() -> None:
    paid = [0.25]
    rule = Spending(1.0)
    with rule.labelling(lambda: paid[0]) as left:
        assert left == 1.0
        paid[0] += 0.4

    def labelling_that_fails() -> None:
        with rule.labelling(lambda: paid[0]) as left:
            assert left == pytest.approx(0.6)
            paid[0] += 0.5
            raise RuntimeError

    with pytest.raises(RuntimeError):
        labelling_that_fails()
    assert rule.left == pytest.approx(0.1)
