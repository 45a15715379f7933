"""Online inference: one request per distinct row, concurrently, resuming from the response cache."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.cost.machine_time import NO_PACE, Pace
from fw_assets.classification.prompting.label_probabilities import why_none
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import (
    AuthenticationError,
    BadRequest,
    BillingError,
    FailedPrecondition,
    Fireworks,
    FireworksError,
    NotFound,
    PermissionDenied,
    PreconditionUnmet,
    ReasoningRefused,
)
from fw_assets.pipeline.errors.answers import NoProbabilities
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.concurrency import INITIAL_LIMIT, AdaptiveLimiter
from fw_assets.pipeline.evaluation.decision import decide
from fw_assets.pipeline.evaluation.request_set import Judge, RequestSet
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.stages import answer
from fw_assets.pipeline.evaluation.thinking import ThinkingWatch, reasoning_matters
from fw_assets.pipeline.planning.shortlists import OptionsOf
from fw_assets.pipeline.progress import tell, time_left
from fw_assets.pipeline.values.evaluation import Usage
from fw_assets.workspace.batches import Batches

MAX_ALTERNATIVES = 5
"""Tokens for which the API gives probabilities at each place of an answer."""
_REPORT_EVERY = 50
REFUSALS_OF_ALL = (AuthenticationError, PermissionDenied, BillingError, PreconditionUnmet, FailedPrecondition)
"""Errors that are of no single row: what is said to one request will be said to all."""


@dataclass(frozen=True)
class InferenceResult:
    """The answers of one model to some rows.

    Attributes:
        usage: of all answers, also those that were in the cache.
        sent: requests sent now.
        rejection: the platform's message if it rejected every request as malformed (400).
        pace: of the answers that came one by one, from the first to the last.
    """

    requests: RequestSet
    usage: Usage
    sent: int
    rejection: str | None = None
    pace: Pace = NO_PACE

    def prediction_batches(
        self, *, uncalibrated: bool = False, thresholds: Judge | None = None
    ) -> Iterator[pl.DataFrame]:
        """The predictions (schema PREDICTIONS) in the order of the rows; as of `RequestSet`."""
        return self.requests.prediction_batches(uncalibrated=uncalibrated, thresholds=thresholds)

    def right(self, *, uncalibrated: bool = False) -> int:
        """How many rows are answered right."""
        batches = self.prediction_batches(uncalibrated=uncalibrated)
        return sum(int((batch["outcome"] == "correct").sum()) for batch in batches)

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
    count_tokens: Callable[[int, int], None] = lambda prompt, completion: None,
    options: OptionsOf | None = None,
) -> InferenceResult:
    """Ask the model at `address` for each of `rows` (of a SPLIT frame).

    A row whose request fails for good has outcome `failed` and is asked again the next time.

    Raises:
        FireworksError: the key, the account or the model is refused (`REFUSALS_OF_ALL`); the answers so far are kept.
        ReasoningRefused: the model refuses the prompt's `reasoning_effort`; nothing was answered.
        ThinksBeforeAnswering: it spends the tokens of an answer on its reasoning.

    Args:
        what: title of the progress messages.
        count_tokens: is called with the tokens of prompts and of completions: of all answers that were in the cache,
            then of each; what it raises ends the work, and the answers so far are kept.
        concurrency: concurrent requests to begin with, which `AdaptiveLimiter` then adapts.
        options: as for `decide`.
    """
    requests = RequestSet(prompt, rows if isinstance(rows, Batches) else Batches(rows.lazy()), cache)
    clock = _AnswerClock(count_tokens)
    count_tokens(requests.usage.prompt_tokens, requests.usage.completion_tokens)
    # Asked for where they tell all labels; an answer without them counts as much.
    alternatives = 0 if prompt.mode == "free" else alternatives_needed(prompt)
    sent = await send_all(
        client,
        address,
        prompt,
        requests,
        cache,
        what=what,
        concurrency=concurrency,
        count_tokens=clock.count,
        alternatives=alternatives,
        options=options,
    )
    return InferenceResult(requests, requests.usage, sent, requests.rejection, clock.pace)


def alternatives_needed(prompt: Prompt) -> int:
    """The tokens whose probabilities tell those of all labels: one for each; 0 where the platform names too few."""
    return 0 if why_none(prompt, MAX_ALTERNATIVES) else len(prompt.labels)


class _AnswerClock:
    """Times of answers; the first is left out of the pace, since its model may have been loaded for it."""

    def __init__(self, count_tokens: Callable[[int, int], None]) -> None:
        self._count_tokens = count_tokens
        self._answers, self._first, self._last = 0, 0.0, 0.0

    def count(self, prompt_tokens: int, completion_tokens: int) -> None:
        self._last = time.monotonic()
        self._first = self._first or self._last
        self._answers += 1
        self._count_tokens(prompt_tokens, completion_tokens)

    @property
    def pace(self) -> Pace:
        return Pace(rows=max(0, self._answers - 1), seconds=self._last - self._first)


async def send_all(
    client: Fireworks,
    address: str,
    prompt: Prompt,
    requests: RequestSet,
    cache: ResponseCache,
    *,
    what: str,
    concurrency: int = INITIAL_LIMIT,
    count_tokens: Callable[[int, int], None],
    alternatives: int = 0,
    required: bool = False,
    options: OptionsOf | None = None,
) -> int:
    """Send every request that has no answer yet; returns how many were sent.

    Args:
        alternatives: tokens whose probabilities are asked for at each place of an answer.
        required: whether an answer without a probability for each label ends the work.
        count_tokens: is called with the tokens of each answer that comes.
        what, concurrency, options: as for `ask`, which says what is raised.
    """
    total = requests.total
    cached = answered = requests.answered
    started = time.monotonic()
    limiter = AdaptiveLimiter(concurrency, throttled=lambda: client.throttled)
    unanswered = requests.unanswered()
    tell(what, answered, total)

    more = {"top_logprobs": alternatives} if alternatives else {}
    watch = ThinkingWatch.over(address, prompt, requests.answers())
    over = False

    async def send(key: str, messages: str) -> None:
        nonlocal answered, over
        try:
            async with limiter.slot():
                if over:  # the cancellation of this worker may come after its turn
                    return
                if prompt.mode == "decision":
                    completion, probabilities = await decide(client, address, prompt, messages, options)
                else:
                    completion = await answer(client.chat, address, prompt, messages, more)
                    probabilities = None
                # No await in between: an answer that is not stored yet is lost with the process, and paid twice.
                stored = requests.stored_answer(key, completion, probabilities)
                cache.add(stored)
                count_tokens(stored.prompt_tokens, stored.completion_tokens)
                watch.add(stored)
                watch.check()
                if required and stored.probabilities is None and answered == cached:
                    raise NoProbabilities(address, "what came beside its first answer does not tell the labels apart")
        except FireworksError as error:
            if _concerns_all(error, prompt, requests):
                over = True
                raise
            requests.record_failure(key, error)
            show()
            return
        except (CeilingReached, PhaseError):
            over = True
            raise
        answered += 1
        show()

    def show() -> None:
        done, failed = answered + requests.failed, requests.failed
        if done % _REPORT_EVERY == 0 or done == total:
            rate = (done - cached) / max(time.monotonic() - started, 1e-9)
            without = f", {failed} without an answer" if failed else ""
            tell(what, done, total, f"{rate:.0f}/s{time_left((total - done) / rate)}{without}")

    async def worker() -> None:
        for key, messages in unanswered:
            await send(key, messages)

    try:
        # One row goes ahead: what the model refuses is refused once, and what it thinks is paid for a few times only.
        for key, messages in unanswered:
            await send(key, messages)
            if not watch.doubtful:
                break
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limiter.max_limit, total - cached)):
                group.create_task(worker())
    finally:
        cache.flush()
    return answered - cached + requests.failed


def _concerns_all(error: FireworksError, prompt: Prompt, requests: RequestSet) -> bool:
    """Whether what is said to one request will be said to all; a refusal of the reasoning, until one was answered."""
    if prompt.mode == "decision" and isinstance(error, BadRequest | NotFound) and not requests.answered:
        return True  # a model that answers no decisions says so of the first row
    if isinstance(error, ReasoningRefused):
        return reasoning_matters(prompt) and not requests.answered
    return isinstance(error, REFUSALS_OF_ALL)
