"""The code location: the graph, and the policy applied to it."""

from __future__ import annotations

import gc

import dagster as dg

from fw_assets.pipeline import (
    approving,
    automation,
    baselines,
    benchmark,
    buttons,
    curve,
    evaluation,
    inspection,
    planning,
    regression,
    reporting,
    schedules,
    serving,
    skipped,
    sweep,
    training,
)
from fw_assets.pipeline.policy import OWNERS
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource

MODULES = (
    *(inspection, planning, approving, baselines, benchmark, curve, sweep, training, evaluation),
    *(serving, reporting, regression),
)
ASSETS = [asset for asset in dg.load_assets_from_modules(MODULES) if isinstance(asset, dg.AssetsDefinition)]

defs = dg.Definitions(
    assets=dg.map_asset_specs(lambda spec: spec.replace_attributes(owners=OWNERS), ASSETS),
    jobs=[
        buttons.approve_plan,
        automation.dataset_job,
        automation.cell_job,
        buttons.inspect_and_plan,
        buttons.benchmark_only,
        buttons.full_workflow,
        schedules.restage_job,
        schedules.new_models_job,
    ],
    schedules=[schedules.nightly_regression, schedules.weekly_rerun, schedules.monthly_benchmark],
    sensors=[
        automation.phases,
        automation.inbox,
        automation.platform_datasets,
        automation.lost_runs,
        skipped.skipped_cells,
    ],
    resources={"workspace": WorkspaceResource(), "platform": PlatformResource()},
    # A run is a process of its own already, and its work is remote or native: a process per step only costs seconds.
    executor=dg.in_process_executor,
)

# This is loaded by the process of every run, which then loads more; see `fw_assets.cli.main`.
gc.set_threshold(50_000)
