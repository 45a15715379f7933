"""Account of one approved plan: its ledger, in a log that several processes append to, and its ceiling."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fw_assets.classification.catalogue.resource_ids import PREFIX
from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.cost.ledger import CeilingReached, Ledger, LedgerEntry, Reservation
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.session import Mitigation
from fw_assets.pipeline.budget.ledger_log import (
    approval_line,
    parse_ledger,
    payment_line,
    raise_line,
    release_line,
    reservation_line,
)
from fw_assets.pipeline.values.approval import Stopped
from fw_assets.pipeline.workflow.next_step import in_words
from fw_assets.workspace.append_log import Log
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class PlanAccount:
    """The money of one approved plan.

    Ids are those of the platform's resources, so a step that is tried again finds its reservation and its payment, and
    what a new plan takes over from an older one has the same id in both ledgers.
    """

    store: Workspace
    dataset: str
    plan: Plan
    mitigation: Mitigation
    approval: str = ""
    """Digest of the approval that opened the account."""

    @property
    def estimate(self) -> Estimate:
        """The estimate under the approved mitigation."""
        return self.plan.estimate_for(self.mitigation)

    @property
    def ceiling(self) -> float:
        """Approved US dollars: the high figure of the known prices, or the session's own ceiling below it."""
        return self.plan.ceiling_usd(self.mitigation)

    @property
    def _path(self) -> tuple[str, ...]:
        return (self.dataset, "ledger", f"{self.plan.digest}.jsonl")

    @cached_property
    def _log(self) -> Log:
        return self.store.log(*self._path)

    def ledger(self) -> Ledger:
        """Everything that was reserved and paid so far."""
        return self._parse(self._log.lines())

    def _parse(self, lines: Iterable[str]) -> Ledger:
        return parse_ledger(lines, self.store.url(*self._path))

    def reserve(self, key: str, id: str, usd: float, *, ends_run: bool = True) -> Reservation | None:
        """Reserve an amount before something that costs money starts; returns an earlier reservation of the id, if any.

        A refusal ends the run of the approval as incomplete, if `ends_run`.

        Raises:
            CeilingReached: it could take the total above the approved ceiling; nothing was started.
        """
        reservation, earlier = Reservation(key=key, id=id, usd=usd, at=_now()), None

        def decide(lines: Sequence[str]) -> str | None:
            nonlocal earlier
            ledger = self._parse(lines)
            earlier = next((item for item in ledger.reservations if item.id == id), None)
            after = self._under_ceiling(ledger).reserve(key, id, usd, reservation.at)
            return None if after.reservations == ledger.reservations else reservation_line(reservation)

        try:
            self._log.append_if(decide)
        except CeilingReached as reached:
            if ends_run:
                self.stop(str(reached), self._remedy)
            raise
        return earlier

    def _under_ceiling(self, ledger: Ledger) -> Ledger:
        return ledger.model_copy(update={"ceiling": self.limit_usd(ledger)})

    def limit_usd(self, ledger: Ledger) -> float:
        """Approved US dollars: the ceiling, or what a yes of its own allowed above it.

        What jobs that ended without a count may have cost does not use it up, and neither does what a deployment cost
        until its hours were used up, as another attempt needs a new yes, and would have no room otherwise. A ceiling of
        the session's own holds for them too.
        """
        approved = max(self.ceiling, ledger.ceiling or 0.0)
        own = self.plan.session.max_spend_usd
        return approved + ledger.superseded if own is None else max(approved, min(own, approved + ledger.superseded))

    def lacking_ceiling(self) -> float | None:
        """The session's own ceiling that has room for all that is due, in US dollars; None where it has room already.

        All that is due is the plan's high figure beside what ended without its result.
        """
        own, due = self.plan.session.max_spend_usd, self.estimate.high + self.ledger().superseded
        return math.ceil(due * 100) / 100 if own is not None and own < due else None

    def allow(self, usd: float, by: str, *, replaces: Container[str] = ()) -> None:
        """Record a yes to so many US dollars beside what is spent and held, where the ceiling has no room for them.

        Args:
            replaces: keys of estimate lines whose reservations are part of the amount.
        """

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._parse(lines)
            held = sum(item.usd for item in ledger.reservations if item.key not in replaces)
            total = ledger.spent + held + usd
            return approval_line(total - ledger.superseded, by, _now()) if total > self.limit_usd(ledger) else None

        self._log.append_if(decide)

    @property
    def _remedy(self) -> str:
        """What helps where the ceiling is reached: that of the session is raised, the plan's own is not."""
        limit = self.plan.session.max_spend_usd
        if limit is not None and (self.estimate.lower_bound or limit < self.estimate.high):
            return f"{{Again}}{{with_}} a higher ceiling (`{{ceiling}}`, which is {limit:g} now)."
        return (
            "A higher ceiling does not help, as the approval covers the plan's high figure and no more: plan fewer "
            "rows, epochs, cells or finalists, and {again}."
        )

    def stop(self, reason: str, remedy: str) -> None:
        """End the run of this approval: nothing more is due but a report that says why it is incomplete.

        Args:
            remedy: as that of `RunStopped`.
        """
        header = self.store.header("approval", self.dataset)
        if header is not None:
            self.store.write(
                "stopped",
                self.dataset,
                Stopped(reason=reason, at=_now(), remedy=in_words(self.store, remedy)),
                inputs=header.digest,
            )

    def raise_reservation(self, id: str, usd: float) -> None:
        """Reserve at least that amount for what has started already, even above the ceiling."""

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._parse(lines)
            return None if ledger.raise_reservation(id, usd) == ledger else raise_line(id, usd)

        self._log.append_if(decide)

    def extend(self, key: str, id: str, usd: float) -> None:
        """Reserve at least that amount for what has started already.

        Raises:
            CeilingReached: it could take the total above the approved ceiling; the run of the approval is over.
        """

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._under_ceiling(self._parse(lines))
            return None if ledger.extend(key, id, usd) == ledger else raise_line(id, usd)

        try:
            self._log.append_if(decide)
        except CeilingReached as reached:
            self.stop(str(reached), self._remedy)
            raise

    def release(self, id: str) -> None:
        """Give back what is reserved under an id for something that is over and cost nothing more."""

        def decide(lines: Sequence[str]) -> str | None:
            ledger = parse_ledger(lines)
            return None if ledger.release(id) == ledger else release_line(id)

        self._log.append_if(decide)

    def pay(
        self,
        key: str,
        id: str,
        quantity: float,
        unit: str,
        usd: float | None,
        *,
        estimated: bool = False,
        note: str = "",
    ) -> None:
        """Record a payment; a second one with the same id changes nothing."""
        entry = LedgerEntry(
            key=key, id=id, quantity=quantity, unit=unit, usd=usd, at=_now(), estimated=estimated, note=note
        )

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._parse(lines)
            return None if ledger.settle(entry).entries == ledger.entries else payment_line(entry)

        self._log.append_if(decide)

    def line(self, key: str) -> CostLine | None:
        """The estimate line of that key, None if the plan has none."""
        return next((line for line in self.estimate.lines if line.key == key), None)

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All payments, in order."""
        return self.ledger().entries

    def created_resources(self) -> list[str]:
        """Sorted ids of what this program created on the platform and paid for."""
        return sorted({entry.id for entry in self.entries() if entry.id.startswith(f"{PREFIX}-")})

    def paid_usd(self, *keys: str) -> float:
        """US dollars paid under these estimate lines; payments of unknown price count nothing."""
        return sum(entry.usd or 0.0 for entry in self.entries() if entry.key in keys)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
