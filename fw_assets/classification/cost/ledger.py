"""What was paid, what is promised, and the ceiling that neither may pass. Pure: callers keep the entries."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pydantic import Field

from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.values import Frozen

PROMISED = "a promise for after the report"
"""The note of a row that is approved and held, and that nothing paid can stand beside yet."""

ROUNDING = 1e-9
"""US dollars by which sums of floats may differ from the same sum in another order."""


class CeilingReached(Exception):
    """Starting this could take the total above what was approved; it was not started."""

    def __init__(self, key: str, wanted: float, ceiling: float, spent: float, reserved: float) -> None:
        self.key, self.wanted, self.ceiling, self.spent, self.reserved = key, wanted, ceiling, spent, reserved
        super().__init__(
            f"{key}: up to ${wanted:.4f} more would pass the approved ${ceiling:.4f} "
            f"(${spent:.4f} spent, ${reserved:.4f} reserved)"
        )


class LedgerEntry(Frozen):
    """One paid event. `key` is the estimate line's; `id` is unique (a job, a deployment, a batch of rows).

    `usd` null: the price is not known. `at` is an ISO 8601 time. `estimated`: the platform did not say how much
    it was, and the quantity is the one that the plan expected.
    """

    key: str
    id: str
    quantity: float = Field(ge=0)
    unit: str
    usd: float | None = Field(ge=0)
    at: str
    estimated: bool = False


class Reservation(Frozen):
    """The most that something about to start can cost, held until its entry arrives. `at` is an ISO 8601 time."""

    key: str
    id: str
    usd: float = Field(ge=0)
    at: str = ""


class Ledger(Frozen):
    """Entries and reservations under a ceiling in US dollars (null: none was set).

    A reservation and the entry that settles it share their id. Every change gives a new ledger; repeating one
    that already happened changes nothing, so that a retried step can say it again.
    """

    ceiling: float | None = None
    entries: tuple[LedgerEntry, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    @property
    def spent(self) -> float:
        """US dollars of all entries whose price is known."""
        return math.fsum(entry.usd for entry in self.entries if entry.usd is not None)

    @property
    def reserved(self) -> float:
        """US dollars promised and not settled."""
        return math.fsum(item.usd for item in self.reservations)

    @property
    def available(self) -> float:
        """US dollars that may still be reserved."""
        return math.inf if self.ceiling is None else max(0.0, self.ceiling - self.spent - self.reserved)

    def reserve(self, key: str, id: str, usd: float, at: str = "") -> Ledger:
        """This ledger with the amount held.

        Raises:
            CeilingReached: it would take spent plus reserved above the ceiling.
        """
        if id in {item.id for item in self.entries} | {item.id for item in self.reservations}:
            return self
        if self.ceiling is not None and self.spent + self.reserved + usd > self.ceiling + ROUNDING:
            raise CeilingReached(key, usd, self.ceiling, self.spent, self.reserved)
        reservation = Reservation(key=key, id=id, usd=usd, at=at)
        return self.model_copy(update={"reservations": (*self.reservations, reservation)})

    def settle(self, entry: LedgerEntry) -> Ledger:
        """This ledger with the entry in place of its reservation; whatever was paid is recorded."""
        if any(item.id == entry.id for item in self.entries):
            return self
        rest = tuple(item for item in self.reservations if item.id != entry.id)
        return self.model_copy(update={"entries": (*self.entries, entry), "reservations": rest})

    def raised(self, id: str, usd: float) -> Ledger:
        """This ledger with at least that amount held under an id that is reserved already.

        For what has started and turned out dearer than thought: it is counted, even above the ceiling, so that
        nothing else starts.
        """
        held = tuple(
            item.model_copy(update={"usd": max(item.usd, usd)}) if item.id == id else item for item in self.reservations
        )
        return self.model_copy(update={"reservations": held})

    def release(self, id: str) -> Ledger:
        """This ledger without the reservation, because what it was for will never start."""
        rest = tuple(item for item in self.reservations if item.id != id)
        return self.model_copy(update={"reservations": rest})


class CostRow(Frozen):
    """Estimated against actual for one line, in US dollars; null is unknown, not zero."""

    key: str
    estimated_usd: float | None
    actual_usd: float | None
    events: int
    note: str = ""
    revised_usd: float | None = None
    """The estimate after the base models were seen, where there is one."""

    @property
    def difference(self) -> float | None:
        """Actual over estimated, minus one; null where that says nothing."""
        if not self.estimated_usd or self.actual_usd is None:
            return None
        return self.actual_usd / self.estimated_usd - 1


def summarise(
    estimate: Estimate, entries: Iterable[LedgerEntry], revised: Estimate | None = None
) -> tuple[CostRow, ...]:
    """One row per estimate line, in its order, then one per key that was paid without a line."""
    later = {line.key: line.usd.expected for line in revised.lines if line.usd is not None} if revised else {}
    by_key: dict[str, list[LedgerEntry]] = {}
    seen: set[str] = set()
    for entry in entries:
        if entry.id not in seen:
            seen.add(entry.id)
            by_key.setdefault(entry.key, []).append(entry)
    deployed = any(key.startswith("deployment/") for key in by_key)
    rows = []
    for item in estimate.lines:
        paid = by_key.pop(item.key, [])
        if not item.counted and not paid:
            continue
        rows.append(
            CostRow(
                key=item.key,
                estimated_usd=None if item.usd is None else item.usd.expected,
                actual_usd=_sum(paid),
                events=len(paid),
                note=_note(item, paid, deployed),
                revised_usd=later.get(item.key),
            )
        )
    rows += [
        CostRow(key=key, estimated_usd=0.0, actual_usd=_sum(paid), events=len(paid), note="not in the estimate")
        for key, paid in by_key.items()
    ]
    return tuple(rows)


def totals(rows: Sequence[CostRow]) -> CostRow:
    """The sum of the rows; a sum with an unknown in it is a lower bound, and its note says so.

    Estimates of lines that never started are left out, so that like is compared with like.
    """
    happened = [row for row in rows if row.events or not row.note]
    unknown = [row.key for row in happened if row.estimated_usd is None or row.actual_usd is None]
    return CostRow(
        key="total",
        estimated_usd=math.fsum(row.estimated_usd or 0.0 for row in happened),
        actual_usd=math.fsum(row.actual_usd or 0.0 for row in happened),
        events=sum(row.events for row in rows),
        note=f"lower bound: unknown for {', '.join(unknown)}" if unknown else "",
    )


def _note(line: CostLine, paid: Sequence[LedgerEntry], deployed: bool) -> str:
    if any(entry.estimated for entry in paid):
        return "the platform gave no quantity: the expected one"
    if paid:
        return ""
    if line.promise and deployed:
        return PROMISED
    if line.stage == "deployment":
        return "nothing was deployed"
    return "not a finalist, or not started" if line.conditional else ""


def _sum(entries: Sequence[LedgerEntry]) -> float | None:
    if any(entry.usd is None for entry in entries):
        return None
    return math.fsum(entry.usd for entry in entries if entry.usd is not None)
