"""Workspace up to the approval, made once by the real steps on the virtual platform."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from fw_assets.pipeline.config import ApprovalConfig
from fw_assets.pipeline.phases import APPROVAL, BASELINES, Step, due
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register
from fw_assets.pipeline.run_config import Driver
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.fault_schedules.drivers import DATASET, materialize
from fw_assets_tests.pipeline.fault_schedules.network import Network, VirtualHost, virtual_host
from fw_assets_tests.pipeline.fault_schedules.processes import Machine, Process
from fw_assets_tests.pipeline.fault_schedules.record import Record
from fw_assets_tests.pipeline.fault_schedules.virtual_platform import MODELS, VirtualPlatform
from fw_assets_tests.project import EXAMPLES

ROWS = 36
LABELS = ("billing", "technical", "account")
SESSION = {
    "models": list(MODELS),
    "labels": list(LABELS),
    "finalists": 1,
    "deploy": "always",
    "free_rows": 2,
    "sweep_rows": 12,
    "train_fraction": 0.6,
}
HOUR_USD = 7.0


@dataclass(frozen=True)
class Template:
    """A workspace to be copied, the answers of the platform, and the price of a deployment's hour."""

    folder: Path
    labels: dict[str, str]
    hour_usd: float

    def copy(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder)


def make_template(folder: Path, *, hour_usd: float) -> Template:
    """Register, inspect, plan and approve a small dataset.

    Args:
        hour_usd: 0 lets the ledger be compared to the cent: hours depend on how fast this machine is.
    """
    platform = VirtualPlatform(answers(), hour_usd)
    store = Workspace(str(folder / "workspace"))
    host = undisturbed_host(folder, platform)
    make_plan(store, host, write_rows(folder))
    approve(store, host, "command-line")
    for step in due(store, DATASET, "command-line").steps:
        if step.assets == BASELINES:
            materialize(store, host, step, step.assets[0])
    return Template(folder / "workspace", platform.labels, hour_usd)


def answers() -> dict[str, str]:
    """The label of each text."""
    rows = [json.loads(line)["messages"] for line in EXAMPLES.read_text("utf-8").splitlines()[:ROWS]]
    return {row[-2]["content"]: LABELS[number % len(LABELS)] for number, row in enumerate(rows)}


def write_rows(folder: Path) -> Path:
    """The dataset's file in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DATASET}.jsonl"
    lines = (
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for text, label in answers().items()
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def undisturbed_host(folder: Path, platform: VirtualPlatform) -> VirtualHost:
    """The platform as a process has it to which nothing happens."""
    process = Process(Machine({}, random.Random(0)), "undisturbed")
    process.machine.start(process)
    return virtual_host(folder, Network(process, platform, Record()))


def make_plan(store: Workspace, host: Platform, data: Path, **session: object) -> None:
    """Register the dataset, inspect it and plan."""
    register(store, host, {**SESSION, **session, "dataset": str(data)}, driver="command-line", name=DATASET)
    for step in due(store, DATASET, "command-line").steps:
        for asset in step.assets:
            materialize(store, host, step, asset)


def approve(store: Workspace, host: Platform, driver: Driver) -> None:
    """Answer the current plan, as `fw-assets run --approve` does when it takes a dataset over."""
    head = store.header("plan", DATASET)
    assert head is not None
    config = ApprovalConfig.model_validate({"approved_by": "ann", "plan_digest": head.digest, "driver": driver})
    materialize(store, host, Step(APPROVAL, DATASET, None, ""), APPROVAL[0], config)
