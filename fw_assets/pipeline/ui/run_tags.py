"""What a run is tagged with, whoever launched it: dataset, model, phase, platform, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.phases import Step
from fw_assets.settings import settings

DATASET, MODEL, PHASE, PLATFORM = (f"fw_assets/{name}" for name in ("dataset", "model", "phase", "platform"))
COST = "fw_assets/cost_usd"
"""US dollars that the ledger holds for the run's steps."""
PLANNED, APPROVED = "fw_assets/expected_usd", "fw_assets/approved_usd"


def step_tags(step: Step) -> dict[str, str]:
    """The tags of the run of a step, known before it starts."""
    tags = {DATASET: step.dataset, PHASE: step.assets[0], PLATFORM: settings().fw_platform}
    return tags if step.model is None else {**tags, MODEL: step.model}


def tag_partition(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Give a run that a person launched the tags that the sensors' and the command line's have from their start."""
    tags: dict[str, str] = {PLATFORM: settings().fw_platform}
    by_dimension = {DATASET: "dagster/partition/dataset", MODEL: "dagster/partition/model"}
    tags |= {ours: run.tags[theirs] for ours, theirs in by_dimension.items() if theirs in run.tags}
    if DATASET not in tags and "dagster/partition" in run.tags:
        tags[DATASET] = run.tags["dagster/partition"]
    new = {key: value for key, value in tags.items() if key not in run.tags}
    if new:
        instance.add_run_tags(run.run_id, new)


def paid_usd(account: Account, *keys: str) -> float:
    """US dollars that the ledger of the current plan holds under the keys of these estimate lines."""
    return sum(entry.usd or 0.0 for entry in account.entries() if entry.key in keys)


def tag_cost(context: dg.AssetExecutionContext, usd: float) -> float:
    """Add a step's cost to what its run is tagged with; gives it back."""
    run = context.instance.get_run_by_id(context.run.run_id)
    before = float(run.tags.get(COST, 0)) if run else 0.0
    tag(context, {COST: f"{before + usd:.4f}"})
    return usd


def tag(context: dg.AssetExecutionContext, tags: Mapping[str, str]) -> None:
    """Tag the run that is under way."""
    context.instance.add_run_tags(context.run.run_id, tags)
