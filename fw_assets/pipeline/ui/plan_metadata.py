"""Asset metadata of a plan: what a person must know to approve it, and the link that does so."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import dagster as dg

from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.run_config import enum_name
from fw_assets.pipeline.ui.metadata import Row, document, files, summary, table, tables
from fw_assets.pipeline.values.approval import PlanChanges
from fw_assets.pipeline.workflow.instance import WorkflowInstance
from fw_assets.report.escape import code, prose
from fw_assets.report.formatting import clip, plural, usd_roughly
from fw_assets.report.plan.summary import intention, price, time_needed
from fw_assets.report.plan.tables import setting_text

# A route of Dagster's UI that finds the job whatever its code location is called: `dagster dev`, `fw-assets ui` and a
# project that has merged these definitions into its own each have a name of their own for it.
LAUNCHPAD = "/guess/{job}/playground/setup"
MAX_LABELS = 8
MAX_WARNINGS = 2


def plan_metadata(plan: Plan, changes: PlanChanges, text: str, workflow: WorkflowInstance) -> dict[str, Any]:
    """Metadata of the asset `plan`; `text` is the whole plan in Markdown."""
    groups = plan.label_set.groups
    return {
        "summary": _summary(plan, changes),
        "answer": dg.MetadataValue.md(
            f"**[Approve or reject this plan]({launchpad(plan, workflow)})** of {code(plan.dataset)}"
        ),
        "plan": document(text),
        **files(workflow.workspace, plan_file=(plan.dataset, "plan.md")),
        "digest": plan.digest,
        "rows": sum(plan.rows.values()),
        "parts": table([{"part": part, "rows": plan.rows.get(part, 0), "distinct": n} for part, n in groups.items()]),
        "expected_usd": plan.estimate.expected,
        "high_usd": plan.estimate.high,
        # Of a plan that costs nothing the summary says so.
        **tables(cost=_cost_rows(plan) if plan.estimate.high or plan.estimate.lower_bound else []),
        "models": table(
            [
                {"model": m.slug, "settings": "; ".join(map(setting_text, m.cells)) or "not fine-tuned"}
                for m in plan.models
            ]
        ),
        "rejected_rows": plan.rejected_rows,
        **tables(
            warnings=[{"warning": warning} for warning in plan.warnings],
            understood=[{"understood": clause} for clause in plan.understood],
            not_used=[{"clause": clause, "instead": suggest(clause)} for clause in plan.unused],
            changes=[{"difference": difference} for difference in changes.differences],
        ),
    }


def launchpad(plan: Plan, workflow: WorkflowInstance) -> str:
    """The UI's launchpad for the approval of this plan, with the partition and the digest filled in.

    Short, because the UI puts Markdown of more than 1,000 characters behind a click.
    """
    fields = [
        ("approved_by", '""', "your name"),
        ("decision", "approve", "or reject"),
        ("labels_confirmed", "false", "true: you have looked at the labels, they are right"),
    ]
    if plan.label_set.imbalance.exceeded:
        possible = [enum_name(effect.name) for effect in plan.label_set.imbalance.mitigations]
        fields.append(("mitigation", "as_planned", f"or {', '.join(dict.fromkeys(('none', *possible)))}"))
    # In quotes, because YAML takes a digest such as 12e456789012 for a number.
    fields.append(("plan_digest", f'"{plan.digest}"', "the plan you read"))
    lines = [f"      # {meaning}\n      {key}: {value}" for key, value, meaning in fields]
    query = {
        "config": "\n".join(("ops:", f"  {workflow.op('approval')}:", "    config:", *lines, "")),
        "tags[0][key]": "dagster/partition",
        "tags[0][value]": plan.dataset,
    }
    return f"{LAUNCHPAD.format(job=workflow.named('approve_plan'))}?{urlencode(query, quote_via=quote)}"


def _summary(plan: Plan, changes: PlanChanges) -> dg.MarkdownMetadataValue:
    labels = plan.label_set.labels
    more = " ..." if len(labels) > MAX_LABELS else ""
    names = ", ".join(code(clip(label, 30), table=False) for label in labels[:MAX_LABELS]) + more
    careful = [f"- **Careful:** {prose(clip(warning, 150))}" for warning in plan.warnings[:MAX_WARNINGS]]
    return summary(
        plan.dataset,
        prose(intention(plan)),
        f"**Cost:** {price(plan)} **Time:** {time_needed(plan)}",
        f"{plural(len(labels), 'label')}, {'given' if plan.label_set.given else 'inferred'}: {names}",
        "\n".join(careful),
        prose(changes.heading) if changes.differences else "",
    )


def _cost_rows(plan: Plan) -> list[Row]:
    return [
        {
            "line": line.key.replace("/", " "),
            "expected": usd_roughly(line.usd.expected) if line.usd else "unknown",
            "at most": usd_roughly(line.usd.high) if line.usd else "unknown",
        }
        for line in sorted(plan.estimate.lines, key=lambda line: (line.usd is not None, -line.known_usd.high))
    ]
