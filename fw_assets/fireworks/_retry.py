"""Which failures are tried again, how long to wait in between, and when to give up."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from ._clock import Clock
from ._errors import (
    ConnectionFailed,
    FireworksError,
    NotFound,
    QuotaExceeded,
    RateLimited,
    ScalingUp,
    ServerError,
    UnexpectedAnswer,
)

T = TypeVar("T")

log = logging.getLogger("fw_assets.fireworks")


@dataclass(frozen=True)
class Backoff:
    """Waits of `first * growth**n` seconds, at most `longest` each and `budget` in all."""

    first: float
    growth: float
    longest: float
    budget: float

    def wait(self, attempt: int) -> float:
        """The jittered wait after failed attempt `attempt` (1-based): half to all of the nominal one."""
        nominal = min(self.longest, self.first * self.growth ** min(attempt - 1, 60))
        return nominal * random.uniform(0.5, 1.0)


@dataclass(frozen=True)
class RetryPolicy:
    """The backoff of each class of failure."""

    transient: Backoff = Backoff(first=0.5, growth=2.0, longest=8.0, budget=60.0)
    throttled: Backoff = Backoff(first=1.0, growth=2.0, longest=30.0, budget=300.0)
    scaling: Backoff = Backoff(first=1.0, growth=1.5, longest=60.0, budget=900.0)

    def of(self, error: BaseException, *, cold: bool) -> Backoff | None:
        """The backoff for `error`, or None when trying again cannot help.

        `cold`: the request goes to a deployment known to exist, so that 404 means "not routable yet".
        """
        if isinstance(error, QuotaExceeded):
            return None
        if isinstance(error, RateLimited):
            return self.throttled
        if isinstance(error, ScalingUp) or (cold and isinstance(error, NotFound)):
            return self.scaling
        if isinstance(error, ServerError | ConnectionFailed | UnexpectedAnswer):
            return self.transient
        return None


def never_happened(error: BaseException) -> bool:
    """Whether a failed create surely created nothing, so that it may be sent again unseen."""
    if isinstance(error, ConnectionFailed):
        return not error.delivered
    return isinstance(error, RateLimited) and not isinstance(error, QuotaExceeded)


def outcome_unknown(error: BaseException) -> bool:
    """Whether a failed create may have created what it was asked for."""
    return isinstance(error, ServerError | ConnectionFailed | UnexpectedAnswer)


async def retrying(
    call: Callable[[], Awaitable[T]],
    backoff: Callable[[BaseException], Backoff | None],
    clock: Clock,
    what: str,
) -> T:
    """`call()` until it succeeds, `backoff(error)` is None, or that backoff's budget would be exceeded.

    Raises:
        FireworksError: the last failure.
    """

    def again(error: BaseException) -> bool:
        return isinstance(error, FireworksError) and backoff(error) is not None

    def chosen(state: RetryCallState) -> Backoff:
        error = state.outcome.exception() if state.outcome else None
        found = backoff(error) if error else None
        return found or Backoff(0, 1, 0, 0)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after", None)
        if asked is None:
            return chosen(state).wait(state.attempt_number)
        return float(asked) + random.uniform(0, 0.25)

    def stop(state: RetryCallState) -> bool:
        return clock.now() - started + state.upcoming_sleep > chosen(state).budget

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.info("%s: %s; again in %.1f s", what, error, state.upcoming_sleep)

    async def first_then_again() -> T:
        if failures:
            raise failures.pop()
        return await call()

    started = clock.now()
    try:
        return await call()  # by far the most calls succeed at once, without the cost of the machinery
    except FireworksError as error:
        failures = [error]
    return await AsyncRetrying(
        retry=retry_if_exception(again),
        wait=wait,
        stop=stop,
        sleep=clock.sleep,
        before_sleep=tell,
        reraise=True,
    )(first_then_again)


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
