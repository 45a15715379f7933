"""What assets have in common: how they end early, tried again or stopped by a person, and who answers for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.ui.metadata import clear_failures

OWNERS = ["team:fw-assets"]
"""Shown on every asset's page and found by the catalog's filter."""

RETRIES = 2
FIRST_DELAY = 2.0
"""Seconds before the second attempt; twice as long before the third."""


@contextmanager
def retry_transient(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Have troubles that may pass tried again; a failure that a person has to mend says so and is not.

    Not by a `RetryPolicy`: Dagster applies that to a run that a person terminates as well, and so goes on with it.
    """
    try:
        with clear_failures():
            yield
    except Exception as error:
        passing = not isinstance(error, dg.Failure) or error.allow_retries
        if not passing or context.retry_number >= RETRIES:
            raise
        delay = FIRST_DELAY * 2**context.retry_number
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=delay) from error


@contextmanager
def warn_on_cancel(context: dg.AssetExecutionContext, account: Account, slug: str) -> Iterator[None]:
    """Say in the run's log, when a person terminates it, what goes on without it: nothing on the platform is cancelled.

    Whatever the ledger holds for the model and nobody has paid is what was begun.
    """
    try:
        yield
    except Exception:
        raise
    except BaseException:
        begun = [item.id for item in account.ledger().reservations if item.key.partition("/")[2] == slug]
        if begun:
            context.log.warning(
                f"Stopped. On the platform this still runs or is up, as nothing is cancelled from here: "
                f"{', '.join(begun)}. Its price stays held in the ledger; the next run of this step adopts it."
            )
        raise
