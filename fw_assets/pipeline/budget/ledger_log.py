"""Log of a ledger: one line for each reservation and payment, from which every reader builds the same ledger."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fw_assets.classification.cost.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.classification.values import canonical_json
from fw_assets.workspace.workspace import Workspace


def reservation_line(reservation: Reservation) -> str:
    return f'["promised",{canonical_json(reservation)}]'


def raise_line(id: str, usd: float) -> str:
    return f'["raised",{canonical_json({"id": id, "usd": usd})}]'


def payment_line(entry: LedgerEntry) -> str:
    return f'["paid",{canonical_json(entry)}]'


def parse_ledger(lines: Iterable[str]) -> Ledger:
    """The ledger that the lines of a log add up to, without a ceiling.

    By the rules of `Ledger`, but without a new ledger per line: the time is linear in the lines.
    """
    entries: dict[str, LedgerEntry] = {}
    reservations: dict[str, Reservation] = {}
    for line in lines:
        kind, body = msgspec.json.decode(line)
        if kind == "paid":
            entry = LedgerEntry.model_validate(body)
            if entry.id not in entries:
                entries[entry.id] = entry
                reservations.pop(entry.id, None)
        elif kind == "promised":
            reservation = Reservation.model_validate(body)
            if reservation.id not in entries:
                reservations.setdefault(reservation.id, reservation)
        elif kind == "raised":
            if reserved := reservations.get(body["id"]):
                reservations[reserved.id] = reserved.model_copy(update={"usd": max(reserved.usd, body["usd"])})
        else:
            reservations.pop(body["id"], None)
    return Ledger(entries=tuple(entries.values()), reservations=tuple(reservations.values()))


def read_ledger(store: Workspace, *path: str) -> Ledger:
    """The ledger of a log in the workspace; empty if there is none."""
    return parse_ledger(store.lines(*path))
