"""The report of a run that the ceiling ended: what was measured and paid until then, and no verdict."""

from __future__ import annotations

from collections import defaultdict

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.ledger import CostRow, Ledger, cost_rows
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.approvals import require_approval
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.phases import is_stopped
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.billing import billed_days
from fw_assets.pipeline.reporting.mistakes import mistakes_result
from fw_assets.pipeline.reporting.provenance import package_versions, report_run
from fw_assets.pipeline.values.approval import Stopped
from fw_assets.pipeline.values.base_results import unevaluated
from fw_assets.pipeline.values.evaluation import Baselines, BaseMetrics
from fw_assets.report.assembly.baselines import baseline_results
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.pairs import Model
from fw_assets.report.assembly.report import build_report
from fw_assets.report.schema.report import Report
from fw_assets.workspace.workspace import Workspace


def read_stopped(store: Workspace, dataset: str) -> Stopped | None:
    """Why the run of the current approval was ended; None where it was not."""
    return store.read("stopped", dataset, Stopped) if is_stopped(store, dataset) else None


def partial_report(platform: Platform, account: PlanAccount, stopped: Stopped) -> Report:
    """The incomplete report: what was evaluated to the end has figures, and there is no winner."""
    store, dataset, plan = account.store, account.dataset, account.plan
    candidates, models, without = [], list[Model](), unevaluated(store, plan)
    for model in plan.models:
        header = store.header("base_metrics", dataset, model.slug)
        complete = header is not None and header.inputs == baseline_inputs(plan.digest)
        base = store.read("base_metrics", dataset, BaseMetrics, model.slug) if complete else None
        models += [(model.slug, "base")] if base else []
        candidates.append(
            CandidateInputs(
                model=model.name,
                base_scores=base.test if base else None,
                base_validation=base.validation.headline if base else None,
                note=without[model.slug].note
                if model.slug in without
                else ("not fine-tuned" if base else "not evaluated") + " before the run was stopped",
            )
        )
    head = store.header("baselines", dataset)
    measured = head is not None and head.inputs == baseline_inputs(plan.digest)
    baselines = store.read("baselines", dataset, Baselines) if measured else None
    return build_report(
        plan=plan,
        prompt=store.read("prompt", dataset, Prompt),
        candidates=candidates,
        finalists=None,
        winner=None,
        gate=None,
        deployment=None,
        cost_rows=stopped_rows(account.estimate, account.ledger()),
        billed=billed_days(platform, account),
        run=report_run(platform, require_approval(store, dataset), platform.account_id, plan),
        versions=package_versions(),
        mitigation=account.mitigation,
        created=account.created_resources(),
        incomplete=(stopped.reason,),
        remedy=stopped.remedy,
        baselines=baseline_results(baselines.found, None, None, None) if baselines else (),
        free_left_out=baselines.left_out if baselines else "",
        mistakes=mistakes_result(store, plan, models, None),
    )


def stopped_rows(estimate: Estimate, ledger: Ledger) -> list[CostRow]:
    """The cost rows of a run that was stopped: what is held was started, whether it is paid or not."""
    held = defaultdict[str, float](float)
    for reservation in ledger.reservations:
        held[reservation.key] += reservation.usd
    rows = []
    for row in cost_rows(estimate, ledger.entries):
        if row.key in held:
            more = f"up to ${held[row.key]:.4f}{' more' if row.events else ''} is held for what was started"
            note = f"{row.note}; {more}" if row.events and row.note else more
        else:
            note = row.note or ("" if row.events else "not started")
        rows.append(row.model_copy(update={"note": note}))
    return rows
