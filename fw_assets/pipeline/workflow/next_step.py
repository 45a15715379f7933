"""What a person does next with a dataset, as messages say it: a command, or Dagster on the workspace of a component."""

from __future__ import annotations

from fw_assets.pipeline.workflow.owner import owner_of
from fw_assets.workspace.workspace import Workspace


def to_go_on(store: Workspace, dataset: str) -> str:
    """What starts again what has failed or was interrupted."""
    if owner_of(store) is None:
        return f"fw-assets run {dataset}"
    return "Re-execute, on the run's page in Dagster"


def to_plan(store: Workspace, dataset: str) -> str:
    """What makes a plan where there is none, or makes it again."""
    owner = owner_of(store)
    return f"`fw-assets run {dataset}`" if owner is None else f"the asset `{owner.key('plan')}` in Dagster"


def to_approve(store: Workspace, dataset: str) -> str:
    """What says yes to the newest plan, or once more to the plan."""
    owner = owner_of(store)
    if owner is None:
        return f"`fw-assets run {dataset} --approve`, or the asset `approval` in Dagster"
    return f"the asset `{owner.key('approval')}` in Dagster"


def to_deploy(store: Workspace, dataset: str) -> str:
    """What says what bringing a removed deployment back costs, and does it."""
    owner = owner_of(store)
    return f"fw-assets deploy {dataset}" if owner is None else f"the job `{owner.name}_deploy_winner` in Dagster"


def to_register(store: Workspace) -> str:
    """What registers a dataset."""
    owner = owner_of(store)
    return "use `fw-assets plan FILE --model MODEL`" if owner is None else f"materialize `{owner.key('dataset')}`"


def to_answer(store: Workspace, dataset: str, digest: str) -> str:
    """What answers the plan of a digest."""
    owner = owner_of(store)
    if owner is None:
        return f"materialize `approval`, or run `fw-assets approve {dataset} --digest {digest}`"
    return f"materialize `{owner.key('approval')}` in Dagster"


def yes_in_dagster(store: Workspace) -> str:
    """How a plan says that it is approved where no command does; empty elsewhere."""
    owner = owner_of(store)
    return (owner and f"In Dagster: the link “Approve or reject this plan” on the page of `{owner.key('plan')}`") or ""


def in_words(store: Workspace, remedy: str) -> str:
    """The remedy of a run that was stopped (`RunStopped.remedy`), as it helps with this workspace."""
    if owner_of(store) is None:
        again, with_, ceiling = "run the same command again with `--approve`", " and", "--max-spend-usd"
    else:
        again, with_, ceiling = "approve the plan again in Dagster", ", with", "max_spend_usd"
    return remedy.format(Again=again[0].upper() + again[1:], again=again, with_=with_, ceiling=ceiling)
