"""Phase 2: the plan with its price; a person's answer to it is `approving`."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from urllib.parse import quote, urlencode

import dagster as dg
import polars as pl
from pydantic import ValidationError

from fw_assets.classification.cost.token_estimates import measure_volumes
from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import plan_differences
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.plan.revised_estimate import EstimateBasis
from fw_assets.classification.prompting.prompt import make_prompt
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.pipeline.assets.inspection import inspected_dataset, label_set
from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.errors import NotApproved
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.platform.catalogue import offer
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.run_tags import PLANNED, tag
from fw_assets.pipeline.ui.checks import plan_checks, specs
from fw_assets.pipeline.ui.metadata import document, files, summary, table
from fw_assets.pipeline.values import Approval, PlanChanges, Registration
from fw_assets.report.escape import code, prose
from fw_assets.report.formatting import clip, plural
from fw_assets.report.plan.summary import duration, intention, price
from fw_assets.report.rendering.markdown import render_plan
from fw_assets.workspace.workspace import Workspace


def approved(store: Workspace, dataset: str) -> Approval:
    """The answer to the current plan.

    Raises:
        NotApproved: there is none, it is about another plan, or it says no.
    """
    head = store.header("plan", dataset)
    answer = store.read("approval", dataset, Approval)
    if head is None or answer is None or answer.plan_digest != head.digest:
        raise NotApproved(
            f"the current plan of {dataset} ({head.digest if head else 'none yet'}) is not approved: read plan.md, then"
            f" materialize `approval`, or run `fw-assets approve {dataset}`"
        )
    if answer.decision == "rejected":
        raise NotApproved(f"plan {answer.plan_digest} was rejected by {answer.approved_by}: nothing is started")
    return answer


def approved_plan(store: Workspace, dataset: str) -> Plan:
    """The current plan, if it is approved.

    Raises:
        NotApproved: it is not.
    """
    approved(store, dataset)
    return store.require("plan", dataset, Plan)


def account_of(store: Workspace, dataset: str, current: Plan) -> Account:
    """The money that was approved for the current plan."""
    return Account(store, dataset, current, approved(store, dataset).mitigation)


@dg.asset(
    partitions_def=datasets,
    deps=[inspected_dataset, label_set],
    group_name="1_plan",
    kinds={"markdown"},
    code_version="1",
    check_specs=specs("plan"),
    description=(
        "**Phase 2.** What will be done, under which names, and what it costs. **Nothing is spent before you say yes.**"
        "\n\n"
        "1. Read it: click *Show Markdown* beside `plan`, below. (With several datasets: choose yours on the tab "
        "*Partitions* first.)\n"
        "2. Click *Approve or reject this plan* beside `answer`, below. A launchpad opens that knows the dataset and "
        "the plan.\n"
        "3. Write your name between the quotes of `approved_by`, and click *Launch Run*. To say no, write "
        "`decision: reject`.\n\n"
        "What follows starts by itself. Instead of 2 you can materialize the asset `approval`."
    ),
)
def plan(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Writes the plan. Its digest covers everything that changes the outcome or the price."""
    store, host, dataset = workspace.open(), platform.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        inspected = store.require("inspected_dataset", dataset, InspectedDataset)
        labels = store.require("label_set", dataset, LabelSet)
        frame = store.read_frame(dataset, "assets", "label_set.parquet")
        prompt = make_prompt(frame, labels)
        offered = offer(host, registration.session)
        session = registration.session
        volumes = measure_volumes(
            with_sample(frame, session.sweep_rows, session.seed),
            system=prompt.system or "",
            render=prompt.render,
            count=host.count_tokens,
        )
        made = make_plan(
            registration.session,
            dataset,
            inspected,
            labels,
            prompt.digest,
            offered.models,
            volumes,
            offered.pricing,
            understood=registration.understood,
            unused=registration.unused,
            inputs=registration.inputs,
        )
        store.write("prompt", dataset, prompt, inputs=registration.inputs, digest=prompt.digest)
        store.write("basis", dataset, EstimateBasis(volumes=dict(volumes), pricing=offered.pricing), inputs=made.digest)
    changes = changes_of(store, dataset, made)
    store.write("plan_changes", dataset, changes, inputs=made.digest)
    text = render_plan(made, changed=(changes.heading, *changes.differences) if changes.differences else ())
    store.write_text(text, dataset, "plan.md")
    store.write_text(made.model_dump_json(indent=2) + "\n", dataset, "plan.json")
    store.write("plan", dataset, made, inputs=registration.inputs, digest=made.digest)
    context.instance.add_dynamic_partitions("models", [model.slug for model in made.models])
    tag(context, {PLANNED: f"{made.estimate.expected:.4f}"})
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made.digest),
        check_results=plan_checks(made),
        metadata={
            "summary": plan_summary(made, changes),
            "answer": dg.MetadataValue.md(f"**[Approve or reject this plan]({launchpad(made)})** of {code(dataset)}"),
            "plan": document(text),
            **files(store, plan_file=(dataset, "plan.md")),
            "digest": made.digest,
            "rows": sum(made.rows.values()),
            "expected_usd": made.estimate.expected,
            "high_usd": made.estimate.high,
            "cost": table(
                [
                    {
                        "line": line.key,
                        "low": line.known_usd.low,
                        "expected": line.known_usd.expected,
                        "high": line.known_usd.high,
                        "known": line.usd is not None,
                        "reckoned as": line.formula,
                    }
                    for line in made.estimate.lines
                ]
            ),
            "models": table(
                [
                    {"model": m.name, "asked": m.strategy, "cells": ", ".join(cell.name for cell in m.cells)}
                    for m in made.models
                ]
            ),
            "rejected_rows": made.rejected_rows,
            "warnings": table([{"warning": warning} for warning in made.warnings]),
            "understood": table([{"understood": item} for item in made.understood]),
            "not_used": table([{"clause": clause, "instead": suggest(clause)} for clause in made.unused]),
            "changes": table([{changes.heading: difference} for difference in changes.differences]),
        },
    )


def plan_summary(made: Plan, changes: PlanChanges) -> dg.MarkdownMetadataValue:
    """What a person must know to say yes or no."""
    labels = made.label_set.labels
    named = ", ".join(code(clip(label, 30), table=False) for label in labels[:8]) + (" ..." if len(labels) > 8 else "")
    careful = [f"- **Careful:** {prose(clip(warning, 150))}" for warning in made.warnings[:2]]
    return summary(
        made.dataset,
        prose(intention(made)),
        f"**Cost:** {price(made)} **Time:** {duration(made.estimate.minutes)}",
        f"{plural(len(labels), 'label')}, {'given' if made.label_set.given else 'inferred'}: {named}",
        "\n".join(careful),
        prose(changes.heading) if changes.differences else "",
    )


def launchpad(made: Plan) -> str:
    """Where the UI asks for the answer to this plan, with the partition and the digest filled in.

    Short, because the UI puts Markdown of more than 1,000 characters behind a click.
    """
    fields = [
        ("approved_by", '""', "your name"),
        ("decision", "approve", "or reject"),
        ("labels_confirmed", "false", "true: they are the right ones"),
    ]
    if made.label_set.imbalance.exceeded:
        possible = [effect.name.replace("-", "_") for effect in made.label_set.imbalance.mitigations]
        fields.append(("mitigation", "as_planned", f"or {', '.join(dict.fromkeys(('none', *possible)))}"))
    # In quotes, because YAML takes a digest such as 12e456789012 for a number.
    fields.append(("plan_digest", f'"{made.digest}"', "the plan you read"))
    lines = [f"      # {meaning}\n      {key}: {value}" for key, value, meaning in fields]
    filled = {
        "config": "\n".join(("ops:", "  approval:", "    config:", *lines, "")),
        "tags[0][key]": "dagster/partition",
        "tags[0][value]": made.dataset,
    }
    return f"/locations/fw_assets/jobs/approve_plan/playground/setup?{urlencode(filled, quote_via=quote)}"


def with_sample(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """The split rows, and once more as the part `sweep` those that the sweep will train on, where it samples."""
    train = frame.filter(pl.col("split") == "train")
    if train.height <= rows:
        return frame
    columns = ["split", "messages", "labels"]
    sample = stratified_sample(train, rows, seed).with_columns(split=pl.lit("sweep", frame.schema["split"]))
    return pl.concat([frame.select(columns), sample.select(columns)])


def changes_of(store: Workspace, dataset: str, made: Plan) -> PlanChanges:
    """What is different in `made` from the plan that was answered last, or from the one that lies there."""
    answer = store.read("approval", dataset, Approval)
    old = _earlier(store, dataset, "answered_plan") if answer is not None else None
    answered = ""
    if old is not None and answer is not None and answer.plan_digest == old.digest:
        answered = f"{answer.decision} by {answer.approved_by}"
    old = old or _earlier(store, dataset, "plan")
    if old is None or old.digest == made.digest:
        return PlanChanges(plan_digest=made.digest)
    return PlanChanges(
        plan_digest=made.digest, before=old.digest, answered=answered, differences=plan_differences(old, made)
    )


def _earlier(store: Workspace, dataset: str, asset: str) -> Plan | None:
    try:
        return store.read(asset, dataset, Plan)
    except ValidationError:
        return None  # written by another version of this program
