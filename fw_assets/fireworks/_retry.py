"""Retry policy: which failures may pass, how long to wait between attempts, and when to give up."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

from ._clock import Clock
from ._errors import (
    ApiError,
    ConnectionFailed,
    FireworksError,
    NotFound,
    OversizedResponse,
    QuotaExceeded,
    RateLimited,
    ScalingUp,
    ServerError,
    UnexpectedResponse,
)
from ._logger import log
from ._reminders import remind

T = TypeVar("T")

RETRY_AFTER_JITTER_SECONDS = 0.25
"""Added at random to a wait that the platform asks for, so that clients it refused together come back apart."""


@dataclass(frozen=True)
class Backoff:
    """Waits of `first * growth**n` seconds, at most `longest` each and `budget` in all."""

    first: float
    growth: float
    longest: float
    budget: float

    def wait(self, attempt: int) -> float:
        """The wait after failed attempt `attempt` (1-based), with jitter: half to all of the nominal one."""
        nominal = min(self.longest, self.first * self.growth ** min(attempt - 1, 60))
        return nominal * random.uniform(0.5, 1.0)


@dataclass(frozen=True)
class RetryPolicy:
    """The backoff of each class of failure."""

    transient: Backoff = Backoff(first=0.5, growth=2.0, longest=8.0, budget=60.0)
    throttled: Backoff = Backoff(first=1.0, growth=2.0, longest=30.0, budget=300.0)
    scaling: Backoff = Backoff(first=1.0, growth=1.5, longest=60.0, budget=900.0)

    def backoff_for(self, error: BaseException, *, deployment_known: bool = False) -> Backoff | None:
        """The backoff for `error`, or None when trying again cannot help.

        `deployment_known`: the request goes to a deployment known to exist, so that 404 means "not routable yet".
        """
        if isinstance(error, QuotaExceeded | OversizedResponse):
            return None
        if isinstance(error, ApiError) and error.status == HTTPStatus.NOT_IMPLEMENTED:
            return None
        if isinstance(error, RateLimited):
            return self.throttled
        if isinstance(error, ScalingUp) or (deployment_known and isinstance(error, NotFound)):
            return self.scaling
        if isinstance(error, ServerError | ConnectionFailed | UnexpectedResponse):
            return self.transient
        return None


def not_delivered(error: BaseException) -> bool:
    """Whether a failed create surely created nothing, so that it may be sent again without a look."""
    if isinstance(error, ConnectionFailed):
        return not error.delivered
    return isinstance(error, RateLimited) and not isinstance(error, QuotaExceeded)


def outcome_unknown(error: BaseException) -> bool:
    """Whether a failed create may have created what it was asked for."""
    return isinstance(error, ServerError | ConnectionFailed | UnexpectedResponse)


async def retrying(
    call: Callable[[], Awaitable[T]],
    backoff_for: Callable[[FireworksError], Backoff | None],
    clock: Clock,
    name: str,
) -> T:
    """`call()`, repeated until it succeeds, `backoff_for(error)` is None, or that backoff's budget would be exceeded.

    Raises:
        FireworksError: the last failure.
    """
    started = clock.now()
    attempt = 0
    while True:
        attempt += 1
        try:
            return await call()
        except FireworksError as error:
            backoff = backoff_for(error)
            if backoff is None:
                raise
            seconds = _wait(error, backoff, attempt)
            if clock.now() - started + seconds > backoff.budget:
                raise
            log.info("%s: %s; again in %.1f s", name, error, seconds)
            now = clock.now()
            waited = now - started
            remind(f"an answer to {name}", str(error), waited=waited + seconds, left=backoff.budget - waited, now=now)
        # Outside the handler, so that the next attempt's error does not drag this one along.
        await clock.sleep(seconds)


def _wait(error: FireworksError, backoff: Backoff, attempt: int) -> float:
    if isinstance(error, ApiError) and error.retry_after is not None:
        return error.retry_after + random.uniform(0, RETRY_AFTER_JITTER_SECONDS)
    return backoff.wait(attempt)


def retry_after(value: str | None, milliseconds: str | None = None) -> float | None:
    """Seconds from `Retry-After` (seconds or an HTTP date) or `retry-after-ms`; None when unusable."""
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if not value:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return float(value)
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
