"""Start of a fine-tuning job: one at a time for a plan, and while fewer of its jobs are active than it may have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.errors.attempts import JobStalled
from fw_assets.pipeline.platform.fine_tuning import STALL_SECONDS
from fw_assets.pipeline.platform.quota import LOOK_SECONDS
from fw_assets.pipeline.progress import tell
from fw_assets.pipeline.workflow.next_step import to_approve


@asynccontextmanager
async def job_start(
    client: Fireworks, account: PlanAccount, job_id: str, *, poll: float, what: str, seconds: float = STALL_SECONDS
) -> AsyncIterator[None]:
    """The plan's turn to create a job, once fewer than `max_parallel_jobs` of those it pays for are active.

    A job that nobody waits for any more (it stalled, or the process ended) is active all the same.

    Args:
        poll: seconds between two looks.
        seconds: for at most so long without the end of one of them.

    Raises:
        JobStalled: none of them ended.
    """
    lock = account.store.exclusive(account.dataset, "job_start")
    await asyncio.to_thread(lock.__enter__)
    try:
        await _room(client, account, job_id, poll, what, seconds)
        yield
    finally:
        await asyncio.to_thread(lock.__exit__, None, None, None)


async def _room(client: Fireworks, account: PlanAccount, job_id: str, poll: float, what: str, seconds: float) -> None:
    limit = account.plan.session.max_parallel_jobs
    before: frozenset[str] = frozenset()
    since, pause = time.monotonic(), min(poll, LOOK_SECONDS)
    while len(active := await _active(client, account, job_id)) >= limit:
        if active != before:
            before, since = active, time.monotonic()
            tell(what, 0, 100, f"waits for one of {len(active)} of the plan's jobs to end")
        elif time.monotonic() - since > seconds:
            raise JobStalled(
                min(active),
                "it is active, and nothing new is started beside it",
                seconds / 60,
                to_approve(account.store, account.dataset),
            )
        await asyncio.sleep(pause)
        pause = min(LOOK_SECONDS, 2 * pause)


async def _active(client: Fireworks, account: PlanAccount, job_id: str) -> frozenset[str]:
    """The jobs that the plan pays for and that have not ended, but for the one that is to be created."""
    own = {item.id for item in account.ledger().reservations} - {job_id}
    if not own:
        return frozenset()
    jobs = {job.name.rsplit("/", 1)[-1]: job for job in await client.fine_tuning_jobs()}
    return frozenset(name for name in own & jobs.keys() if not jobs[name].finished)
