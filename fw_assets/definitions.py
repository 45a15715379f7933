"""Code location: assets, jobs, schedules, sensors and resources, as Dagster loads them."""

from __future__ import annotations

import gc

from fw_assets.components.workflow_definitions import workflow_definitions
from fw_assets.pipeline.workflow.instance import OWN

definitions_of = workflow_definitions
"""Of other workflows, for the processes in which their steps run."""
defs = workflow_definitions(OWN)

# This is loaded by the process of every run, which then loads more; see `fw_assets.cli.program`.
gc.set_threshold(50_000)
