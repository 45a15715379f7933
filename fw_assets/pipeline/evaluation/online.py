"""Asking a served model for every row of a part, once each, side by side, resuming from the answers that are kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import ChatCompletion, Fireworks, FireworksError
from fw_assets.pipeline.evaluation.concurrency import START, AdaptiveLimiter
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache, StoredAnswer
from fw_assets.pipeline.progress import tell, time_left
from fw_assets.pipeline.values import Usage
from fw_assets.workspace.batches import Batches


@dataclass(frozen=True)
class Asked:
    """What came of asking one model for some rows."""

    requests: RequestSet
    usage: Usage
    sent: int
    """Requests sent now; the rest was known."""
    refused: str | None = None
    """What the platform said, where it refused every request as one that it does not understand (400)."""

    def judged(self) -> Iterator[pl.DataFrame]:
        """The predictions (schema PREDICTIONS) in the order of the rows, a slice at a time."""
        return self.requests.judged()

    @property
    def predictions(self) -> pl.DataFrame:
        """The same at once, for a few rows."""
        return pl.concat(list(self.judged()))


async def ask(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    rows: Batches | pl.DataFrame,
    store: ResponseCache,
    *,
    what: str,
    concurrency: int = START,
) -> Asked:
    """Ask `address` for each of `rows` (of a SPLIT frame).

    A row whose request fails for good has outcome `failed` and is asked again the next time; the others are kept.
    Requests are made when there is a place to send them, and rows read a slice at a time.

    Args:
        concurrency: requests under way at once to begin with; `AdaptiveLimiter` then follows the platform.
    """
    requests = RequestSet(prompt, rows if isinstance(rows, Batches) else Batches(rows.lazy()), store)
    sent = await _send(client, address, prompt, requests, store, what, concurrency)
    return Asked(requests, requests.usage, sent, requests.refused)


def stored(key: str, answer: ChatCompletion) -> StoredAnswer:
    """A completion as it is kept."""
    return StoredAnswer(
        key=key,
        text=answer.text,
        finish_reason=answer.finish_reason,
        refusal=answer.refusal,
        confidence=answer.confidence,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
    )


async def _send(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    requests: RequestSet,
    store: ResponseCache,
    what: str,
    concurrency: int,
) -> int:
    total = requests.total
    known = done = requests.answered
    started = time.monotonic()
    pace = AdaptiveLimiter(concurrency, throttled=lambda: client.throttled)
    waiting = requests.waiting()
    tell(what, done, total)

    async def worker() -> None:
        nonlocal done
        for key, messages in waiting:
            try:
                async with pace.place():
                    answer = await client.chat({"model": address, **request(prompt, messages)})
                    # Nothing comes between: an answer that is not kept yet is lost with the process, and paid twice.
                    store.add(stored(key, answer))
            except FireworksError as error:
                requests.fail(key, error)
                continue
            done += 1
            if done % 50 == 0 or done == total:
                rate = (done - known) / max(time.monotonic() - started, 1e-9)
                tell(what, done, total, f"{rate:.0f}/s{time_left((total - done) / rate)}")

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(pace.most, total - known)):
                group.create_task(worker())
    finally:
        store.flush()
    return done - known + requests.failed
