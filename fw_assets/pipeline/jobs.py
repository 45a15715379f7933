"""The two jobs in which steps run. One run cannot span two partitions definitions: one job by dataset, one by cell."""

from __future__ import annotations

import dagster as dg

from fw_assets.pipeline.asset_table import BY_CELL, BY_DATASET
from fw_assets.pipeline.phases import Step

dataset_job = dg.define_asset_job(
    "dataset_job",
    selection=dg.AssetSelection.assets(*BY_DATASET),
    executor_def=dg.in_process_executor,
    description=(
        "For the sensor phases, which starts in it what is due of one dataset. For people: approve_plan, full_workflow."
    ),
)
cell_job = dg.define_asset_job(
    "cell_job",
    selection=dg.AssetSelection.assets(*BY_CELL),
    executor_def=dg.in_process_executor,
    description=(
        "For the sensor phases, which starts in it what is due of one model in one dataset. For people: full_workflow."
    ),
)


def job_name(step: Step) -> str:
    """The job in which a step runs."""
    return "dataset_job" if step.model is None else "cell_job"
