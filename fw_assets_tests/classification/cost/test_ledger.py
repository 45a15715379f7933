from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.cost.cost_lines import cost_line, cost_part, make_estimate
from fw_assets.classification.cost.ledger import CeilingReached, Ledger, LedgerEntry, cost_rows
from fw_assets.classification.cost.prices import Price
from fw_assets.classification.cost.ranges import NOTHING, exactly


def entry(key: str, id: str, usd: float | None) -> LedgerEntry:
    return LedgerEntry(key=key, id=id, quantity=1, unit="tokens", usd=usd, at="2026-11-22T11:00:00+00:00")


def test_reserving_settling_and_releasing() -> None:
    ledger = Ledger(ceiling=10.0).reserve("sweep/a", "job-1", 6.0)
    assert (ledger.spent, ledger.reserved) == (0.0, 6.0)
    ledger = ledger.settle(entry("sweep/a", "job-1", 5.0))
    assert (ledger.spent, ledger.reserved) == (5.0, 0.0)
    ledger = ledger.reserve("sweep/a", "job-2", 5.0).release("job-2")
    assert (ledger.spent, ledger.reserved) == (5.0, 0.0)


def test_what_could_pass_the_ceiling_is_refused() -> None:
    ledger = Ledger(ceiling=10.0).reserve("sweep/a", "job-1", 6.0)
    with pytest.raises(CeilingReached, match=r"sweep/b: up to \$4\.5000 more would pass the approved \$10\.0000"):
        ledger.reserve("sweep/b", "job-2", 4.5)


def test_saying_it_twice_changes_nothing() -> None:
    ledger = Ledger(ceiling=1.0).reserve("a", "x", 1.0)
    assert ledger.reserve("a", "x", 1.0) == ledger
    paid = ledger.settle(entry("a", "x", 0.5))
    assert paid.settle(entry("a", "x", 0.5)) == paid
    assert paid.reserve("a", "x", 1.0) == paid
    assert paid.spent == 0.5


def test_without_a_ceiling_everything_fits() -> None:
    assert Ledger().reserve("a", "x", 1e9).reserve("a", "y", 1e9).reserved == 2e9


steps = st.lists(
    st.tuples(
        st.sampled_from(["start", "finish", "crash", "retry", "settle late twice"]),
        st.integers(0, 7),
        st.floats(0, 5, allow_nan=False),
        st.floats(0, 1),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=300)
@given(st.floats(0, 20, allow_nan=False), steps)
def test_spend_never_passes_the_ceiling(ceiling: float, events: list[tuple[str, int, float, float]]) -> None:
    """Launches side by side, crashes before settling, retries and late settlements, in any order."""
    ledger = Ledger(ceiling=ceiling)
    running: dict[str, float] = {}
    for kind, number, usd, share in events:
        id = f"job-{number}"
        if kind in ("start", "retry"):
            wanted = running.get(id, usd)
            try:
                ledger = ledger.reserve("sweep/a", id, wanted)
            except CeilingReached:
                continue
            running.setdefault(id, wanted)
        elif kind in ("finish", "settle late twice") and id in running:
            for _ in range(1 + (kind != "finish")):
                ledger = ledger.settle(entry("sweep/a", id, running[id] * share))
        assert ledger.spent + ledger.reserved <= ceiling + 1e-6
    assert ledger.spent <= ceiling + 1e-6


def _estimate() -> object:
    known, unknown = Price(item="training", usd=2e6), Price(item="training", usd=None)
    lines = [
        cost_line("sweep", "a", "one token", [cost_part(known, exactly(1))]),
        cost_line("sweep", "b", "one token", [cost_part(known, exactly(1))], conditional=True),
        cost_line("full-training", "a", "one token", [cost_part(unknown, exactly(1))]),
        cost_line(
            "deployment", None, "a day", [cost_part(known, exactly(24))], key="deployment/idle-day", counted=False
        ),
    ]
    return make_estimate(lines, finalists=1, minutes=NOTHING)


def test_summary_adds_up_and_names_what_is_unknown() -> None:
    estimate = _estimate()
    entries = [
        entry("sweep/a", "1", 1.5),
        entry("sweep/a", "2", 0.25),
        entry("sweep/a", "2", 0.25),
        entry("full-training/a", "3", None),
        entry("surprise/a", "4", 0.5),
    ]
    rows = {row.key: row for row in cost_rows(estimate, entries)}  # type: ignore[arg-type]
    assert list(rows) == ["sweep/a", "sweep/b", "full-training/a", "surprise/a"]
    assert (rows["sweep/a"].estimated_usd, rows["sweep/a"].actual_usd) == (2.0, 1.75)
    assert rows["sweep/b"].note == "not a finalist, or not started"
    assert (rows["full-training/a"].estimated_usd, rows["full-training/a"].actual_usd) == (None, None)
    assert rows["surprise/a"].note == "not in the estimate"
