"""Output of the commands: plans and reports."""

from __future__ import annotations

import json

from fw_assets.classification.plan.plan import Plan
from fw_assets.console import echo_json, err, out
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.pipeline.workflow.next_step import to_say_yes
from fw_assets.workspace.workspace import Workspace


def show_plan(store: Workspace, name: str) -> None:
    """Print the plan on standard error, with what changed since the last answer."""
    from fw_assets.report.rendering.terminal import plan_view, show

    plan = store.require("plan", name, Plan)
    show(plan_view(plan, to_say_yes(store, name, plan.digest)), err)
    changes = store.read("plan_changes", name, PlanChanges)
    if changes is not None and changes.plan_digest == plan.digest and changes.differences:
        err.print(f"\n{changes.heading}")
        for difference in changes.differences:
            err.print(f"  {difference}")
    err.print(f"The whole plan: {store.url(name, 'plan.md')}")


def show_report(store: Workspace, name: str, *, as_json: bool) -> None:
    """Print the report's tables and its paths, or report.json."""
    from fw_assets.report.rendering.terminal import report_view, show
    from fw_assets.report.schema.report import Report

    text = store.read_text(name, "report.json") or ""
    if as_json:
        echo_json(json.loads(text))
        return
    show(report_view(Report.model_validate_json(text)), out)
    paths = f"{store.url(name, 'final_report.md')}\n        {store.url(name, 'final_report.html')}"
    if store.exists(name, "model_card.md"):
        paths += f"\n        {store.url(name, 'model_card.md')}"
    out.print(f"Report: {paths}")
