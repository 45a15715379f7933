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
    """The ledger that the lines of a log add up to, without a ceiling."""
    ledger = Ledger(ceiling=None)
    for line in lines:
        kind, body = msgspec.json.decode(line)
        if kind == "paid":
            ledger = ledger.settle(LedgerEntry.model_validate(body))
        elif kind == "promised":
            reservation = Reservation.model_validate(body)
            ledger = ledger.reserve(reservation.key, reservation.id, reservation.usd, reservation.at)
        elif kind == "raised":
            ledger = ledger.raise_reservation(body["id"], body["usd"])
        else:
            ledger = ledger.release(body["id"])
    return ledger


def read_ledger(store: Workspace, *path: str) -> Ledger:
    """The ledger of a log in the workspace; empty if there is none."""
    return parse_ledger(store.lines(*path))
