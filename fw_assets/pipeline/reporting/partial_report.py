"""The report of a run that the ceiling ended: what was measured and paid until then, and no verdict."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.cost.ledger import cost_rows
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.assets.plan import account_of, approved
from fw_assets.pipeline.phases import baseline_inputs, is_stopped
from fw_assets.pipeline.values import BaseMetrics, Stopped
from fw_assets.report.assembly.candidates import CandidateInputs
from fw_assets.report.assembly.report import build_report
from fw_assets.report.schema.report import Report, Run
from fw_assets.workspace.workspace import Workspace


def stopped_now(store: Workspace, dataset: str) -> Stopped | None:
    """Why the run of the current approval was ended; None where it was not."""
    return store.read("stopped", dataset, Stopped) if is_stopped(store, dataset) else None


def assemble_partial(
    store: Workspace, dataset: str, current: Plan, stopped: Stopped, run: Run, versions: Mapping[str, str]
) -> Report:
    """The incomplete report; base figures that are whole are in it, and no winner."""
    account = account_of(store, dataset, current)
    wanted = baseline_inputs(current.digest)
    candidates = []
    for planned in current.models:
        head = store.header("base_metrics", dataset, planned.slug)
        whole = head is not None and head.inputs == wanted
        base = store.read("base_metrics", dataset, BaseMetrics, planned.slug) if whole else None
        candidates.append(
            CandidateInputs(
                model=planned.name,
                base_scores=base.test if base else None,
                base_validation=base.validation.headline if base else None,
                note=("not fine-tuned" if base else "not evaluated") + " before the run was stopped",
            )
        )
    entries = account.entries()
    return build_report(
        plan=current,
        prompt=store.read("prompt", dataset, Prompt),
        candidates=candidates,
        finalists=None,
        winner=None,
        gate=None,
        deployment=None,
        cost_rows=[
            row if row.events else row.model_copy(update={"note": row.note or "not started"})
            for row in cost_rows(account.estimate, entries)
        ],
        run=run,
        versions=versions,
        mitigation=approved(store, dataset).mitigation,
        created=sorted({entry.id for entry in entries if entry.id.startswith("fwa-")}),
        incomplete=(stopped.reason,),
    )
