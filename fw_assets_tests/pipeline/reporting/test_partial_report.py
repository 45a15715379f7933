"""Costs of a run that was stopped: what is held was started."""

from __future__ import annotations

from fw_assets.classification.cost.cost_lines import Estimate, cost_line, cost_part, make_estimate
from fw_assets.classification.cost.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.classification.cost.prices import Price
from fw_assets.classification.cost.ranges import NOTHING, Range
from fw_assets.pipeline.reporting.partial_report import stopped_rows

AT = "2026-11-27T10:00:00+00:00"


def estimate() -> Estimate:
    tokens = Range(low=1e6, expected=2e6, high=3e6)
    parts = [cost_part(Price(item="training", usd=1.0), tokens)]
    return make_estimate([cost_line("sweep", model, "", parts) for model in "abcd"], finalists=4, minutes=NOTHING)


def paid(id: str, key: str, note: str = "") -> LedgerEntry:
    return LedgerEntry(key=key, id=id, quantity=1e6, unit="tokens", usd=1.0, at=AT, note=note)


def test_what_is_held_was_started_whether_it_is_paid_or_not() -> None:
    ledger = Ledger(
        entries=(paid("1", "sweep/a", "counted"), paid("2", "sweep/b")),
        reservations=(
            Reservation(key="sweep/a", id="3", usd=1.5, at=AT),
            Reservation(key="sweep/c", id="4", usd=1.5, at=AT),
            Reservation(key="sweep/c", id="5", usd=0.5, at=AT),
        ),
    )
    assert {row.key: row.note for row in stopped_rows(estimate(), ledger)} == {
        "sweep/a": "counted; up to $1.5000 more is held for what was started",
        "sweep/b": "",
        "sweep/c": "up to $2.0000 is held for what was started",
        "sweep/d": "not started",
    }
