"""One run of a step in this process, by the same jobs as the daemon's.

Runs of one process follow each other: two at once deadlock in Dagster's logging set-up.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import dagster as dg

from fw_assets.pipeline.jobs import job_name
from fw_assets.pipeline.partitions import add_partitions, partition_key
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.run_origin import origin_tags
from fw_assets.pipeline.run_tags import DRIVER, STEP_KEY, step_tags
from fw_assets.pipeline.run_workers import worker_tags
from fw_assets.pipeline.runner.task import COMMAND, Recording


def execute(
    instance: dg.DagsterInstance,
    defs: dg.Definitions,
    step: Step,
    config: Mapping[str, Any] | None = None,
    recording: Recording = COMMAND,
) -> None:
    """Materialize a step's assets in one run.

    Raises:
        dagster.Failure: the step failed; its cause is the domain's own error.
    """
    workflow = recording.workflow
    add_partitions(instance, "datasets", [step.dataset], workflow)
    if step.model is not None:
        add_partitions(instance, "models", [step.model], workflow)
    run_config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if config is not None:
        run_config["ops"] = {workflow.op(step.assets[0]): {"config": dict(config)}}
    run_id = str(uuid.uuid4())
    defs.resolve_job_def(job_name(step, workflow)).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(workflow.key(asset)) for asset in step.assets],
        partition_key=partition_key(step.dataset, step.model),
        tags={
            **step_tags(step, workflow),
            **worker_tags(run_id),
            **origin_tags(recording.origin),
            STEP_KEY: step.key,
            DRIVER: "command-line",
        },
        run_config=run_config,
        run_id=run_id,
    )
