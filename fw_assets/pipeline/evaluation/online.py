"""Online inference: one request per distinct row, concurrently, resuming from the response cache."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import (
    AuthenticationError,
    BillingError,
    ChatCompletion,
    FailedPrecondition,
    Fireworks,
    FireworksError,
    PermissionDenied,
)
from fw_assets.pipeline.evaluation.concurrency import INITIAL_LIMIT, AdaptiveLimiter
from fw_assets.pipeline.evaluation.request_set import RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache, StoredAnswer
from fw_assets.pipeline.progress import tell, time_left
from fw_assets.pipeline.values.evaluation import Usage
from fw_assets.workspace.batches import Batches

_REPORT_EVERY = 50
REFUSALS_OF_ALL = (AuthenticationError, PermissionDenied, BillingError, FailedPrecondition)
"""Errors that are of no single row: what is said to one request will be said to all."""


@dataclass(frozen=True)
class InferenceResult:
    """The answers of one model to some rows.

    Attributes:
        usage: of all answers, also those that were in the cache.
        sent: requests sent now.
        rejection: the platform's message if it rejected every request as malformed (400).
    """

    requests: RequestSet
    usage: Usage
    sent: int
    rejection: str | None = None

    def prediction_batches(self) -> Iterator[pl.DataFrame]:
        """The predictions (schema PREDICTIONS) in the order of the rows."""
        return self.requests.prediction_batches()

    @property
    def predictions(self) -> pl.DataFrame:
        """All predictions in memory, for a few rows."""
        return pl.concat(list(self.prediction_batches()))


async def ask(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    rows: Batches | pl.DataFrame,
    cache: ResponseCache,
    *,
    what: str,
    concurrency: int = INITIAL_LIMIT,
) -> InferenceResult:
    """Ask the model at `address` for each of `rows` (of a SPLIT frame).

    A row whose request fails for good has outcome `failed` and is asked again the next time.

    Raises:
        FireworksError: the key, the account or the model is refused (`REFUSALS_OF_ALL`); the answers so far are kept.

    Args:
        what: title of the progress messages.
        concurrency: concurrent requests to begin with, which `AdaptiveLimiter` then adapts.
    """
    requests = RequestSet(prompt, rows if isinstance(rows, Batches) else Batches(rows.lazy()), cache)
    sent = await _send_all(client, address, prompt, requests, cache, what, concurrency)
    return InferenceResult(requests, requests.usage, sent, requests.rejection)


def stored_answer(key: str, completion: ChatCompletion) -> StoredAnswer:
    """A completion as the response cache stores it."""
    return StoredAnswer(
        key=key,
        text=completion.text,
        finish_reason=completion.finish_reason,
        refusal=completion.refusal,
        confidence=completion.confidence,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
    )


async def _send_all(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    requests: RequestSet,
    cache: ResponseCache,
    what: str,
    concurrency: int,
) -> int:
    """Send every request that has no answer yet; returns how many were sent."""
    total = requests.total
    cached = answered = requests.answered
    started = time.monotonic()
    limiter = AdaptiveLimiter(concurrency, throttled=lambda: client.throttled)
    unanswered = requests.unanswered()
    tell(what, answered, total)

    async def worker() -> None:
        nonlocal answered
        for key, messages in unanswered:
            try:
                async with limiter.slot():
                    completion = await client.chat({"model": address, **request(prompt, messages)})
                    # No await in between: an answer that is not stored yet is lost with the process, and paid twice.
                    cache.add(stored_answer(key, completion))
            except REFUSALS_OF_ALL:
                raise
            except FireworksError as error:
                requests.record_failure(key, error)
                continue
            answered += 1
            if answered % _REPORT_EVERY == 0 or answered == total:
                rate = (answered - cached) / max(time.monotonic() - started, 1e-9)
                tell(what, answered, total, f"{rate:.0f}/s{time_left((total - answered) / rate)}")

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limiter.max_limit, total - cached)):
                group.create_task(worker())
    finally:
        cache.flush()
    return answered - cached + requests.failed
