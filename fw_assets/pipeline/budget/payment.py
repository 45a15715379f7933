"""Payment for a share of an estimate line: reserved at its highest price, then settled at what it came to."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Literal

from fw_assets.classification.cost.cost_lines import CostLine
from fw_assets.classification.cost.ledger import (
    DATASET_COUNT,
    ENDED_UNCOUNTED,
    HOURS_USED_UP,
    NO_QUANTITY,
    PLATFORM_ESTIMATE,
    ROUNDING,
    LedgerEntry,
)
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import UNUSABLE
from fw_assets.pipeline.budget.line_prices import (
    HOURS,
    TRAINING,
    high_usd,
    item_share,
    max_deployment_hours,
    quantities_usd,
)
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.errors.budget import HoursUsedUp

USED_UP, CEILING, STOPPED = PARTIAL = ("used-up", "ceiling", "stopped")
"""What the ids of payments end in whose attempt had no result; each includes the window of its deployment."""
_HOURS_SUFFIX = "-hours"
"""Of the id of hours that are paid beside tokens."""


@dataclass(frozen=True)
class Payment:
    """A reserved payment.

    Attributes:
        key: of the estimate line that pays.
        id: of the resource that is paid for.
        share: of the line's price, what this payment is at most.
        since: when an earlier attempt reserved the same; None for a first attempt.
        hour_usd: the price of an hour of the deployment that is paid for; None: the line's.
    """

    account: PlanAccount
    key: str
    id: str
    share: float = 1.0
    since: dt.datetime | None = None
    hour_usd: float | None = None

    def at_hour(self, usd: float | None) -> Payment:
        """The payment for a deployment whose hour costs so much; None leaves the line's price."""
        return replace(self, hour_usd=usd)

    def settle(self, quantities: dict[str, float], unit: str) -> None:
        """Record the quantities, by the item of the estimate line that prices them."""
        self.settle_at(self.key, quantities, unit)

    def settle_at(self, prices: str, quantities: dict[str, float], unit: str) -> None:
        """Record the quantities at another line's prices, for a line that reserves the dearest of several models."""
        usd = quantities_usd(self.account.line(prices), quantities, self.hour_usd)
        if usd is not None:
            # Tokens are those of all answers, also of the ones that were paid when an earlier call ended without its
            # result; hours are those of this call.
            hours: dict[str, float] = {HOURS: quantities.get(HOURS, 0.0)}
            hours_usd = quantities_usd(self.account.line(prices), hours, self.hour_usd) or 0.0
            usd = hours_usd + max(0.0, usd - hours_usd - self._paid_tokens_usd())
        self.account.pay(self.key, self.id, sum(quantities.values()), unit, usd)

    def settle_stopped(self, tokens: dict[str, float], hours: float) -> None:
        """Record what was used of something that ended without its result; nothing is held for it any more.

        The entry has an id of its own, so that another attempt is held and paid again.

        Args:
            tokens: by item, of all answers so far, those of earlier calls included.
            hours: of the deployment in this call.
        """
        usd = quantities_usd(self.account.line(self.key), tokens, self.hour_usd)
        self._settle_part(STOPPED, sum(tokens.values()), usd, hours)

    def settle_at_ceiling(self, tokens: float, usd: float, hours: float) -> None:
        """Record what was used until the ceiling ended the work; nothing is held for it any more.

        Args:
            tokens, usd: of all answers so far, those of earlier calls included.
            hours: of the deployment in this call.
        """
        self._settle_part(CEILING, tokens, usd, hours)

    def _settle_part(self, ending: str, tokens: float, tokens_usd: float | None, hours: float) -> None:
        """Pay tokens beyond those of earlier calls, and hours beside them, each under an id of its own."""
        number = len(self._paid(ending)) + 1
        if tokens_usd is not None:
            tokens_usd = max(0.0, tokens_usd - self._paid_tokens_usd())
        if tokens_usd != 0.0 or number == 1:
            self.account.pay(self.key, f"{self.id}-{ending}-{number}", tokens, "tokens", tokens_usd)
        if hours:
            usd = quantities_usd(self.account.line(self.key), {HOURS: hours}, self.hour_usd)
            self.account.pay(self.key, f"{self.id}-{ending}-{number}{_HOURS_SUFFIX}", hours, "hours", usd)
        self.account.release(self.id)

    def _paid_tokens_usd(self) -> float:
        """US dollars of the tokens that were paid when earlier calls ended without their result."""
        entries = self._paid(CEILING, STOPPED)
        return math.fsum(entry.usd or 0.0 for entry in entries if not entry.id.endswith(_HOURS_SUFFIX))

    def _paid(self, *endings: str) -> list[LedgerEntry]:
        """The payments of earlier attempts that ended so, numbered or not."""
        prefixes = tuple(f"{self.id}-{ending}" for ending in endings)
        return [entry for entry in self.account.entries() if entry.id.startswith(prefixes)]

    def settle_tokens(self, trained: int | None, estimate: float | None = None, in_dataset: int | None = None) -> None:
        """Record a training job at the larger of its tokens' price and the platform's own estimate.

        Args:
            trained: the tokens that the platform counted while it trained; None: it counted none.
            estimate: the platform's, in US dollars. It may bill tokens that its count leaves out, such as padding.
            in_dataset: tokens of the rows times the epochs by the platform's count, which stand where it counted none
                in training; None: those that the plan expected do.
        """
        line = self.account.line(self.key)
        counted = trained if trained is not None else in_dataset
        tokens = float(counted) if counted is not None else self._tokens(line, "expected")
        usd = quantities_usd(line, {TRAINING: tokens})
        note = "" if trained is not None else NO_QUANTITY if in_dataset is None else DATASET_COUNT
        if estimate and estimate > (usd or 0.0) * (1 + ROUNDING) + ROUNDING:
            note, usd = PLATFORM_ESTIMATE, estimate
        self.account.pay(self.key, self.id, tokens, "tokens", usd, estimated=counted is None, note=note)

    def settle_uncounted(self, estimate: float | None, in_dataset: int | None) -> None:
        """Record a training job that ended without a model or a count of its tokens, at the most that it can have cost.

        Args:
            estimate: the platform's, in US dollars, for the whole job.
            in_dataset: tokens of the rows times the epochs by the platform's count; None: the plan's high figure holds.
        """
        line = self.account.line(self.key)
        tokens = float(in_dataset) if in_dataset is not None else self._tokens(line, "high")
        priced = quantities_usd(line, {TRAINING: tokens})
        usd = estimate if priced is None else max(priced, estimate or 0.0)
        self.account.pay(self.key, self.id, tokens, "tokens", usd, estimated=True, note=ENDED_UNCOUNTED)

    def _tokens(self, line: CostLine | None, bound: Literal["expected", "high"]) -> float:
        tokens = sum(getattr(part.quantity, bound) for part in line.parts if part.item == TRAINING) if line else 0.0
        # Where the line pays for more than training, this payment's share of its price is smaller than of its tokens.
        return float(tokens * self.share / (item_share(line, TRAINING) if line else 1.0))

    def give_back(self, failure: Exception, idle_seconds: float) -> None:
        """Give back what is held for a deployment that did not come to serve.

        Nothing was up, unless it was up and unusable: then it costs the window after which it scales to zero.
        """
        if isinstance(failure, AttemptFailed) and failure.state == UNUSABLE:
            hours = idle_seconds / 3600
            usd = quantities_usd(self.account.line(self.key), {HOURS: hours}, self.hour_usd)
            self.account.pay(self.key, f"{self.id}-{failure.name.rsplit(' ', 1)[-1]}", hours, "hours", usd)
        self.account.release(self.id)

    def hours(self, busy_seconds: float, idle_seconds: float) -> float:
        """Hours of a deployment that are not paid yet: its use until now, and the window until it scales to zero.

        Where an earlier attempt was paid and the deployment has not scaled to zero since, only what comes after the
        window of that payment. Without such a payment, the use and the window.

        An attempt before this one that crashed had it up too. Then the use began with the reservation, but lasted no
        longer than the line's high figure, beyond which the deployment had scaled to zero in between.
        """
        seconds, now = busy_seconds, dt.datetime.now(dt.UTC)
        if self.since is not None:
            age = (now - self.since).total_seconds()
            seconds = max(seconds, min(age, self._max_hours * 3600 - idle_seconds))
        ends = [dt.datetime.fromisoformat(entry.at) for entry in self._paid(*PARTIAL)]
        unpaid = (now - max(ends)).total_seconds() if ends else math.inf
        return max(0.0, min(seconds + idle_seconds, unpaid)) / 3600

    @asynccontextmanager
    async def limit_hours(self, idle_seconds: float | None) -> AsyncIterator[None]:
        """End the use of a deployment before its hours pass the line's high figure.

        Args:
            idle_seconds: the window after which the deployment scales to zero; None: there is no deployment.

        Raises:
            HoursUsedUp: they would have passed it; what was used is paid, and nothing is held for it any more.
        """
        if idle_seconds is None or math.isinf(self._max_hours):
            yield
            return
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, self._max_hours * 3600 - idle_seconds)):
                yield
        except TimeoutError:
            hours = self.hours(time.monotonic() - started, idle_seconds)
            line = self.account.line(self.key)
            usd = quantities_usd(line, {HOURS: hours}, self.hour_usd)
            number = len(self._paid(USED_UP)) + 1
            self.account.pay(self.key, f"{self.id}-{USED_UP}-{number}", hours, "hours", usd, note=HOURS_USED_UP)
            self.account.release(self.id)
            most = high_usd(line, self.share) if line else 0.0
            error = HoursUsedUp(self.key, self._max_hours, most, self.account.lacking_ceiling())
            self.account.stop(str(error), error.remedy)
            raise error from None

    @property
    def _max_hours(self) -> float:
        return max_deployment_hours(self.account.line(self.key), self.hour_usd)


def open_payment(account: PlanAccount, key: str, id: str, share: float = 1.0, *, ends_run: bool = True) -> Payment:
    """Reserve the highest price of a share of an estimate line.

    Args:
        ends_run: a refusal ends the run of the approval as incomplete.

    Raises:
        CeilingReached: it could take the total above the approved ceiling; nothing was started.
    """
    line = account.line(key)
    earlier = account.reserve(key, id, high_usd(line, share) if line else 0.0, ends_run=ends_run)
    since = dt.datetime.fromisoformat(earlier.at) if earlier is not None and earlier.at else None
    return Payment(account, key, id, share, since)
