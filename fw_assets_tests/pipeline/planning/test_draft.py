"""A stored plan compared with what the platform offers now, whichever version of this program wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.plan.plan import Plan
from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.approvals import require_approval
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import FINALISTS, TUNING, Step, due
from fw_assets.pipeline.planning.draft import changed_draft
from fw_assets.pipeline.platform.catalogue import PricedCatalogue, priced_catalogue
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.runner.worker import materialize
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.price_changes import MODEL, USUAL, charge
from fw_assets_tests.project import InProcessPool, Project


@pytest.fixture
def planned(here: Project) -> Project:
    here.make_pool = InProcessPool
    charge(here, USUAL)
    assert here.run("plan", str(here.data), "--model", "char-ngram").returncode == 0
    return here


def with_model(priced: PricedCatalogue, name: str, **change: Any) -> PricedCatalogue:
    models = tuple(item.model_copy(update=change) if item.name == name else item for item in priced.models)
    return PricedCatalogue(models, priced.prices)


def test_what_a_plan_states_of_its_models_is_compared(planned: Project) -> None:
    store, host = Workspace(str(planned.workspace)), platform_from_environment()
    priced = priced_catalogue(host)
    other = next(item.name for item in priced.models if item.name != MODEL)
    assert changed_draft(store, host, "tickets", priced) is None
    assert changed_draft(store, host, "tickets", with_model(priced, other, context_length=1, tunable=False)) is None
    smaller = changed_draft(store, host, "tickets", with_model(priced, MODEL, context_length=1))
    assert smaller is not None
    assert smaller.plan.digest != store.require("plan", "tickets", Plan).digest
    for gone in (
        with_model(priced, MODEL, tunable=False),
        with_model(priced, MODEL, unusable="it was retired"),
        PricedCatalogue(tuple(item for item in priced.models if item.name != MODEL), priced.prices),
    ):
        with pytest.raises(InputError, match=r"char-ngram.*nearest that can be used"):
            changed_draft(store, host, "tickets", gone)


def test_a_plan_and_an_approval_of_the_version_before_go_on_until_a_price_rises(planned: Project) -> None:
    store = Workspace(str(planned.workspace))
    plan = store.require("plan", "tickets", Plan)
    before = plan.model_copy(update={"models": tuple(m.model_copy(update={"entry": None}) for m in plan.models)})
    # The stored plan had no such field, and kept nothing of what it was made from.
    store.write("plan", "tickets", before, inputs=plan.inputs, digest=before.digest)
    path = store.local("tickets", "assets", "plan.json")
    stored = json.loads(path.read_text("utf-8").replace('"entry":null,', ""))
    path.write_text(json.dumps({key: stored[key] for key in ("inputs", "digest", "value")}), "utf-8")
    assert '"entry"' not in path.read_text("utf-8")
    store.local("tickets", "assets", "basis.json").unlink()

    assert planned.approve().returncode == 0
    assert require_approval(store, "tickets").plan_digest == before.digest
    base = Step(("base_metrics",), "tickets", "char-ngram", "")
    materialize(str(planned.workspace), CODE_LOCATION, base, None)
    materialize(str(planned.workspace), CODE_LOCATION, Step(FINALISTS, "tickets", None, ""), None)
    charge(planned, {**USUAL, "training": 500.0})
    with pytest.raises(StepFailed, match=r"training of char-ngram: \$5\.00 -> \$500\.00 per million tokens"):
        materialize(str(planned.workspace), CODE_LOCATION, Step(TUNING, "tickets", "char-ngram", ""), None)
    assert due(store, "tickets", driver=None).state == "waiting"
    assert store.header("base_metrics", "tickets", "char-ngram") is not None, "what was paid is kept"


def test_a_wrong_answer_to_a_changed_plan_is_refused_and_shows_the_new_one(planned: Project) -> None:
    store = Workspace(str(planned.workspace))
    before = store.header("plan", "tickets")
    charge(planned, {**USUAL, "training": 500.0})
    refused = planned.approve()
    assert refused.returncode == 3
    now = store.header("plan", "tickets")
    assert before is not None
    assert now is not None
    assert now.digest != before.digest
    assert "nothing was approved" in refused.stderr
    assert "training of char-ngram: $5.00 -> $500.00 per million tokens." in refused.stderr
    assert f"made again as {now.digest}" in refused.stderr
    assert not (planned.workspace / "tickets" / "approvals.jsonl").exists()
    assert planned.run("approve", "tickets", "--digest", before.digest).returncode != 0
    assert planned.run("approve", "tickets", "--digest", now.digest).returncode == 0


@pytest.mark.parametrize("own", [False, True], ids=["rehearsed", "FW_PRICES"])
def test_plan_and_run_show_the_prices_of_now(planned: Project, own: bool) -> None:
    file = charge(planned, {**USUAL, "training": 500.0})
    if own:
        charge(planned, USUAL)
        file = str(planned.folder / "own.yaml")
        (planned.folder / "own.yaml").write_text("- {item: training, model: char-ngram, usd: 500, date: 2026-11-01}\n")
        planned.environment["FW_PRICES"] = file
    more = () if own else ("--rehearse-prices", file)
    store = Workspace(str(planned.workspace))
    before = store.header("plan", "tickets")
    for command in (("run",), ("plan",)):
        shown = planned.run(*command, str(planned.data), "--model", "char-ngram", *more)
        assert "training of char-ngram: $5.00 -> $500.00 per million tokens." in shown.stderr
        assert store.header("plan", "tickets") != before
    assert planned.platform()["inference_requests"] == 0


def test_a_yes_on_the_command_line_is_none_to_prices_that_rose_since_the_plan(planned: Project) -> None:
    store = Workspace(str(planned.workspace))
    charge(planned, {**USUAL, "training": 500.0})
    refused = planned.run("run", "tickets", "--approve", "--yes")
    assert refused.returncode == 3
    assert "$5.00 -> $500.00 per million tokens" in refused.stderr
    assert "the plan costs more than when it was made, so nothing was approved" in refused.stderr
    assert store.header("approval", "tickets") is None
    assert store.header("base_metrics", "tickets", "char-ngram") is None
    done = planned.run("run", "tickets", "--approve", "--yes")
    assert done.returncode == 0, done.stderr


def test_a_yes_holds_where_prices_fell(planned: Project) -> None:
    charge(planned, {**USUAL, "training": 1.0})
    assert planned.run("run", "tickets", "--approve", "--yes").returncode == 0
