"""The bill: estimated against actual cost, line by line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fw_assets.classification.cost.cost_lines import CostLine, Estimate
from fw_assets.classification.cost.ledger import NO_QUANTITY, PROMISED, CostRow
from fw_assets.report.glossary import STAGES
from fw_assets.report.schema.cost import Billing, Cost, CostEntry


def bill(estimate: Estimate, rows: Sequence[CostRow], billed: Billing | None = None) -> Cost:
    """Estimated against actual for what happened; totals are the sums of the rounded lines."""
    lines = {line.key: line for line in estimate.lines}
    started = [row for row in rows if row.events or not row.note]
    entries = tuple(_entry(row, lines.get(row.key)) for row in started)
    return Cost(
        lines=entries,
        estimated_usd=_total([entry.estimated_usd for entry in entries]),
        actual_usd=_total([entry.actual_usd for entry in entries]),
        estimated_complete=all(entry.estimated_usd is not None for entry in entries),
        actual_complete=all(entry.actual_usd is not None for entry in entries),
        not_started=tuple(row.key for row in rows if not row.events and row.note not in ("", PROMISED)),
        billed=billed,
        promised=tuple(_entry(row, lines.get(row.key)) for row in rows if row.note == PROMISED),
    )


def _entry(row: CostRow, line: CostLine | None) -> CostEntry:
    usd = line.usd if line else None
    return CostEntry(
        line=row.key,
        stage=STAGES[line.stage] if line else "not in the plan",
        model=line.model if line else None,
        formula=line.formula if line else row.note,
        estimated_usd=_cents(row.estimated_usd),
        revised_usd=_cents(row.revised_usd),
        quantity_estimated=NO_QUANTITY in row.note,
        note=row.note if row.events and line else "",
        low_usd=_cents(usd.low) if usd else None,
        high_usd=_cents(usd.high) if usd else None,
        actual_usd=_cents(row.actual_usd),
    )


def _cents(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 4)


def _total(amounts: Sequence[float | None]) -> float:
    return round(math.fsum(amount for amount in amounts if amount is not None), 4)
