"""What Dagster and the processes around the work cost, at the shipped settings and on a platform that takes no time.

Run by hand: `python -m benchmarks.overhead`. Three models of trivial cost; prints

    file drop to plan     in a running `dagster dev`                        target: under 8 s
    approval to report    in the same, minus the plain call, by phase       target: under 35 s
    `fw-assets run`       the whole in one command, minus the plain call    target: under 6 s

The plain call is the phases' own functions, called one after the other without Dagster in a process that has loaded
everything. Its time is taken off, so what is left holds the daemon, the processes' starts and their imports.
"""

from __future__ import annotations

import inspect
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg

from benchmarks.dagster_dev import REPOSITORY, DagsterDev
from benchmarks.instant_platform import MODELS, served
from fw_assets.classification.session import Session
from fw_assets.definitions import defs
from fw_assets.pipeline.config import ApprovalConfig, SessionConfig
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.phases import APPROVAL, Step, due
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import register
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.run_tags import PHASE
from fw_assets.workspace.workspace import Workspace

ROWS = "".join((REPOSITORY / "examples" / "support-intents.jsonl").read_text("utf-8").splitlines(keepends=True)[:160])
SESSION = f"models: [{', '.join(MODELS)}]\nfinalists: 3\ndeploy: always\n"
NAME = "tickets"
WARM = "run_launcher:\n  module: fw_assets.dagster_runtime.run_launcher\n  class: ForkServerRunLauncher\n"
PLAN, REPORT, COMMAND = 8.0, 35.0, 6.0
REPEATS = 3
"""Of the command; the middle one counts."""


class _Log(SimpleNamespace):
    def info(self, *_: object) -> None:
        """Nobody reads it."""


class _NoInstance:
    def __getattr__(self, name: str) -> Callable[..., None]:
        """Nothing is kept: every call does nothing."""
        return lambda *_, **__: None


def call_assets(step: Step, root: str) -> None:
    """Call the functions of a step's assets, one after the other."""
    context: Any = SimpleNamespace(
        partition_key=partition_key(step.dataset, step.model),
        log=_Log(),
        instance=_NoInstance(),
        run=SimpleNamespace(run_id="plain", parent_run_id=None, tags={}),
        run_id="plain",
        add_output_metadata=lambda *_: None,
    )
    resources: dict[str, Any] = {"workspace": WorkspaceResource(root=root), "platform": PlatformResource()}
    planned = Workspace(root).header("plan", step.dataset)
    answer = {"approved_by": "ann", "plan_digest": planned.digest if planned else ""}
    configs: dict[str, dg.Config] = {
        "inspected_dataset": SessionConfig.model_validate({}),
        "approval": ApprovalConfig.model_validate(answer),
    }
    for asset in step.assets:
        function: Any = defs.resolve_assets_def(asset).op.compute_fn.decorated_fn  # type: ignore[union-attr]
        parameters = inspect.signature(function).parameters
        arguments = {key: value for key, value in resources.items() if key in parameters}
        if "config" in parameters:
            arguments["config"] = configs[asset]
        context.asset_key = dg.AssetKey(asset)
        function(context, **arguments)


def plain(root: Path, data: Path) -> dict[str, float]:
    """Seconds by phase (the name of its first asset), without Dagster."""
    store, seconds = Workspace(str(root)), dict[str, float]()
    fields = {"dataset": str(data), "models": list(MODELS), "finalists": 3, "deploy": "always"}
    started = time.perf_counter()
    register(store, platform_from_environment(), fields, driver="daemon", name=NAME)
    seconds["registration"] = time.perf_counter() - started
    while (standing := due(store, NAME)).state != "done":
        for step in standing.steps or (Step(APPROVAL, NAME, None, ""),):
            started = time.perf_counter()
            call_assets(step, str(root))
            phase = step.assets[0]
            seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - started
    return seconds


def in_dagster(dagster_dev: DagsterDev, plain_seconds: dict[str, float]) -> tuple[float, float]:
    """Seconds from file drop to plan, and the overhead from approval to report; prints the latter by phase."""
    dagster_dev.start()
    time.sleep(6)  # the first ticks are over, as on any day but the first
    dagster_dev.drop(NAME, ROWS, SESSION)
    to_plan = dagster_dev.wait_until(lambda: due(dagster_dev.store, NAME).state == "waiting", 900)
    time.sleep(3)
    used, began = dagster_dev.processor_seconds(), time.time()
    dagster_dev.approve(NAME)
    dagster_dev.wait_until(lambda: due(dagster_dev.store, NAME).state == "done", 1500)
    wall = time.time() - began
    used = dagster_dev.processor_seconds() - used
    time.sleep(3)
    with dagster_dev.instance() as instance:
        records = sorted(instance.get_run_records(), key=lambda record: record.create_timestamp)
    print(f"{'phase':<18} {'runs':>4} {'wall':>6} {'plain':>6} {'overhead':>8}   requested, started, ended (first; s)")
    before = began
    for phase in ("approval", "base_metrics", "finalists", "sweep", "deployment"):
        assets = (phase, "baselines") if phase == "base_metrics" else (phase,)
        runs = [r for r in records if (r.dagster_run.tags.get(PHASE) or "approval") in assets]
        ended = max(r.end_time or 0 for r in runs)
        spent = sum(plain_seconds.get(asset, 0.0) for asset in assets)
        first = min(runs, key=lambda r: r.create_timestamp)
        stamps = (first.create_timestamp.timestamp(), first.start_time or 0, first.end_time or 0)
        at = ", ".join(f"{stamp - before:.1f}" for stamp in stamps)
        print(
            f"{phase:<18} {len(runs):>4} {ended - before:>6.1f} {spent:>6.1f} {ended - before - spent:>8.1f}   {at}",
            flush=True,
        )
        before = ended
    after_plan = sum(plain_seconds.values()) - plain_seconds["registration"] - plain_seconds["inspected_dataset"]
    print(f"approval to report: {wall:.1f} s, of which plain {after_plan:.1f} s; {used:.1f} s of processor time")
    return to_plan, wall - after_plan


def in_one_command(folder: Path, environment: dict[str, str]) -> float:
    """Seconds of `fw-assets run` on the same data, in a new folder."""
    folder.mkdir()
    (folder / f"{NAME}.jsonl").write_text(ROWS, "utf-8")
    (folder / "session.yaml").write_text(SESSION, "utf-8")
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "fw_assets", "run", f"{NAME}.jsonl", "--session", "session.yaml", "--approve", "--yes"],
        cwd=folder,
        env=environment | {"FW_WORKSPACE": str(folder / "workspace")},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - started


def main(*only: str) -> None:
    """Print everything; `plain`, `command` or `dagster` as arguments: only that; with `fresh`: Dagster's launcher."""
    Session(models=list(MODELS))
    with tempfile.TemporaryDirectory(prefix="fw-overhead-") as name:
        folder = Path(name)
        data = folder / f"{NAME}.jsonl"
        data.write_text(ROWS, "utf-8")
        with served(data) as url:
            platform = {
                "FW_EMBEDDED_URL": url,
                "FW_PLATFORM_HOME": str(folder / "home"),
                "FIREWORKS_API_KEY": "anything",
            }
            os.environ.update(platform)
            plain(folder / "warm", data)
            seconds = plain(folder / "plain", data)
            print("plain call: " + ", ".join(f"{phase} {spent:.2f}" for phase, spent in seconds.items()) + " s")
            whole = sum(seconds.values())
            print(f"plain call in all: {whole:.2f} s\n", flush=True)
            summary = []
            if not only or "command" in only:
                environment = {k: v for k, v in os.environ.items() if not k.startswith("DAGSTER")}
                environment["PYTHONPATH"] = str(REPOSITORY)
                walls = []
                for number in range(REPEATS):
                    walls.append(in_one_command(folder / f"command-{number}", environment))
                wall = statistics.median(walls)
                summary.append(("fw-assets run", wall - whole, COMMAND))
                print(
                    f"fw-assets run: {', '.join(f'{s:.1f}' for s in walls)} s wall, plain {whole:.1f} s\n", flush=True
                )
            if not only or "dagster" in only:
                dagster_dev = DagsterDev(folder / "dagster", **platform)
                if "fresh" in only:
                    shipped = (dagster_dev.folder / "dagster.yaml").read_text("utf-8")
                    (dagster_dev.folder / "dagster.yaml").write_text(shipped.replace(WARM, ""), "utf-8")
                try:
                    to_plan, overhead = in_dagster(dagster_dev, seconds)
                finally:
                    dagster_dev.stop()
                summary += [("file drop to plan", to_plan, PLAN), ("approval to report", overhead, REPORT)]
            print()
            for what, spent, target in summary:
                print(f"{what:<20} {spent:5.1f} s   target {target:g} s   {'met' if spent < target else 'MISSED'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
