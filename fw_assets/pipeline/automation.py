"""What starts by itself: the jobs, the sensor that starts what is due, the inbox, and the watch over lost runs."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import hashlib
import json
import os
import time
from pathlib import Path

import dagster as dg

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import dataset_name, load_session
from fw_assets.pipeline.lost_runs import fail_lost_runs
from fw_assets.pipeline.partitions import cell, datasets
from fw_assets.pipeline.phases import Step, due
from fw_assets.pipeline.registration import register
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource

MOST_REQUESTS_PER_TICK = 50
QUIET_SECONDS = 1.0
"""An inbox file is taken up when it has not changed for this long."""

BY_DATASET = ("inspected_dataset", "label_set", "plan", "approval", "baselines", "finalists", "deployment", "report")
BY_CELL = ("base_metrics", "sweep", "fine_tuned_models", "metrics", "learning_curve")

dataset_job = dg.define_asset_job(
    "dataset_job",
    selection=dg.AssetSelection.assets(*BY_DATASET),
    executor_def=dg.in_process_executor,
    description="The assets of one dataset. The phases sensor selects those that are due.",
)
cell_job = dg.define_asset_job(
    "cell_job",
    selection=dg.AssetSelection.assets(*BY_CELL),
    executor_def=dg.in_process_executor,
    description="The assets of one candidate model in one dataset. The phases sensor selects those that are due.",
)


def job_name(step: Step) -> str:
    """The job that a step runs in: one run cannot span both partitions definitions."""
    return "dataset_job" if step.model is None else "cell_job"


def partition_key(step: Step) -> str:
    """The partition that a step materializes."""
    return step.dataset if step.model is None else cell(step.dataset, step.model)


def run_tags(step: Step) -> dict[str, str]:
    """What a step's run is tagged with, for the run list's filter."""
    tags = {"fw_assets/dataset": step.dataset, "fw_assets/phase": step.assets[0]}
    return tags if step.model is None else {**tags, "fw_assets/model": step.model}


@dg.sensor(
    jobs=[dataset_job, cell_job],
    minimum_interval_seconds=3,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts every step that is due, each once. Its skip reason says where each dataset stands.",
)
def phases(context: dg.SensorEvaluationContext, workspace: WorkspaceResource) -> dg.SensorResult:
    """One run request per due step; a step that still runs is requested again and dropped by its run key."""
    store = workspace.open()
    requests: list[dg.RunRequest] = []
    notes: list[str] = []
    known = set(context.instance.get_dynamic_partitions("datasets"))
    for dataset in store.datasets():
        standing = due(store, dataset)
        notes.append(f"{dataset}: {standing.note}")
        if dataset not in known:
            continue
        requests += [
            dg.RunRequest(
                run_key=step.key,
                job_name=job_name(step),
                partition_key=partition_key(step),
                asset_selection=[dg.AssetKey(asset) for asset in step.assets],
                tags=run_tags(step),
            )
            for step in standing.steps
        ]
    requests = requests[:MOST_REQUESTS_PER_TICK]
    return dg.SensorResult(
        run_requests=requests, skip_reason=None if requests else "; ".join(notes) or "no datasets yet"
    )


@dg.sensor(
    jobs=[dataset_job],
    minimum_interval_seconds=3,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Watches the inbox folder ($FW_INBOX, default `inbox` in the workspace): NAME.jsonl, with NAME.session.yaml "
        "for the models and everything else, and NAME.eval.jsonl for a test set of its own. Content is planned once."
    ),
)
def inbox(
    context: dg.SensorEvaluationContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.SensorResult:
    """Registers new or changed inbox files; the phases sensor then starts their planning."""
    store = workspace.open()
    folder = Path(os.environ.get("FW_INBOX") or (store.local("inbox") if store.is_local else "inbox"))
    seen: dict[str, dict[str, object]] = json.loads(context.cursor or "{}")
    now: dict[str, dict[str, object]] = {}
    add: list[str] = []
    notes: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.name.endswith(".eval.jsonl"):
            continue
        name = dataset_name(path.name)
        companions = [
            path,
            path.with_name(f"{path.stem}.session.yaml"),
            path.with_name(f"{path.stem}.eval.jsonl"),
        ]
        marks = [[p.name, s.st_mtime_ns, s.st_size] for p in companions if p.exists() for s in [p.stat()]]
        before = seen.get(name, {})
        if before.get("marks") == marks:
            now[name] = before
            continue
        if any(time.time() - p.stat().st_mtime < QUIET_SECONDS for p in companions if p.exists()):
            now[name] = before
            notes.append(f"{path.name}: still being written")
            continue
        content = _content(companions)
        now[name] = {"marks": marks, "content": content}
        if before.get("content") == content:
            continue
        try:
            register(store, platform.open(), _session_fields(companions), driver="daemon", name=name)
        except InputError as error:
            notes.append(f"{path.name}: {_one_line(str(error))}")
            continue
        add.append(name)
    notes += [f"{name}: registered, to be planned" for name in add]
    return dg.SensorResult(
        dynamic_partitions_requests=[datasets.build_add_request(add)] if add else None,
        cursor=json.dumps(now),
        skip_reason="; ".join(notes) or f"nothing new in {folder.name}",
    )


def _session_fields(companions: list[Path]) -> dict[str, object]:
    data, session, evaluation = companions
    fields: dict[str, object] = {"dataset": str(data)}
    if evaluation.exists():
        fields["eval_dataset"] = str(evaluation)
    if session.exists():
        fields = {**load_session(session), **fields}
    return fields


def _content(paths: list[Path]) -> str:
    sha = hashlib.sha256()
    for path in paths:
        if path.exists():
            sha.update(path.name.encode())
            with path.open("rb") as source:
                while block := source.read(1 << 20):
                    sha.update(block)
    return sha.hexdigest()[:16]


def _one_line(text: str) -> str:
    return " ".join(text.split())


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process is gone (a reboot, a kill), so that they are retried and free their slots.",
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Looks at every started run's process."""
    gone = fail_lost_runs(context.instance)
    return dg.SkipReason(f"failed {', '.join(gone)}" if gone else "every started run has its process")
