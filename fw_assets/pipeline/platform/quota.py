"""Quota of the account: a create that it refuses is sent again once something of the account's own has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fw_assets.fireworks import Fireworks, FireworksError, QuotaExceeded
from fw_assets.pipeline.progress import tell

T = TypeVar("T")

MAX_SECONDS = 6 * 3600.0
"""As long as a fine-tuning job may take."""
LOOK_SECONDS = 15.0
"""Between two looks at what uses the quota; lists are long."""


async def when_quota_allows(
    create: Callable[[], Awaitable[T]],
    active: Callable[[], Awaitable[frozenset[str]]],
    *,
    what: str,
    poll: float,
    seconds: float = MAX_SECONDS,
) -> T:
    """The result of `create`, which is tried again whenever one of the account's own resources has ended.

    Args:
        active: names of the resources whose end frees some of the quota.
        what: title of the progress messages.
        poll: seconds between two looks at a job's state; the list is looked at more rarely.
        seconds: for at most so long.

    Raises:
        QuotaExceeded: nothing of the account's own uses the quota, what does cannot be seen, or it took too long.
    """
    started = time.monotonic()
    unused = False
    while True:
        try:
            return await create()
        except QuotaExceeded as error:
            before = await _seen(active, error)
            # What used it may have ended between the refusal and the look, but not twice.
            if (unused and not before) or time.monotonic() - started > seconds:
                raise
            unused = not before
            if before:
                tell(what, 0, 100, f"waits for one of {len(before)} of the account to end: {error.detail}")
            refusal = error
        pause = min(poll, LOOK_SECONDS)
        while before and before <= await _seen(active, refusal) and time.monotonic() - started <= seconds:
            await asyncio.sleep(pause)
            pause = min(LOOK_SECONDS, 2 * pause)


async def _seen(active: Callable[[], Awaitable[frozenset[str]]], refusal: QuotaExceeded) -> frozenset[str]:
    """What is active; where that cannot be seen, the refusal itself is what a person has to know."""
    try:
        return await active()
    except FireworksError as failure:
        raise refusal from failure


async def active_jobs(client: Fireworks) -> frozenset[str]:
    """The names of the account's fine-tuning and batch jobs that have not ended."""
    jobs = [*await client.fine_tuning_jobs(), *await client.batch_inference_jobs()]
    return frozenset(job.name for job in jobs if not job.finished)
