"""Ledger: payments and reservations under a ceiling, and the comparison of estimated and actual cost.

Everything here is a pure function of entries that the caller stores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pydantic import Field

from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.values import Frozen

PROMISED = "a promise for after the report"
"""The note of a cost row that is approved and will be spent only after the report."""
NO_QUANTITY = "the platform gave no quantity: the expected one"
"""The note of a payment whose quantity is the plan's."""
DATASET_COUNT = "the platform's count of the dataset's tokens, times the epochs"
"""The note of a job whose tokens were counted before it trained, and not while it did."""
PLATFORM_ESTIMATE = "the platform's own estimate, above the price of the tokens"
"""The note of a job that is not paid by the tokens that it counted."""
ENDED_UNCOUNTED = "of a job that ended without a model or a count of its tokens: the most that it can have cost"
"""The note of a job that the platform may have billed or not, as it does not say which."""
HOURS_USED_UP = "hours of a deployment that was in use for as long as was approved before all rows had an answer"
"""The note of what was paid for an evaluation that another approval goes on with."""
ROUNDING = 1e-9
"""US dollars by which a sum of floats may differ from the same sum in another order."""


class CeilingReached(Exception):
    """A reservation was refused because it could take the total above the approved ceiling."""

    def __init__(self, key: str, usd: float, ceiling: float, spent: float, reserved: float) -> None:
        super().__init__(
            f"{key}: up to ${usd:.4f} more would pass the approved ${ceiling:.4f} "
            f"(${spent:.4f} spent, ${reserved:.4f} reserved)"
        )


class LedgerEntry(Frozen):
    """One payment. `key` is the cost line's; `id` is unique (a job, a deployment, a batch of rows).

    `usd` null: the price is not known. `at` is an ISO 8601 time. `estimated`: the platform reported no quantity, and
    this is the one that the plan expected.
    """

    key: str
    id: str
    quantity: float = Field(ge=0)
    unit: str
    usd: float | None = Field(ge=0)
    at: str
    estimated: bool = False
    note: str = ""
    """What else the amount follows from than a quantity at its price."""


class Reservation(Frozen):
    """The highest cost of something about to start, held until its entry arrives. `at` is an ISO 8601 time."""

    key: str
    id: str
    usd: float = Field(ge=0)
    at: str = ""


class Ledger(Frozen):
    """Entries and reservations under a ceiling in US dollars (null: none was set).

    A reservation and the entry that settles it share their id. Every change returns a new ledger. Changes are
    idempotent, so that a retried step can repeat them.
    """

    ceiling: float | None = None
    entries: tuple[LedgerEntry, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    @property
    def spent(self) -> float:
        """US dollars of all entries whose price is known."""
        return math.fsum(entry.usd for entry in self.entries if entry.usd is not None)

    @property
    def superseded(self) -> float:
        """US dollars of what ended without its result, and needs a new yes to be tried again.

        Jobs that ended without a model, at the most that they can have cost, and deployments whose hours were used up.
        """
        notes = (ENDED_UNCOUNTED, HOURS_USED_UP)
        return math.fsum(entry.usd or 0.0 for entry in self.entries if entry.note in notes)

    @property
    def reserved(self) -> float:
        """US dollars of all reservations."""
        return math.fsum(item.usd for item in self.reservations)

    def reserve(self, key: str, id: str, usd: float, at: str = "") -> Ledger:
        """The ledger with the amount held.

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
        """The ledger with the entry in place of its reservation, even above the ceiling."""
        if any(item.id == entry.id for item in self.entries):
            return self
        rest = tuple(item for item in self.reservations if item.id != entry.id)
        return self.model_copy(update={"entries": (*self.entries, entry), "reservations": rest})

    def raise_reservation(self, id: str, usd: float) -> Ledger:
        """The ledger with at least that amount held under an id that is already reserved.

        For something that has started and proved more expensive than expected: it counts even above the ceiling, so
        that nothing else starts.
        """
        reservations = tuple(
            item.model_copy(update={"usd": max(item.usd, usd)}) if item.id == id else item for item in self.reservations
        )
        return self.model_copy(update={"reservations": reservations})

    def extend(self, key: str, id: str, usd: float) -> Ledger:
        """The ledger with at least that amount held under an id that is already reserved.

        Raises:
            CeilingReached: it would take spent plus reserved above the ceiling.
        """
        after = self.raise_reservation(id, usd)
        if self.ceiling is not None and after.spent + after.reserved > self.ceiling + ROUNDING:
            raise CeilingReached(key, after.reserved - self.reserved, self.ceiling, self.spent, self.reserved)
        return after

    def release(self, id: str) -> Ledger:
        """The ledger without the reservation of something that will never start."""
        rest = tuple(item for item in self.reservations if item.id != id)
        return self.model_copy(update={"reservations": rest})


class CostRow(Frozen):
    """Estimated and actual cost of one line, in US dollars; null is unknown, not zero."""

    key: str
    estimated_usd: float | None
    actual_usd: float | None
    events: int
    note: str = ""
    revised_usd: float | None = None
    """The estimate revised after the base evaluation, where there is one."""


def cost_rows(
    estimate: Estimate, entries: Iterable[LedgerEntry], revised: Estimate | None = None
) -> tuple[CostRow, ...]:
    """One row per estimate line, in its order, then one per key with payments and no line."""
    revised_usd = {line.key: line.usd.expected for line in revised.lines if line.usd is not None} if revised else {}
    by_key: dict[str, list[LedgerEntry]] = {}
    ids: set[str] = set()
    for entry in entries:
        if entry.id not in ids:
            ids.add(entry.id)
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
                revised_usd=revised_usd.get(item.key),
            )
        )
    rows += [
        CostRow(key=key, estimated_usd=0.0, actual_usd=_sum(paid), events=len(paid), note="not in the estimate")
        for key, paid in by_key.items()
    ]
    return tuple(rows)


def _note(line: CostLine, paid: Sequence[LedgerEntry], deployed: bool) -> str:
    if paid:
        notes = (entry.note or (NO_QUANTITY if entry.estimated else "") for entry in paid)
        return "; ".join(dict.fromkeys(filter(None, notes)))
    if line.promise and deployed:
        return PROMISED
    if line.stage == "deployment":
        return "nothing was deployed"
    return "not a finalist, or not started" if line.conditional else ""


def _sum(entries: Sequence[LedgerEntry]) -> float | None:
    if any(entry.usd is None for entry in entries):
        return None
    return math.fsum(entry.usd for entry in entries if entry.usd is not None)
