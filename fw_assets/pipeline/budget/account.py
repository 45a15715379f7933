"""What is promised and what was paid, on one growing record per plan, under the approved ceiling."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import msgspec

from fw_assets.classification.catalogue.resource_ids import PREFIX
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.cost.ledger import ROUNDING, CeilingReached, Ledger, LedgerEntry, Reservation
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import canonical_json
from fw_assets.pipeline.errors import HoursUsedUp, JobCost
from fw_assets.pipeline.values import Stopped
from fw_assets.workspace.append_log import Log
from fw_assets.workspace.workspace import Workspace

REGRESSION = "regression.jsonl"
"""The record of what checking a deployment cost, beside those of the plans, which it belongs to none of."""


@dataclass(frozen=True)
class Account:
    """The money of one approved plan.

    The record holds a line per promise and per payment. Ids are those of the platform's resources, so a step that
    is tried again finds its promise kept and its payment made, and what a new plan takes over from an older one
    has the same id in both records.
    """

    store: Workspace
    dataset: str
    plan: Plan
    mitigation: Mitigation

    @property
    def estimate(self) -> Estimate:
        """The estimate under the approved mitigation."""
        return self.plan.estimate_for(self.mitigation)

    @property
    def ceiling(self) -> float:
        """What the approval allows: the high figure of the known prices, or the session's own ceiling below it."""
        return self.plan.ceiling_usd(self.mitigation)

    @property
    def _path(self) -> tuple[str, ...]:
        return (self.dataset, "ledger", f"{self.plan.digest}.jsonl")

    @cached_property
    def _record(self) -> Log:
        return self.store.log(*self._path)

    def ledger(self) -> Ledger:
        """All that was promised and paid so far."""
        return ledger_of(self._record.lines())

    def reserve(self, key: str, id: str, usd: float) -> Reservation | None:
        """Hold an amount before something that costs money starts; gives an earlier promise of the same id, if any.

        Raises:
            CeilingReached: it could take the total above the approved ceiling; nothing was started.
        """
        at, earlier = _now(), None

        def promised(lines: Sequence[str]) -> str | None:
            nonlocal earlier
            ledger = ledger_of(lines)
            earlier = next((item for item in ledger.reservations if item.id == id), None)
            held = ledger.model_copy(update={"ceiling": self.ceiling}).reserve(key, id, usd, at)
            if held.reservations == ledger.reservations:
                return None
            return _line("promised", canonical_json(Reservation(key=key, id=id, usd=usd, at=at)))

        try:
            self._record.append_if(promised)
        except CeilingReached as reached:
            self.stop(str(reached))
            raise
        return earlier

    def stop(self, reason: str) -> None:
        """End what this approval allows: nothing more is due but a report that says why it is incomplete."""
        head = self.store.header("approval", self.dataset)
        if head is not None:
            self.store.write("stopped", self.dataset, Stopped(reason=reason, at=_now()), inputs=head.digest)

    def raise_reservation(self, id: str, usd: float) -> None:
        """Hold at least that amount for what has started already, even above the ceiling."""

        def raised(lines: Sequence[str]) -> str | None:
            ledger = ledger_of(lines)
            if ledger.raise_reservation(id, usd) == ledger:
                return None
            return _line("raised", canonical_json({"id": id, "usd": usd}))

        self._record.append_if(raised)

    def pay(self, key: str, id: str, quantity: float, unit: str, usd: float | None, *, estimated: bool = False) -> None:
        """Record what was paid; a second time with the same id changes nothing."""
        entry = LedgerEntry(key=key, id=id, quantity=quantity, unit=unit, usd=usd, at=_now(), estimated=estimated)

        def paid(lines: Sequence[str]) -> str | None:
            ledger = ledger_of(lines)
            return None if ledger.settle(entry).entries == ledger.entries else _line("paid", canonical_json(entry))

        self._record.append_if(paid)

    def line(self, key: str) -> CostLine | None:
        """The estimate line of that key, None where the plan has none."""
        for line in self.estimate.lines:
            if line.key == key:
                return line
        return None

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All payments, in order."""
        return self.ledger().entries

    def created_resources(self) -> list[str]:
        """Ids of what this program created on the platform and paid for, in order of their names."""
        return sorted({entry.id for entry in self.entries() if entry.id.startswith(f"{PREFIX}-")})

    def paid_usd(self, *keys: str) -> float:
        """US dollars paid under these estimate lines; payments of unknown price count nothing."""
        return sum(entry.usd or 0.0 for entry in self.entries() if entry.key in keys)


def read_ledger(store: Workspace, *record: str) -> Ledger:
    """All that a record of promises and payments holds; an empty ledger where there is none."""
    return ledger_of(store.lines(*record))


def ledger_of(lines: Iterable[str]) -> Ledger:
    """All that the lines of a record say was promised and paid."""
    ledger = Ledger(ceiling=None)
    for line in lines:
        kind, body = msgspec.json.decode(line)
        if kind == "paid":
            ledger = ledger.settle(LedgerEntry.model_validate(body))
        elif kind == "promised":
            promise = Reservation.model_validate(body)
            ledger = ledger.reserve(promise.key, promise.id, promise.usd, promise.at)
        elif kind == "raised":
            ledger = ledger.raise_reservation(body["id"], body["usd"])
        else:
            ledger = ledger.release(body["id"])
    return ledger


def high_usd(line: CostLine, share: float = 1.0) -> float:
    """The most that a share of a cost line can cost, in US dollars; prices not known count nothing."""
    return line.known_usd.high * share


def share_of(line: CostLine, item: str) -> float:
    """How much of a line's high figure one item is; all of it where nothing has a price."""
    high = {part.item: part.usd.high for part in line.parts if part.usd is not None}
    total = sum(high.values())
    return high.get(item, 0.0) / total if total else 1.0


def priced(line: CostLine, quantities: dict[str, float]) -> float | None:
    """US dollars of quantities (by item, in the line's own units) at the line's prices; None if one is unknown."""
    total = 0.0
    for part in line.parts:
        each = part.price.per_unit
        if part.item not in quantities:
            continue
        if each is None:
            return None
        total += each * quantities[part.item]
    return total


def _line(kind: str, body: str) -> str:
    return f'["{kind}",{body}]'


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Payment:
    """Something that was promised: `settle` records what it came to.

    Attributes:
        share: of the estimate line, what this payment is for.
        since: when an earlier attempt promised the same, None for a first attempt.
    """

    account: Account
    key: str
    id: str
    share: float = 1.0
    since: dt.datetime | None = None

    def settle(self, quantities: dict[str, float], unit: str) -> None:
        """Record the quantities, by the item of the estimate line they are priced as."""
        self.settle_at(self.key, quantities, unit)

    def settle_at(self, prices: str, quantities: dict[str, float], unit: str) -> None:
        """The same at the prices of another line, for a line that holds the dearest of several models'."""
        line = self.account.line(prices)
        usd = priced(line, quantities) if line else None
        self.account.pay(self.key, self.id, sum(quantities.values()), unit, usd)

    def settle_tokens(self, trained: int | None) -> None:
        """Record a training job; where the platform did not count its tokens, those that the plan expected."""
        if trained is not None:
            self.settle({"training": trained}, "tokens")
            return
        line = self.account.line(self.key)
        expected = [part.quantity.expected for part in line.parts if part.item == "training"] if line else []
        # Where the line pays for more than training, this payment's share is smaller than its share of the tokens.
        tokens = sum(expected) * self.share / (share_of(line, "training") if line else 1.0)
        usd = priced(line, {"training": tokens}) if line else None
        self.account.pay(self.key, self.id, tokens, "tokens", usd, estimated=True)

    def quoted(self, usd: float | None) -> None:
        """Compare what the platform says that a job will cost with what the plan holds for it.

        Raises:
            JobCost: it says more than the line's high figure; the job has started and its price is held.
        """
        line = self.account.line(self.key)
        if usd is None or line is None or line.usd is None:
            return
        high = high_usd(line, self.share)
        if usd > high * (1 + ROUNDING) + ROUNDING:
            self.account.raise_reservation(self.id, usd)
            error = JobCost(self.id, self.key, usd, high)
            self.account.stop(str(error))
            raise error

    def hours(self, busy_seconds: float, idle_seconds: float) -> float:
        """Hours of a deployment: its use until now, and the window after which it scales to zero.

        An attempt before this one that crashed had it up too: then the use began with the promise, as far as the
        line's high figure, beyond which the deployment had scaled to zero in between.
        """
        used = busy_seconds
        if self.since is not None:
            age = (dt.datetime.now(dt.UTC) - self.since).total_seconds()
            used = max(used, min(age, self.most_hours * 3600 - idle_seconds))
        return (used + idle_seconds) / 3600

    @asynccontextmanager
    async def in_time(self, idle_seconds: float | None) -> AsyncIterator[None]:
        """End the use of a deployment before its hours pass the line's high figure; None: there is no deployment.

        Raises:
            HoursUsedUp: they would have; what was used is recorded and the promise stays held.
        """
        most = self.most_hours
        if idle_seconds is None or math.isinf(most):
            yield
            return
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, most * 3600 - idle_seconds)):
                yield
        except TimeoutError:
            used = {"deployment-hour": self.hours(time.monotonic() - started, idle_seconds)}
            line = self.account.line(self.key)
            self.account.pay(
                self.key, f"{self.id}-used-up", used["deployment-hour"], "hours", priced(line, used) if line else None
            )
            error = HoursUsedUp(self.key, most)
            self.account.stop(str(error))
            raise error from None

    @property
    def most_hours(self) -> float:
        """The high figure of a deployment's hours, infinite where they cost nothing or have no known price."""
        line = self.account.line(self.key)
        parts = [part for part in line.parts if part.item == "deployment-hour"] if line else []
        return parts[0].quantity.high if parts and parts[0].price.usd else math.inf


def reserved(account: Account, key: str, id: str, share: float = 1.0) -> Payment:
    """Hold the highest price of a share of an estimate line.

    Raises:
        CeilingReached: it could take the total above the approved ceiling; nothing was started.
    """
    line = account.line(key)
    earlier = account.reserve(key, id, high_usd(line, share) if line else 0.0)
    since = dt.datetime.fromisoformat(earlier.at) if earlier is not None and earlier.at else None
    return Payment(account, key, id, share, since)


def job_share(cells: Sequence[Cell], cell: Cell) -> float:
    """The share of a sweep's price that one cell's job has: its epochs over all."""
    return cell.epochs / sum(item.epochs for item in cells)
