"""What a person does next with a dataset, as messages say it: a command, or Dagster on the workspace of a component."""

from __future__ import annotations

from fw_assets.pipeline.workflow.command_line import command
from fw_assets.pipeline.workflow.owner import owner_of
from fw_assets.report.formatting import Quoted
from fw_assets.workspace.workspace import Workspace


def to_go_on(store: Workspace, dataset: str) -> str:
    """What starts again what has failed or was interrupted."""
    if owner_of(store) is None:
        return command(store, "run", dataset)
    return "Re-execute, on the run's page in Dagster"


def to_plan(store: Workspace, dataset: str) -> str:
    """What makes a plan where there is none, or makes it again."""
    owner = owner_of(store)
    return f"`{command(store, 'run', dataset)}`" if owner is None else f"the asset `{owner.key('plan')}` in Dagster"


def to_approve(store: Workspace, dataset: str, *, anywhere: bool = False) -> str:
    """What says yes to the newest plan, or once more to the plan; `anywhere` as for `command`."""
    owner = owner_of(store)
    if owner is None:
        yes = command(store, "run", dataset, "--approve", anywhere=anywhere)
        return f"`{yes}`, or the asset `approval` in Dagster"
    return f"the asset `{owner.key('approval')}` in Dagster"


def to_deploy(store: Workspace, dataset: str, *, anywhere: bool = False) -> str:
    """What says what bringing a removed deployment back costs, and does it; `anywhere` as for `command`."""
    owner = owner_of(store)
    if owner is None:
        return command(store, "deploy", dataset, anywhere=anywhere)
    return f"the job `{owner.name}_deploy_winner` in Dagster"


def to_register(store: Workspace) -> str:
    """What registers a dataset."""
    owner = owner_of(store)
    if owner is None:
        return f"use `{command(store, 'plan', 'FILE', '--model', 'MODEL')}`"
    return f"materialize `{owner.key('dataset')}`"


def to_answer(store: Workspace, dataset: str, digest: str) -> str:
    """What answers the plan of a digest."""
    owner = owner_of(store)
    if owner is None:
        return f"materialize `approval`, or run `{command(store, 'approve', dataset, '--digest', digest)}`"
    return f"materialize `{owner.key('approval')}` in Dagster"


def to_say_yes(store: Workspace, dataset: str, digest: str, *, anywhere: bool = False) -> str:
    """How to say yes, in the plan of a digest itself; `anywhere` as for `command`."""
    owner = owner_of(store)
    if owner is None:
        return Quoted(command(store, "approve", dataset, "--digest", digest, anywhere=anywhere))
    return f"In Dagster: the link “Approve or reject this plan” on the page of `{owner.key('plan')}`"


def in_words(store: Workspace, remedy: str) -> str:
    """The remedy of a run that was stopped (`RunStopped.remedy`), as it helps with this workspace."""
    if owner_of(store) is None:
        again, with_, ceiling = "run the same command again with `--approve`", " and", "--max-spend-usd"
    else:
        again, with_, ceiling = "approve the plan again in Dagster", ", with", "max_spend_usd"
    return remedy.format(Again=again[0].upper() + again[1:], again=again, with_=with_, ceiling=ceiling)
