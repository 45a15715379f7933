"""Work of one command or notebook cell on a dataset: its workers, and every phase that is due, up to whole reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fw_assets.code_location import CODE_LOCATION
from fw_assets.pipeline.evaluation.removed_deployment import note_removal
from fw_assets.pipeline.machine import this_process
from fw_assets.pipeline.phases import DatasetStatus
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.reporting.report_files import changed_report_files, set_report_aside
from fw_assets.pipeline.runner.driver import drive
from fw_assets.pipeline.runner.process_pool import ProcessPool
from fw_assets.pipeline.runner.worker_pool import PoolFactory, WorkerPool
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.workflow.owner import require_no_owner
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.workspace import Workspace


@contextmanager
def exclusive_pool(
    store: Workspace, name: str, report: Callable[[str], None], make_pool: PoolFactory | None = None
) -> Iterator[WorkerPool]:
    """Workers for a dataset that nobody else works on meanwhile.

    Args:
        report: is told who is waited for.
        make_pool: by default, workers in processes of their own.

    Raises:
        InputError: the workspace is that of a component.
    """
    require_no_owner(store)
    pool = make_pool(store.root) if make_pool else ProcessPool(store.root, CODE_LOCATION)

    def on_wait(holder: str) -> None:
        report(f"{name} is being worked on by {holder}; waiting")

    with store.exclusive(name, "run", contender=Contender(this_process("another command"), on_wait)), pool:
        yield pool


def finish(
    pool: WorkerPool, store: Workspace, platform: Platform, name: str, *, report: Callable[[str], None]
) -> DatasetStatus:
    """Run every phase that is due; the report once more if its files are not what was written.

    A reported deployment that the platform removed meanwhile is brought back.

    Raises:
        StepFailed: with the messages of the failed steps.
        FireworksError: the platform could not be asked.
    """
    status = _whole_report(pool, store, name, report)
    if status.state == "done" and _is_removed(store, platform, name):
        report(f"{name}: its deployment was removed on the platform, and is brought back")
        return _whole_report(pool, store, name, report)
    return status


def _whole_report(pool: WorkerPool, store: Workspace, name: str, report: Callable[[str], None]) -> DatasetStatus:
    status = drive(pool, store, name, report=report)
    changed = changed_report_files(store, name) if status.state in ("done", "incomplete") else []
    if not changed:
        return status
    set_report_aside(store, name, changed)
    return drive(pool, store, name, report=report)


def _is_removed(store: Workspace, platform: Platform, name: str) -> bool:
    """Whether the reported deployment is gone, so that its delivery is due again."""
    record = store.read("deployment", name, DeploymentRecord)
    if record is None or not record.deployed:
        return False
    return platform.call(lambda client: note_removal(client, store, name))
