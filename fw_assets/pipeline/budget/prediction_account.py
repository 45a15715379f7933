"""The account of files that are labelled: money outside every approved plan, in a ledger of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fw_assets.classification.cost.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.pipeline.budget.ledger_log import parse_ledger, payment_line, read_ledger, release_line, reservation_line
from fw_assets.workspace.append_log import Log
from fw_assets.workspace.workspace import Workspace

LOG = "predictions.jsonl"
KEY = "predictions"


@dataclass(frozen=True)
class PredictionAccount:
    """The money of one dataset's labelled files. Each is reserved before it is asked and paid after it.

    The person who is asked, or `max_spend_usd`, says how much a file may cost: there is no ceiling over all files.
    """

    store: Workspace
    dataset: str

    @cached_property
    def _log(self) -> Log:
        return self.store.log(self.dataset, "ledger", LOG)

    def reserve(self, id: str, usd: float) -> None:
        """Reserve an amount under an id, unless that is reserved or paid already."""
        reservation = Reservation(key=KEY, id=id, usd=usd, at=_now())

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._parse(lines)
            known = any(item.id == id for item in ledger.reservations) or any(item.id == id for item in ledger.entries)
            return None if known else reservation_line(reservation)

        self._log.append_if(decide)

    def pay(self, id: str, tokens: int, usd: float | None, note: str) -> None:
        """Record what a file came to; nothing is reserved for it any more. A second time changes nothing."""
        entry = LedgerEntry(key=KEY, id=id, quantity=tokens, unit="tokens", usd=usd, at=_now(), note=note)

        def decide(lines: Sequence[str]) -> str | None:
            ledger = self._parse(lines)
            return None if ledger.settle(entry).entries == ledger.entries else payment_line(entry)

        self._log.append_if(decide)

    def release(self, id: str) -> None:
        """Give back what is reserved for a file that cost nothing."""

        def decide(lines: Sequence[str]) -> str | None:
            return release_line(id) if any(item.id == id for item in self._parse(lines).reservations) else None

        self._log.append_if(decide)

    def _parse(self, lines: Sequence[str]) -> Ledger:
        return parse_ledger(lines, self.store.url(self.dataset, "ledger", LOG))


def prediction_ledger(store: Workspace, dataset: str) -> Ledger:
    """Everything that was paid for labelled files of a dataset, whichever plan is the current one."""
    return read_ledger(store, dataset, "ledger", LOG)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
