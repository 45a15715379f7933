"""One run of what is due, in this process, on the instance that the UI shows: the same jobs as the daemon's.

Runs of one process follow each other; two at once would deadlock in Dagster's logging set-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from fw_assets.pipeline.jobs import job_name
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.run_tags import step_tags
from fw_assets.settings import settings

DAGSTER_YAML = """\
telemetry: {{enabled: false}}
nux: {{enabled: false}}
storage:
  custom:
    module: fw_assets.dagster_runtime.sqlite_storage
    class: SqliteStorage
    config: {{base_dir: "{base}"}}
local_artifact_storage:
  module: dagster._core.storage.root
  class: LocalArtifactStorage
  config: {{base_dir: "{base}"}}
compute_logs:
  module: fw_assets.dagster_runtime.compute_logs
  class: CapturedLogs
  config: {{base_dir: "{base}/storage"}}
concurrency:
  pools: {{default_limit: 6, granularity: op}}
"""


def open_instance(workspace_root: str) -> dg.DagsterInstance:
    """The instance that the UI shows: `$DAGSTER_HOME`, else `dagster.yaml` in the current folder, else one that is
    kept in the workspace."""
    if settings().dagster_home:
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
        partition_key=partition_key(step.dataset, step.model),
        tags={**step_tags(step), "fw_assets/driver": "command-line"},
        run_config=run_config,
    )
