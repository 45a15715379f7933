"""Record of the run of a step: how it ended, for those who ask where its dataset stands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

from fw_assets.classification.visible_text import printable
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.machine import this_machine
from fw_assets.pipeline.partitions import dataset_and_model
from fw_assets.pipeline.run_tags import step_of
from fw_assets.pipeline.values.step_run import StepRun, forget_step_run, record_step_run
from fw_assets.workspace.workspace import Workspace


@contextmanager
def recorded(context: dg.AssetExecutionContext, store: Workspace) -> Iterator[None]:
    """Keep how the step's run stands until it is done. A full disk or a lost connection ends the step by itself."""
    step = step_of(context.run)
    if step is None:
        yield
        return
    cell = isinstance(context.partition_key, dg.MultiPartitionKey)
    dataset = dataset_and_model(context)[0] if cell else context.partition_key
    begun = StepRun(
        step=step, run=context.run.run_id, state="begun", machine=this_machine(), pid=os.getpid(), at=time.time()
    )

    def record(**end: str) -> None:
        with suppress(OSError):
            record_step_run(store, dataset, begun.model_copy(update=end))

    record()
    try:
        yield
    except dg.RetryRequested:
        raise
    except dg.Failure as failure:
        record(state="failed", message=printable(failure.description or str(failure)))
        raise
    except Exception as error:
        record(state="failed", message=printable(message_of(error)) or type(error).__name__)
        raise
    except BaseException:
        record(state="cancelled")
        raise
    with suppress(OSError):
        forget_step_run(store, dataset, step)
