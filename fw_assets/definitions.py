"""Code location: assets, jobs, schedules, sensors and resources, as Dagster loads them."""

from __future__ import annotations

import gc

import dagster as dg

from fw_assets.pipeline import assets, jobs
from fw_assets.pipeline.automation import one_click_jobs, outdated_plans, schedules, sensors, upkeep_jobs
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource

defs = dg.Definitions(
    assets=dg.load_assets_from_package_module(assets),
    jobs=[
        *jobs.STEP_JOBS.values(),
        one_click_jobs.benchmark_only,
        one_click_jobs.full_workflow,
        one_click_jobs.deploy_winner,
        upkeep_jobs.reread_dataset,
        upkeep_jobs.benchmark_new_models,
    ],
    schedules=[schedules.nightly_regression, schedules.weekly_rerun, schedules.monthly_benchmark],
    sensors=[
        sensors.phases,
        sensors.inbox,
        sensors.platform_datasets,
        sensors.lost_runs,
        outdated_plans.outdated_plans,
    ],
    resources={"workspace": WorkspaceResource(), "platform": PlatformResource()},
    # A run is a process of its own already, and its work is remote or native: a process per step only costs seconds.
    executor=dg.in_process_executor,
)

# This is loaded by the process of every run, which then loads more; see `fw_assets.cli.main`.
gc.set_threshold(50_000)
