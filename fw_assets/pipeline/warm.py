"""A process that has loaded the program and forks others from itself: they begin at once, not after their imports.

It is `multiprocessing`'s fork server. It stays single-threaded and opens nothing, so that what is forked from it shares
neither locks nor connections.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.context import BaseContext

PROGRAM = (
    "fw_assets.definitions",
    "fw_assets.pipeline.storage",
    "dagster._cli.api",
    "dagster._core.execution.execute_in_process",
)
"""What every run needs: the graph, and what Dagster loads only when something is executed."""
PHASES = ("pandera.polars", "sklearn.feature_extraction.text", "sklearn.linear_model", "fw_assets.report.build")
"""What single phases need and load themselves where it is not there: seconds, which are only worth it in advance."""


def warm(modules: Sequence[str] = PROGRAM) -> BaseContext | None:
    """A context whose processes are forked from one that has loaded `modules`; None where the system cannot fork.

    The first call of this process decides on the modules. The fork server begins with the first process, or with
    `multiprocessing.forkserver.ensure_running`; it ends with this process, while those that were forked from it go on.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return None
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))
    return context
