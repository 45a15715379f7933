"""Commands that take a dataset further: plan, run, approve."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import click

from fw_assets.classification.errors import input_error
from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.classification.visible_text import printable
from fw_assets.code_location import CODE_LOCATION
from fw_assets.commands.dialogue import Dialogue
from fw_assets.commands.register import register_dataset
from fw_assets.commands.render import show_plan, show_report
from fw_assets.console import echo_json, err, show_progress
from fw_assets.exit_codes import DONE, FAILED, INCOMPLETE, WAITING
from fw_assets.pipeline.budget.attempts import waits_for_signature
from fw_assets.pipeline.phases import APPROVAL, DatasetStatus, Step
from fw_assets.pipeline.platform.catalogue import own_prices
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.run_config import Driver, approval_config
from fw_assets.pipeline.runner.driver import TAKEN_OVER, UNDECIDED, answer, plan_now
from fw_assets.pipeline.runner.redelivery import approval_again
from fw_assets.pipeline.runner.session import exclusive_pool, finish
from fw_assets.pipeline.runner.worker_pool import PoolFactory, WorkerPool
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.command_line import command
from fw_assets.pipeline.workflow.owner import require_no_owner
from fw_assets.workspace.workspace import Workspace

MAX_LISTED_LABELS = 30


def plan(root: str, arguments: Mapping[str, Any], *, as_json: bool, make_pool: PoolFactory | None = None) -> int:
    """Register the dataset of the arguments, and run its inspection and planning."""
    store = Workspace(root)
    dialogue = Dialogue.at_terminal(ask=not as_json)

    def register_and_plan() -> Registration:
        registration = register_dataset(store, arguments, dialogue)
        with workers(store, registration.name, as_json, make_pool) as pool:
            plan_now(pool, store, platform_from_environment(), registration.name, report=_print)
        return registration

    registration = dialogue.until_clear(register_and_plan)
    plan = store.require("plan", registration.name, Plan)
    if as_json:
        echo_json(plan.model_dump(mode="json") | {"digest": plan.digest})
    else:
        show_plan(store, registration.name)
        if plan.unused:
            _show_unused(plan.unused)
        else:
            _print(f"\nTo go on: {command(store, 'run', registration.name, '--approve')}")
    return DONE


def run(
    root: str,
    arguments: Mapping[str, Any],
    *,
    approve: bool,
    ask: bool,
    as_json: bool,
    make_pool: PoolFactory | None = None,
) -> int:
    """Register the dataset of the arguments, and run every phase that is due.

    Args:
        approve: approve the plan, unless a clause of the instruction was not understood.
        ask: ask a person at the terminal, if there is one.
        make_pool: by default, workers in processes of their own.
    """
    dialogue = Dialogue.at_terminal(ask=ask and not as_json)
    go_on = partial(_run, Workspace(root), arguments, dialogue, approve=approve, as_json=as_json, make_pool=make_pool)
    return dialogue.until_clear(go_on)


def _run(
    store: Workspace,
    arguments: Mapping[str, Any],
    dialogue: Dialogue,
    *,
    approve: bool,
    as_json: bool,
    make_pool: PoolFactory | None,
) -> int:
    registration = register_dataset(store, arguments, dialogue)
    name = registration.name
    approves = approve and not registration.unused
    with workers(store, name, as_json, make_pool) as pool:
        states = (*UNDECIDED, *(TAKEN_OVER if approve else ()))
        platform = platform_from_environment()
        before = store.read("plan", name, Plan)
        status = plan_now(pool, store, platform, name, report=_print, ahead=approves, states=states)
        undecided = status.state in states
        if undecided and approves and before is not None and _is_dearer(before, store.require("plan", name, Plan)):
            # A yes on the command line was given to the plan that had been shown.
            if not as_json:
                show_plan(store, name)
            _print(
                f"{name}: the plan costs more than when it was made, so nothing was approved; --approve again says yes "
                "to this plan"
            )
            if as_json:
                _echo_waiting(store, name, status)
            return WAITING
        if undecided and approves:
            if not as_json:
                show_plan(store, name)
            answer(pool, name, _approval(store, name) | {"decision": "approve"})
        elif approves and waits_for_signature(store, name):
            answer(pool, name, approval_again(store, name, getpass.getuser()))
        if approves or not undecided:
            status = finish(pool, store, platform, name, report=_print)
    if undecided and not approves:
        config = _ask_for_approval(store, registration, status, dialogue, as_json=as_json)
        if config is None:
            return WAITING
        with workers(store, name, as_json, make_pool) as pool:
            answer(pool, name, config)
            if config["decision"] == "reject":
                return WAITING
            status = finish(pool, store, platform, name, report=_print)
    return _show_status(store, name, status, as_json=as_json)


@contextmanager
def workers(store: Workspace, name: str, as_json: bool, make_pool: PoolFactory | None) -> Iterator[WorkerPool]:
    """The workers of a command, which has the dataset to itself."""
    # The module that prints plan and report is imported while the workers are at work.
    threading.Thread(target=import_module, args=("fw_assets.report.rendering.terminal",), daemon=True).start()
    with show_progress(as_json), exclusive_pool(store, name, _print, make_pool) as pool:
        yield pool


def _show_status(store: Workspace, name: str, status: DatasetStatus, *, as_json: bool) -> int:
    """Print the report, or why there is none; returns the exit code."""
    if status.state == "done":
        show_report(store, name, as_json=as_json)
        return DONE
    if status.state == "incomplete":
        show_report(store, name, as_json=as_json)
        return INCOMPLETE
    if as_json:
        echo_json({"dataset": name, "state": status.state, "note": status.note})
    if status.state == "elsewhere":
        _print(f"{name}: {status.note}; with --approve this command takes it over")
        return WAITING
    _print(f"{name}: {status.note}")
    return FAILED


def _is_dearer(before: Plan, now: Plan) -> bool:
    """Whether a plan of the same session and data may cost more than it did, at the prices of now."""
    same = (before.session, before.inputs) == (now.session, now.inputs)
    return same and before.digest != now.digest and now.estimate.high > before.estimate.high


def _approval(store: Workspace, name: str) -> dict[str, Any]:
    digest = store.require("plan", name, Plan).digest
    return approval_config(getpass.getuser(), digest, driver="command-line")


def _ask_for_approval(
    store: Workspace, registration: Registration, status: DatasetStatus, dialogue: Dialogue, *, as_json: bool
) -> dict[str, Any] | None:
    """Show the plan and ask for an answer; None if there is none, after saying how to give one."""
    name, unused = registration.name, registration.unused
    plan = store.require("plan", name, Plan)
    config = _approval(store, name)
    if not as_json:
        show_plan(store, name)
    if unused:
        _show_unused(unused)
    if dialogue.is_open:
        labels = plan.label_set.labels
        if not plan.label_set.given:
            listed = ", ".join(labels[:MAX_LISTED_LABELS]) + (" ..." if len(labels) > MAX_LISTED_LABELS else "")
            question = f"\nThe {len(labels)} labels were inferred: {listed}\nAre they right?"
            config["labels_confirmed"] = click.confirm(printable(question), default=False, err=True)
        reply = click.prompt(
            "\nApprove this plan?", type=click.Choice(["yes", "no", "later"]), default="later", err=True
        )
        if reply != "later":
            return config | {"decision": "approve" if reply == "yes" else "reject"}
    elif as_json:
        _echo_waiting(store, name, status, unused)
    # Only a person who names the digest approves a plan that an instruction was not wholly used for.
    words = ("approve", name, "--digest", plan.digest) if unused else ("run", name, "--approve")
    _print(f"\n{name}: {status.note}. Approve with: {command(store, *words)}, or in the Dagster UI.")
    return None


def _echo_waiting(store: Workspace, name: str, status: DatasetStatus, unused: Sequence[str] = ()) -> None:
    """Print the object of a plan that waits for approval."""
    echo_json(
        {
            "dataset": name,
            "state": status.state,
            "plan_digest": store.require("plan", name, Plan).digest,
            "unused": [{"clause": clause, "instead": suggest(clause)} for clause in unused],
        }
    )


def _show_unused(unused: Sequence[str]) -> None:
    _print("\nNot understood in the instruction, and nothing runs on a guess:")
    for clause in unused:
        _print(f"  {clause!r}: {suggest(clause)}")


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
    as_json: bool,
) -> int:
    """Answer a plan."""
    from fw_assets.pipeline.runner.worker import materialize

    store = Workspace(root)
    require_no_owner(store)
    if not reject:
        own_prices()
    registration = registered_dataset(store, name)
    driver = driver or registration.driver
    head = store.header("plan", name)
    if head is not None and not digest and not reject:
        shown = store.local(name, "plan.md") if store.is_local else store.url(name, "plan.md")
        raise input_error(
            "a yes is to one plan, and names its digest",
            field="--digest",
            advice=f"Look at {shown}, then: {command(store, 'approve', name, '--digest', head.digest)}",
        )
    config = approval_config(
        by,
        digest or (head.digest if head else ""),
        "reject" if reject else "approve",
        driver=driver,
        mitigation=mitigation,
        labels_confirmed=labels_confirmed,
        note=note,
    )
    materialize(root, CODE_LOCATION, Step(APPROVAL, name, None, ""), config)
    if as_json:
        answered = {"decision": config["decision"], "plan_digest": config["plan_digest"], "driver": driver}
        echo_json({"dataset": name, **answered, "by": by})
    if reject:
        _print(f"{name}: rejected; nothing was started.")
    elif driver == "daemon":
        _print(f"{name}: approved; Dagster's daemon goes on ({command(store, 'ui')}).")
    else:
        _print(f"{name}: approved; go on with: {command(store, 'run', name)}")
    return DONE


def _print(text: str) -> None:
    err.print(text, soft_wrap=True)  # a command in it that was broken into lines could not be pasted
