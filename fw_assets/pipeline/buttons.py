"""Jobs for people who prefer one button: the same steps in the same order as the sensors', driven to their end.

One run cannot span both partitions definitions, and two runs in one process deadlock: so the button's run starts the
command line in a process of its own, whose steps are runs on the same instance, and shows what it says.
"""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import yaml
from pydantic import Field

from fw_assets.classification.plan import Plan
from fw_assets.pipeline.inspection import SessionConfig, fields_of
from fw_assets.pipeline.phases import APPROVAL, PLANNING, due
from fw_assets.pipeline.planning import account_of
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.run_tags import COST, DATASET
from fw_assets.pipeline.workspace import Workspace


class ButtonConfig(SessionConfig):
    """What to do with which dataset, and who approves the plan."""

    dataset: str = Field(description="A JSONL file, accounts/ACCOUNT/datasets/ID, or the name of a registered dataset.")
    name: str | None = Field(None, description="The dataset's name (its partition); made from the file's if left out.")
    approved_by: str = Field(
        "",
        description=(
            "Who approves the plan unseen, whatever it costs. Empty: the run stops at the plan, which then waits for "
            "approval; run the job again afterwards and it goes on from there."
        ),
    )


inspect_and_plan = dg.define_asset_job(
    "inspect_and_plan",
    selection=dg.AssetSelection.assets(*PLANNING),
    executor_def=dg.in_process_executor,
    description=(
        "Inspects one dataset and writes its plan; spends nothing. Choose the partition; a dataset that is not "
        "registered yet needs its file and its models in the config of inspected_dataset."
    ),
)

approve_plan = dg.define_asset_job(
    "approve_plan",
    selection=dg.AssetSelection.assets(*APPROVAL),
    executor_def=dg.in_process_executor,
    description=(
        "Answers the plan of one dataset; the same as materializing the asset `approval`. Choose the partition, write "
        "your name in approved_by. The link in the plan's summary opens it with the plan's digest filled in."
    ),
)


@dg.op(description="Plan, approval if someone gives it, benchmark, report. Trains nothing.")
def benchmark_to_the_end(context: dg.OpExecutionContext, config: ButtonConfig, workspace: WorkspaceResource) -> None:
    """Every step that is due for the command line, until none is."""
    _drive(context, config, workspace.open().root, {"mode": "benchmark"})


@dg.op(description="Plan, approval if someone gives it, benchmark, tuning, evaluation, deployment, report.")
def workflow_to_the_end(context: dg.OpExecutionContext, config: ButtonConfig, workspace: WorkspaceResource) -> None:
    """Every step that is due for the command line, until none is."""
    _drive(context, config, workspace.open().root, {})


@dg.job(
    executor_def=dg.in_process_executor,
    description="One button up to the benchmark of the base models: name the dataset, the models and who approves.",
)
def benchmark_only() -> None:
    """One op, which starts runs of its own."""
    benchmark_to_the_end()


@dg.job(
    executor_def=dg.in_process_executor,
    description="One button for all phases: name the dataset, the models and who approves.",
)
def full_workflow() -> None:
    """One op, which starts runs of its own."""
    workflow_to_the_end()


def _drive(context: dg.OpExecutionContext, config: ButtonConfig, root: str, forced: dict[str, Any]) -> None:
    fields = {key: value for key, value in fields_of(config).items() if key not in ("name", "approved_by", "dataset")}
    with tempfile.TemporaryDirectory() as folder:
        session = Path(folder) / "session.yaml"
        session.write_text(yaml.safe_dump({**fields, **forced}), "utf-8")
        named = ("--name", config.name) if config.name else ()
        planned = _run(
            context, root, "plan", config.dataset, "--session", str(session), *named, "--json", expected=(0,)
        )
    plan = msgspec.json.decode(planned)
    name, digest = str(plan["dataset"]), str(plan["digest"])
    context.instance.add_run_tags(context.run.run_id, {DATASET: name})
    if config.approved_by:
        _run(
            context,
            root,
            *("approve", name, "--digest", digest, "--by", config.approved_by, "--driver", "command-line"),
            expected=(0,),
        )
    _run(context, root, "run", name, "--yes", expected=(0, 3))
    store = Workspace(root)
    if due(store, name, driver=None).state == "done":
        account = account_of(store, name, store.need("plan", name, Plan))
        context.instance.add_run_tags(context.run.run_id, {COST: f"{account.ledger().spent:.4f}"})


def _run(context: dg.OpExecutionContext, root: str, *arguments: str, expected: tuple[int, ...]) -> str:
    """Run `fw-assets` and log what it says; gives its standard output."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        command = [sys.executable, "-m", "fw_assets", *arguments, "--workspace", root]
        said: list[str] = []
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True, errors="replace"
        ) as process:
            try:
                assert process.stderr is not None
                for line in process.stderr:
                    said.append(line.rstrip())
                    context.log.info(line.rstrip())
                process.wait()
            finally:
                process.terminate()
        output.seek(0)
        printed = output.read()
    if process.returncode not in expected:
        raise dg.Failure("\n".join(said[-20:]) or f"fw-assets {arguments[0]} failed", allow_retries=False)
    return printed
