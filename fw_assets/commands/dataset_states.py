"""States of datasets: where each stands, what waits for a person, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pydantic import Field

from fw_assets.classification.cost.ledger import Ledger
from fw_assets.classification.errors import InputError
from fw_assets.classification.values import Frozen
from fw_assets.classification.visible_text import printable
from fw_assets.console import err
from fw_assets.pipeline.automation.scan import refused_files
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.budget.attempts import waits_for_signature
from fw_assets.pipeline.budget.prediction_account import prediction_ledger
from fw_assets.pipeline.budget.regression_account import regression_ledger
from fw_assets.pipeline.evaluation.removed_deployment import removed_deployments
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.registration.registration import registered_dataset
from fw_assets.pipeline.standing import retry_advice, standings
from fw_assets.pipeline.values.delivery import ReportRecord
from fw_assets.pipeline.workflow.next_step import to_approve, to_deploy
from fw_assets.workspace.workspace import Workspace


class Spent(Frozen):
    """US dollars outside the plan: paid, and held for what is under way."""

    paid_usd: float = 0.0
    held_usd: float = 0.0
    payments: int = Field(0, exclude=True)


class DatasetState(Frozen):
    """One dataset of the workspace, or a file that could not be registered.

    Attributes:
        state: as the column of `fw-assets status`; note: the same in a sentence.
        due: keys of the steps that can start.
        winner, accuracy: of its report; None without one.
    """

    dataset: str
    state: str
    note: str
    due: tuple[str, ...] = ()
    winner: str | None = None
    accuracy: float | None = None
    regression_checks: Spent = Spent()
    predictions: Spent = Spent()


def dataset_states(root: str, name: str | None = None) -> list[DatasetState]:
    """The states of one dataset, or of all.

    Raises:
        InputError: there is none of that name.
    """
    store = Workspace(root)
    refused = refused_files(store)
    if name:
        if name not in refused:
            registered_dataset(store, name)
        refused = {item: why for item, why in refused.items() if item == name}
        names = [name] if name in store.datasets() else []
    else:
        store = take_snapshot(store)
        names = store.datasets()
    status_of = standings(store, names, driver=None)
    removed = removed_deployments(platform_from_environment, store, [i for i in names if status_of[i].state == "done"])
    states = []
    for item, status in status_of.items():
        note = _signed(root, item, status.note) + _removal(store, removed, item)
        if item in refused:
            note += f"; its newer file was not taken: {refused.pop(item)}"
        result = _result(store, item) if status.state == "done" else None
        states.append(
            DatasetState(
                dataset=item,
                state=status.state,
                note=note,
                due=tuple(step.key for step in status.steps),
                winner=result.winner if result else None,
                accuracy=result.accuracy if result else None,
                regression_checks=_spent(store, item, regression_ledger),
                predictions=_spent(store, item, prediction_ledger),
            )
        )
    return states + [DatasetState(dataset=item, state="failed", note=why) for item, why in refused.items()]


def _result(store: Workspace, name: str) -> ReportRecord | None:
    """What a dataset's report says; one that is damaged keeps no other dataset from being listed."""
    try:
        return store.read("report", name, ReportRecord)
    except (InputError, OSError) as error:
        err.print(f"fw-assets: {printable(message_of(error))}", markup=False)
        return None


def _spent(store: Workspace, name: str, read: Callable[[Workspace, str], Ledger]) -> Spent:
    """The sums of a ledger; one that is damaged keeps no other dataset from being listed."""
    try:
        ledger = read(store, name)
    except (InputError, OSError) as error:
        err.print(f"fw-assets: {printable(message_of(error))}", markup=False)
        return Spent()
    return Spent(paid_usd=ledger.spent, held_usd=ledger.reserved, payments=len(ledger.entries))


def _signed(root: str, name: str, note: str) -> str:
    """The note with what a failed attempt waits for, since nothing else starts it again."""
    signature = _signature(root, name)
    return note.removesuffix(f"; {retry_advice(Workspace(root), name)}") + signature if signature else note


def _signature(root: str, name: str) -> str:
    """What a failed attempt waits for, in words; empty if none has failed since the last approval."""
    try:
        if not waits_for_signature(Workspace(root), name):
            return ""
    except InputError as error:
        return f"; {message_of(error)}"
    return f"; an attempt failed on the platform: approve again to try once more ({to_approve(Workspace(root), name)})"


def _removal(store: Workspace, removed: Collection[str], name: str) -> str:
    """What brings a removed deployment back, in words; empty where it is there, or nobody knows."""
    return f"; its deployment was removed on the platform: {to_deploy(store, name)}" if name in removed else ""
