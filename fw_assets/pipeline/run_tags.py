"""Tags of a run, whoever launched it: dataset, model, phase, platform, machine, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from fw_assets.pipeline.phases import PLAN, Step
from fw_assets.settings import settings

DATASET, MODEL, PHASE, PLATFORM = (f"fw_assets/{name}" for name in ("dataset", "model", "phase", "platform"))
MACHINE_TAG = "fw_assets/machine"
"""The machine that executes the run."""
STEP_KEY = "fw_assets/step"
"""Key of the step that a driver started the run for; a value that was lost is made again under the same one."""
COST = "fw_assets/cost_usd"
"""US dollars that the ledger holds for the run's steps."""
DRIVER = "fw_assets/driver"
"""Only the command line's runs have it."""
RETRY_NUMBER = "dagster/retry_number"
"""Dagster's own tag of a run that it has started again by itself."""
PLANNED, APPROVED = "fw_assets/expected_usd", "fw_assets/approved_usd"


def step_tags(step: Step) -> dict[str, str]:
    """The tags of the run of a step, known before it starts."""
    tags = {DATASET: step.dataset, PHASE: step.assets[0], PLATFORM: settings().fw_platform}
    return tags if step.model is None else {**tags, MODEL: step.model}


def driver_of(run: dg.DagsterRun) -> str:
    """Who started a run, in words."""
    if DRIVER in run.tags:
        return "the command line"
    return "the daemon" if PHASE in run.tags else "a run from the UI"


def is_driven(run: dg.DagsterRun) -> bool:
    """Whether a driver started the run because its step was due; a person may start one of what is done already."""
    by_hand = run.parent_run_id is not None and RETRY_NUMBER not in run.tags
    # A plan alone is made again because of the platform's offer, not because it is due.
    return run.tags.get(PHASE) not in (None, *PLAN) and not by_hand


def tag_partition(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Add to a run that a person launched the tags that the sensors and the command line set from the start."""
    tags: dict[str, str] = {PLATFORM: settings().fw_platform}
    by_dimension = {DATASET: "dagster/partition/dataset", MODEL: "dagster/partition/model"}
    tags |= {ours: run.tags[theirs] for ours, theirs in by_dimension.items() if theirs in run.tags}
    if DATASET not in tags and "dagster/partition" in run.tags:
        tags[DATASET] = run.tags["dagster/partition"]
    new = {key: value for key, value in tags.items() if key not in run.tags}
    if new:
        instance.add_run_tags(run.run_id, new)


def tag_cost(context: dg.AssetExecutionContext, usd: float) -> float:
    """Add a step's cost in US dollars to the cost tag of its run; returns `usd`."""
    run = context.instance.get_run_by_id(context.run.run_id)
    before = float(run.tags.get(COST, 0)) if run else 0.0
    tag(context, {COST: f"{before + usd:.4f}"})
    return usd


def tag(context: dg.AssetExecutionContext, tags: Mapping[str, str]) -> None:
    """Tag the run that is under way."""
    context.instance.add_run_tags(context.run.run_id, tags)
