"""The commands that move a dataset on: plan, run, approve."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.code_location import CODE_LOCATION
from fw_assets.commands.register import register_dataset
from fw_assets.commands.render import known, print_json, show_plan, show_report
from fw_assets.console import err, is_terminal, progress_shown
from fw_assets.exit_codes import DONE, FAILED, INCOMPLETE, WAITING
from fw_assets.pipeline.phases import APPROVAL, PLANNING, DatasetStatus, Step
from fw_assets.pipeline.run_config import Driver, approval_config
from fw_assets.pipeline.runner.driver import answer, drive
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets.pipeline.values import Registration
from fw_assets.workspace.workspace import Workspace


def plan(root: str, given: Mapping[str, Any], *, as_json: bool) -> int:
    """Phases 1 and 2."""
    store = Workspace(root)
    registration = register_dataset(store, given, ask=not as_json)
    with _workers(store, registration.name, as_json) as pool:
        drive(pool, store, registration.name, report=_say, only=PLANNING)
    made = store.require("plan", registration.name, Plan)
    if as_json:
        print_json(made.model_dump(mode="json") | {"digest": made.digest})
    else:
        show_plan(store, registration.name)
        if made.unused:
            _show_unused(made.unused)
        else:
            err.print(f"\nTo go on: fw-assets run {registration.name} --approve", markup=False)
    return DONE


@contextmanager
def _workers(store: Workspace, name: str, as_json: bool) -> Iterator[WorkerPool]:
    # What shows the plan and the report is loaded while others work.
    threading.Thread(target=import_module, args=("fw_assets.report.rendering.terminal",), daemon=True).start()
    with store.exclusive(name, "run"), progress_shown(as_json), ProcessPool(store.root, CODE_LOCATION) as pool:
        yield pool


def run(root: str, given: Mapping[str, Any], *, approve: bool, ask: bool, as_json: bool) -> int:
    """All phases, from where the dataset stands."""
    store = Workspace(root)
    registration = register_dataset(store, given, ask=ask and not as_json)
    name = registration.name
    sure = approve and not registration.unused
    with _workers(store, name, as_json) as pool:
        standing = drive(pool, store, name, report=_say, only=PLANNING, ahead=sure)
        answers = standing.state in ("waiting", "rejected", *(("elsewhere", "incomplete") if approve else ()))
        if answers and sure:
            if not as_json:
                show_plan(store, name)
            answer(pool, name, _signed(store, name) | {"decision": "approve"})
        if sure or not answers:
            standing = drive(pool, store, name, report=_say)
    if answers and not sure:
        asked = _asked(store, name, registration, standing, ask=ask, as_json=as_json)
        if asked is None:
            return WAITING
        with _workers(store, name, as_json) as pool:
            answer(pool, name, asked)
            if asked["decision"] == "reject":
                return WAITING
            standing = drive(pool, store, name, report=_say)
    if standing.state == "elsewhere":
        err.print(f"{name}: {standing.note}; with --approve this command takes it over", markup=False)
        return WAITING
    if standing.state == "incomplete":
        show_report(store, name, as_json=as_json)
        return INCOMPLETE
    if standing.state != "done":
        err.print(f"{name}: {standing.note}", markup=False)
        return FAILED
    return show_report(store, name, as_json=as_json)


def _signed(store: Workspace, name: str) -> dict[str, Any]:
    digest = store.require("plan", name, Plan).digest
    return approval_config(getpass.getuser(), digest, driver="command-line")


def _asked(
    store: Workspace, name: str, registration: Registration, standing: DatasetStatus, *, ask: bool, as_json: bool
) -> dict[str, Any] | None:
    """The answer of a person, None where there is none."""
    current = store.require("plan", name, Plan)
    answer = _signed(store, name)
    if not as_json:
        show_plan(store, name)
    if registration.unused:
        _show_unused(registration.unused)
    if ask and is_terminal() and not as_json:
        found = current.label_set
        if not found.given:
            listed = ", ".join(found.labels[:30]) + (" ..." if len(found.labels) > 30 else "")
            question = f"\nThe {len(found.labels)} labels were inferred: {listed}\nAre they right?"
            answer["labels_confirmed"] = click.confirm(question, default=False, err=True)
        said = click.prompt(
            "\nApprove this plan?", type=click.Choice(["yes", "no", "later"]), default="later", err=True
        )
        if said != "later":
            return answer | {"decision": "approve" if said == "yes" else "reject"}
    elif as_json:
        print_json(
            {
                "dataset": name,
                "state": standing.state,
                "plan_digest": current.digest,
                "unused": [{"clause": clause, "instead": suggest(clause)} for clause in registration.unused],
            }
        )
    how = f"fw-assets approve {name} --digest {current.digest}" if registration.unused else ""
    err.print(
        f"\n{name}: {standing.note}. Approve with: {how or f'fw-assets run {name} --approve'}, or in the Dagster UI.",
        markup=False,
    )
    return None


def _show_unused(unused: Sequence[str]) -> None:
    err.print("\nNot understood in the instruction, and nothing runs on a guess:", markup=False)
    for clause in unused:
        err.print(f"  {clause!r}: {suggest(clause)}", markup=False)


def approve(
    root: str,
    name: str,
    *,
    digest: str,
    mitigation: Mitigation | None,
    by: str,
    note: str,
    reject: bool,
    driver: Driver | None,
    labels_confirmed: bool,
) -> int:
    """Answer a plan."""
    store = Workspace(root)
    registration = known(store, name)
    chosen = driver or registration.driver
    answer = approval_config(
        by,
        digest,
        "reject" if reject else "approve",
        driver=chosen,
        mitigation=mitigation,
        labels_confirmed=labels_confirmed,
        note=note,
    )
    from fw_assets.pipeline.runner.worker import materialize

    materialize(root, CODE_LOCATION, Step(APPROVAL, name, None, ""), answer)
    if reject:
        err.print(f"{name}: rejected; nothing was started.", markup=False)
    elif chosen == "daemon":
        err.print(f"{name}: approved; Dagster's daemon goes on (dagster dev).", markup=False)
    else:
        err.print(f"{name}: approved; go on with: fw-assets run {name}", markup=False)
    return DONE


def _say(text: str) -> None:
    err.print(text, markup=False)
