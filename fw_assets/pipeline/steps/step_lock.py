"""Lock of one asset of a dataset or cell: whoever drives the step, one process does it at a time.

A command can take a dataset over from the daemon, or the daemon from a command, while the other's runs are at work on
it. The lock is held by the step itself, so the second one waits and then reads what the first has stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import dagster as dg
from pydantic import BaseModel

from fw_assets.classification.visible_text import printable
from fw_assets.pipeline.machine import this_process
from fw_assets.pipeline.partitions import asset_name, dataset_and_model
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.progress import announce
from fw_assets.pipeline.run_tags import driver_of, is_driven
from fw_assets.workspace.contention import Contender
from fw_assets.workspace.workspace import Workspace

Value = TypeVar("Value", bound=BaseModel)
LOCKS = ".locks"
"""Folder of a dataset's step locks."""


@dataclass(frozen=True)
class StepLock:
    """The lock of an asset that this process holds.

    Attributes:
        model: of a cell; None for an asset of the whole dataset.
        waited: another process held the lock first.
        driven: a driver started the run because the step was due, and no person who wants it done again.
    """

    store: Workspace
    asset: str
    dataset: str
    model: str | None
    waited: bool
    driven: bool

    def made(self, kind: type[Value], inputs: str) -> Value | None:
        """The stored value if another process made it from these inputs since this step was started."""
        header = self.store.header(self.asset, self.dataset, self.model)
        if header is None or header.inputs != inputs:
            return None
        if not self.waited and not (self.driven and not self._is_due()):
            return None
        return self.store.read(self.asset, self.dataset, kind, self.model)

    def _is_due(self) -> bool:
        steps = due(self.store, self.dataset, driver=None).steps
        return any(self.asset in step.assets and self.model == step.model for step in steps)


_held: ContextVar[StepLock] = ContextVar("held step lock")


@contextmanager
def step_lock(context: dg.AssetExecutionContext, store: Workspace) -> Iterator[None]:
    """Hold the lock of the asset that is being materialized; says for whom it waits, in the run's log and on screen."""
    asset = asset_name(context)
    cell = isinstance(context.partition_key, dg.MultiPartitionKey)
    dataset, model = dataset_and_model(context) if cell else (context.partition_key, None)
    title = f"{asset} of {dataset}" + (f" with {model}" if model else "")

    def on_wait(holder: str) -> None:
        notice = printable(f"{title} is being done by {holder}; waiting")
        context.log.info(notice)
        announce(notice)

    contender = Contender(this_process(driver_of(context.run)), on_wait)
    name = (dataset, LOCKS, asset, model) if model else (dataset, LOCKS, asset)
    with store.exclusive(*name, contender=contender) as waited:
        token = _held.set(StepLock(store, asset, dataset, model, waited, is_driven(context.run)))
        try:
            yield
        finally:
            _held.reset(token)


def made_meanwhile(kind: type[Value], inputs: str) -> Value | None:
    """The value of the asset that is being materialized, if another process made it from these inputs meanwhile.

    What was made before this step was started is no reason to leave it out: a person may want it made again.
    """
    return _held.get().made(kind, inputs)
