"""Logs of ledgers: each is what its events come to one by one, in time that is linear in them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.cost.ledger import Ledger, LedgerEntry, Reservation
from fw_assets.classification.errors import InputError
from fw_assets.pipeline.budget.ledger_log import parse_ledger, payment_line, raise_line, reservation_line

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["promised", "paid", "raised", "released"]), st.integers(0, 4), st.floats(0, 9), st.booleans()
    ),
    max_size=30,
)


def event(kind: str, id: str, usd: float, known: bool = True) -> str:
    body: dict[str, Any] = {"id": id, "usd": usd}
    if kind == "promised":
        body |= {"key": "k", "at": ""}
    elif kind == "paid":
        body |= {"key": "k", "quantity": 1.0, "unit": "tokens", "usd": usd if known else None, "at": ""}
    return json.dumps([kind, body])


@given(EVENTS)
def test_a_record_is_what_its_events_one_by_one_come_to(events: list[tuple[str, int, float, bool]]) -> None:
    ledger = Ledger()
    for kind, number, usd, known in events:
        body = json.loads(event(kind, str(number), usd, known))[1]
        if kind == "promised":
            ledger = ledger.reserve("k", body["id"], usd)
        elif kind == "paid":
            ledger = ledger.settle(LedgerEntry.model_validate(body))
        elif kind == "raised":
            ledger = ledger.raise_reservation(body["id"], usd)
        else:
            ledger = ledger.release(body["id"])
    assert parse_ledger(event(kind, str(number), usd, known) for kind, number, usd, known in events) == ledger


def test_a_record_is_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        lines = [event(kind, f"i{number}", 1.0) for number in range(count) for kind in ("promised", "raised", "paid")]
        lines += [event("promised", f"open{number}", 1.0) for number in range(count)]
        lines += [event("raised", f"open{number}", 2.0) for number in range(count)]
        started = time.process_time()
        ledger = parse_ledger(lines)
        assert (len(ledger.entries), ledger.reserved) == (count, 2.0 * count)
        return time.process_time() - started

    small = min(seconds(1_000) for _ in range(3))
    assert seconds(20_000) < 60 * small


def test_a_line_is_read_as_it_was_written_or_refused_with_file_and_line() -> None:
    entry = LedgerEntry(key="k", id="i", quantity=3, unit="tokens", usd=1.5, at="1")
    lines = [reservation_line(Reservation(key="k", id="j", usd=2.0, at="1")), raise_line("j", 2.5), payment_line(entry)]
    ledger = parse_ledger(lines)
    assert (ledger.entries, ledger.reserved) == ((entry,), 2.5)
    for number, line in enumerate(lines):
        for bit in range(8 * len(line)):
            raw = bytearray(line.encode())
            raw[bit // 8] ^= 1 << bit % 8
            damaged = [*lines[:number], raw.decode("utf-8", "backslashreplace"), *lines[number + 1 :]]
            with pytest.raises(InputError, match=rf"ws/tickets/ledger/p1\.jsonl:{number + 1}: the line is damaged"):
                parse_ledger(damaged, "ws/tickets/ledger/p1.jsonl")
