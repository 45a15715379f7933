"""What the commands have in common: how a plan, a report and a JSON object are shown, and finding a dataset."""

from __future__ import annotations

import contextlib
import json
import sys

import click

from fw_assets.classification.errors import input_error
from fw_assets.classification.plan.plan import Plan
from fw_assets.console import err, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.values import PlanChanges, Registration
from fw_assets.workspace.workspace import Workspace


def known(store: Workspace, name: str) -> Registration:
    """The registered dataset of that name.

    Raises:
        InputError: there is none; the message lists those that are.
    """
    found = store.read("registration", name, Registration)
    if found is None:
        raise input_error(
            f"no dataset {name!r} in {store.root}; there: {', '.join(store.datasets()) or 'none yet'}",
            field="NAME",
        )
    return found


def show_plan(store: Workspace, name: str) -> None:
    """The plan on standard error, with what changed since the last answer."""
    from fw_assets.report.rendering.terminal import plan_view, show

    current = store.require("plan", name, Plan)
    show(plan_view(current), err)
    changes = store.read("plan_changes", name, PlanChanges)
    if changes is not None and changes.plan_digest == current.digest and changes.differences:
        err.print(f"\n{changes.heading}", markup=False)
        for difference in changes.differences:
            err.print(f"  {difference}", markup=False)
    err.print(f"The whole plan: {store.url(name, 'plan.md')}", markup=False)


def show_report(store: Workspace, name: str, *, as_json: bool) -> int:
    """The report's tables and where it lies, or report.json."""
    from fw_assets.report.rendering.terminal import report_view, show
    from fw_assets.report.schema.report import Report

    made = Report.model_validate_json(store.read_text(name, "report.json") or "")
    if as_json:
        click.echo(store.read_text(name, "report.json"))
    else:
        show(report_view(made), out)
        out.print(
            f"Report: {store.url(name, 'final_report.md')}\n        {store.url(name, 'final_report.html')}",
            markup=False,
        )
    return DONE


def print_json(value: object) -> None:
    """The one object that `--json` prints."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
