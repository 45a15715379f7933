"""What is promised and what was paid, on one growing record per plan, under the approved ceiling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from fw_assets.classification.cost import CostLine, Estimate
from fw_assets.classification.grid import Cell
from fw_assets.classification.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.classification.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import canonical_json
from fw_assets.pipeline.workspace import Workspace


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
    def _record(self) -> tuple[str, ...]:
        return (self.dataset, "ledger", f"{self.plan.digest}.jsonl")

    def ledger(self) -> Ledger:
        """All that was promised and paid so far."""
        ledger = Ledger(ceiling=None)
        for line in self.store.lines(*self._record):
            kind, body = msgspec.json.decode(line)
            if kind == "paid":
                ledger = ledger.settle(LedgerEntry.model_validate(body))
            elif kind == "promised":
                promise = Reservation.model_validate(body)
                ledger = ledger.reserve(promise.key, promise.id, promise.usd)
            else:
                ledger = ledger.release(body["id"])
        return ledger

    def promise(self, key: str, id: str, usd: float) -> None:
        """Hold an amount before something that costs money starts.

        Raises:
            CeilingReached: it could take the total above the approved ceiling; nothing was started.
        """
        with self._locked():
            ledger = self.ledger()
            held = ledger.model_copy(update={"ceiling": self.ceiling}).reserve(key, id, usd)
            if held.reservations != ledger.reservations:
                self._write("promised", canonical_json(Reservation(key=key, id=id, usd=usd)))

    def pay(self, key: str, id: str, quantity: float, unit: str, usd: float | None) -> None:
        """Record what was paid; a second time with the same id changes nothing."""
        entry = LedgerEntry(key=key, id=id, quantity=quantity, unit=unit, usd=usd, at=_now())
        with self._locked():
            ledger = self.ledger()
            if ledger.settle(entry).entries != ledger.entries:
                self._write("paid", canonical_json(entry))

    def line(self, key: str) -> CostLine | None:
        """The estimate line of that key, None where the plan has none."""
        for line in self.estimate.lines:
            if line.key == key:
                return line
        return None

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All payments, in order."""
        return self.ledger().entries

    def _write(self, kind: str, body: str) -> None:
        self.store.append_line(f'["{kind}",{body}]', *self._record)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.store.locked(*self._record):
            yield


def high_usd(line: CostLine, share: float = 1.0) -> float:
    """The most that a share of a cost line can cost, in US dollars; prices not known count nothing."""
    return line.known.high * share


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


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Payment:
    """Something that was promised: `settle` records what it came to."""

    account: Account
    key: str
    id: str

    def settle(self, quantities: dict[str, float], unit: str) -> None:
        """Record the quantities, by the item of the estimate line they are priced as."""
        line = self.account.line(self.key)
        usd = priced(line, quantities) if line else None
        self.account.pay(self.key, self.id, sum(quantities.values()), unit, usd)


def promised(account: Account, key: str, id: str, share: float = 1.0) -> Payment:
    """Hold the highest price of a share of an estimate line.

    Raises:
        CeilingReached: it could take the total above the approved ceiling; nothing was started.
    """
    line = account.line(key)
    account.promise(key, id, high_usd(line, share) if line else 0.0)
    return Payment(account, key, id)


def job_share(cells: Sequence[Cell], cell: Cell) -> float:
    """The share of a sweep's price that one cell's job has: its epochs over all."""
    return cell.epochs / sum(item.epochs for item in cells)
