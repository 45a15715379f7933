"""Tags of a run, whoever launched it. The UI shows every tag in the row of its run, so few are shown, and short ones.

Those that begin with `.dagster/` are hidden there: they are for the drivers, and can be asked for by GraphQL.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from fw_assets.pipeline.phases import PLAN, Step
from fw_assets.pipeline.workflow.instance import OWN, WorkflowInstance
from fw_assets.settings import settings

DATASET, PLATFORM = "dataset", "platform"
"""Shown. The platform is not where it is the embedded one, which costs nothing."""
COST, PLANNED, APPROVED = "cost_usd", "expected_usd", "approved_usd"
"""US dollars, shown where they are more than none: what the ledger holds for the run's steps, and what the plan of this
run states or was answered with."""
MODEL, PHASE, MACHINE_TAG = (f".dagster/fw_assets_{name}" for name in ("model", "phase", "machine"))
"""The first asset of the run's step, and the machine that executes it."""
STEP_KEY, FORMER_STEP_KEY = ".dagster/fw_assets_step", "fw_assets/step"
"""Key of the step that a driver started the run for; a value that was lost is made again under the same one. Runs of
earlier versions have it under the second name."""
DRIVER = ".dagster/fw_assets_driver"
"""Only the command line's runs have it."""
RETRY_NUMBER = "dagster/retry_number"
"""Dagster's own tag of a run that it has started again by itself."""


def step_tags(step: Step, workflow: WorkflowInstance = OWN) -> dict[str, str]:
    """The tags of the run of a step, known before it starts."""
    platform = workflow.platform.kind if workflow.platform else settings().fw_platform
    tags = {DATASET: step.dataset, PHASE: step.assets[0], **_platform_tag(platform)}
    return tags if step.model is None else {**tags, MODEL: step.model}


def usd_tag(tag: str, usd: float) -> dict[str, str]:
    """The tag of an amount in US dollars; none of nothing."""
    return {tag: f"{usd:.4f}"} if usd else {}


def step_of(run: dg.DagsterRun) -> str | None:
    """Key of the step that a driver started a run for."""
    return run.tags.get(STEP_KEY) or run.tags.get(FORMER_STEP_KEY)


def driver_of(run: dg.DagsterRun) -> str:
    """Who started a run, in words."""
    if DRIVER in run.tags and run.parent_run_id is None:
        return "the command line"
    return "the daemon" if PHASE in run.tags else "a run from the UI"


def is_driven(run: dg.DagsterRun) -> bool:
    """Whether a driver started the run because its step was due; a person may start one of what is done already."""
    by_hand = run.parent_run_id is not None and RETRY_NUMBER not in run.tags
    # A plan alone is made again because of the platform's offer, not because it is due.
    return run.tags.get(PHASE) not in (None, *PLAN) and not by_hand


def tag_partition(instance: dg.DagsterInstance, run: dg.DagsterRun, platform: str) -> None:
    """Add to a run that a person launched the tags that the sensors and the command line set from the start."""
    tags = _platform_tag(platform)
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
    tag(context, usd_tag(COST, before + usd))
    return usd


def tag(context: dg.AssetExecutionContext, tags: Mapping[str, str]) -> None:
    """Tag the run that is under way."""
    if tags:
        context.instance.add_run_tags(context.run.run_id, tags)


def _platform_tag(name: str) -> dict[str, str]:
    return {} if name == "embedded" else {PLATFORM: name}
