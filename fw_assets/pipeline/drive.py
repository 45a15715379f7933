"""Running what is due without a daemon: the same jobs, in this process, on the same Dagster instance.

Runs follow each other; two at once in one process would deadlock in Dagster's logging set-up. What takes long (the
jobs of a sweep, the requests of an evaluation) goes side by side inside a step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from fw_assets.pipeline.automation import config_of, job_name, partition_key
from fw_assets.pipeline.lost_runs import fail_lost_runs
from fw_assets.pipeline.phases import APPROVAL, Standing, Step, due
from fw_assets.pipeline.run_tags import step_tags
from fw_assets.pipeline.stopped_report import stopped_now
from fw_assets.pipeline.workspace import Workspace

__all__ = ["approve", "drive", "execute", "fail_lost_runs", "open_instance"]

DAGSTER_YAML = """\
telemetry: {{enabled: false}}
nux: {{enabled: false}}
storage:
  custom:
    module: fw_assets.pipeline.storage
    class: SqliteStorage
    config: {{base_dir: "{base}"}}
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config: {{base_dir: "{base}"}}
compute_logs:
  module: dagster._core.storage.local_compute_log_manager
  class: LocalComputeLogManager
  config: {{base_dir: "{base}/storage"}}
concurrency:
  pools: {{default_limit: 6, granularity: op}}
"""


def open_instance(workspace_root: str) -> dg.DagsterInstance:
    """The instance that the UI shows: `$DAGSTER_HOME`, else `dagster.yaml` in the current folder, else one that is
    kept in the workspace."""
    if os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.get()
    if Path("dagster.yaml").is_file():
        return dg.DagsterInstance.from_config(str(Path.cwd()))
    home = Path(".fw-dagster").resolve() if "://" in workspace_root else Path(workspace_root) / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML.format(base=home), "utf-8")
    return dg.DagsterInstance.from_config(str(home))


def execute(instance: dg.DagsterInstance, step: Step, config: Mapping[str, Any] | None = None) -> None:
    """Materialize a step's assets in one run.

    Raises:
        dagster.Failure: what the step said; its cause is the domain's own error.
    """
    from fw_assets.definitions import defs

    instance.add_dynamic_partitions("datasets", [step.dataset])
    if step.model is not None:
        instance.add_dynamic_partitions("models", [step.model])
    run_config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if config is not None:
        run_config["ops"] = {step.assets[0]: {"config": dict(config)}}
    defs.resolve_job_def(job_name(step)).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(asset) for asset in step.assets],
        partition_key=partition_key(step),
        tags={**step_tags(step), "fw_assets/driver": "command-line"},
        run_config=run_config,
    )


def approve(instance: dg.DagsterInstance, dataset: str, config: Mapping[str, Any]) -> None:
    """Materialize the approval with a person's answer."""
    execute(instance, Step(APPROVAL, dataset, None, ""), config)


def drive(
    instance: dg.DagsterInstance,
    workspace: Workspace,
    dataset: str,
    *,
    started: Callable[[Step, Standing], None],
    only: tuple[str, ...] | None = None,
) -> Standing:
    """Run everything that is due for the command line until nothing is; each step at most once.

    Args:
        started: told before each step.
        only: run no other steps than the one with these assets.
    """
    tried: set[str] = set()
    while True:
        standing = due(workspace, dataset, driver="command-line")
        steps = [s for s in standing.steps if s.key not in tried and (only is None or s.assets == only)]
        if not steps:
            return standing
        for step in steps:
            tried.add(step.key)
            started(step, standing)
            try:
                execute(instance, step, config_of(step, "command_line"))
            except dg.Failure:
                if stopped_now(workspace, dataset) is None:
                    raise
                break  # the report of the stopped run is what is due now
