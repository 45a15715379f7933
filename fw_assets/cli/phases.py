"""Commands that take a dataset through its phases, and away again."""

from __future__ import annotations

import getpass
from typing import Any

import click

from fw_assets.classification.session import MITIGATIONS
from fw_assets.cli.options import dataset_options, json_option
from fw_assets.cli.program import main
from fw_assets.cli.workspace_root import start_loading, workspace_root
from fw_assets.commands.errors import readable_errors
from fw_assets.pipeline.run_config import DRIVERS


@main.command()
@dataset_options
@click.option("--approve", "approve_it", is_flag=True, help="Approve the plan without being asked.")
@click.option("--yes", is_flag=True, help="Ask nothing; what is missing is an error.")
@readable_errors
def run(approve_it: bool, yes: bool, root: str | None, as_json: bool, **arguments: Any) -> int:
    """Take a dataset through all phases: inspect, plan, approve, benchmark, fine-tune, evaluate, deploy, report."""
    root = start_loading(root, arguments["dataset"])
    from fw_assets.commands.workflow import run

    make_pool = click.get_current_context().obj
    return run(root, arguments, approve=approve_it, ask=not yes, as_json=as_json, make_pool=make_pool)


@main.command()
@dataset_options
@readable_errors
def plan(root: str | None, as_json: bool, **arguments: Any) -> int:
    """Inspect a dataset and write the plan; nothing is spent."""
    root = start_loading(root, arguments["dataset"])
    from fw_assets.commands.workflow import plan

    return plan(root, arguments, as_json=as_json, make_pool=click.get_current_context().obj)


@main.command()
@click.argument("name")
@click.option("--digest", default="", help="Digest of the plan that you looked at; a yes needs it.")
@click.option("--mitigation", type=click.Choice(MITIGATIONS))
@click.option("--by", default=getpass.getuser, show_default="your user name", help="Who answers.")
@click.option("--note", default="", help="Kept with the answer.")
@click.option("--labels-confirmed", is_flag=True, help="You looked at the labels and they are right. Recorded.")
@click.option("--reject", is_flag=True, help="Say no; nothing is started.")
@click.option(
    "--driver",
    type=click.Choice(DRIVERS),
    help="Who carries on: Dagster's daemon or `fw-assets run`. Default: whoever planned.",
)
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def approve(name: str, root: str | None, as_json: bool, **answer: Any) -> int:
    """Answer the plan of a dataset."""
    from fw_assets.commands import workflow

    return workflow.approve(workspace_root(root), name, as_json=as_json, **answer)


@main.command()
@click.argument("name")
@click.option("--digest", default="", help="Digest of the dataset's plan: a yes to what bringing it back costs.")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def deploy(name: str, digest: str, root: str | None, as_json: bool) -> int:
    """Bring the winner of a finished dataset back, whose deployment was idle for days and removed.

    Without --digest, only say whether it is there, or what bringing it back costs.
    """
    from fw_assets.commands.deploy import deploy

    make_pool = click.get_current_context().obj
    return deploy(workspace_root(root), name, digest=digest, as_json=as_json, make_pool=make_pool)


@main.command()
@click.argument("name")
@click.option("--workspace", "root", metavar="DIR")
@json_option
@readable_errors
def forget(name: str, root: str | None, as_json: bool) -> int:
    """Forget a dataset: its records are set aside in the workspace; nothing on the platform is touched."""
    from fw_assets.commands import forget

    return forget.forget(workspace_root(root), name, as_json=as_json)


@main.command()
@click.argument("text")
@json_option
@readable_errors
def parse(text: str, as_json: bool) -> int:
    """Show what an instruction in plain English is understood to say."""
    from fw_assets.commands import catalog

    return catalog.parse(text, as_json=as_json)
