"""Money: the bill, the notes to it, and cost against accuracy."""

from __future__ import annotations

from fw_assets.classification.cost.ledger import NO_QUANTITY
from fw_assets.classification.cost.prices import per_1000_answers
from fw_assets.report.formatting import (
    Quoted,
    latency_text,
    listing,
    percent,
    plural,
    short,
    usd,
    usd_digits,
    usd_of_many,
    usd_roughly,
)
from fw_assets.report.schema.cost import CostPoint
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns


def is_free(report: Report) -> bool:
    """Whether nothing was planned or paid and nothing will be: then nothing is said of money."""
    cost, billed = report.cost, report.cost.billed
    amounts = [amount for line in (*cost.lines, *cost.promised) for amount in (line.estimated_usd, line.actual_usd)]
    amounts += [line.high_usd for line in cost.lines if line.high_usd is not None]
    amounts += [point.usd_per_1000 for point in report.costs]
    if report.deployment.decision == "deployed":
        amounts.append(report.deployment.usd_per_hour)
    known = cost.estimated_complete and cost.actual_complete and (billed is None or not billed.usd)
    return known and not any(amount is None or amount > 0 for amount in amounts)


def bill(report: Report) -> Table:
    """Estimated against actual cost, line by line; totals are sums of the rounded lines."""
    lines = report.cost.lines
    digits = usd_digits(amount for line in lines for amount in (line.estimated_usd, line.actual_usd))
    rows = []
    for line in lines:
        estimated, actual = line.estimated_usd, line.actual_usd
        change = None if estimated is None or actual is None else actual - estimated
        estimate_range = (
            "unknown"
            if line.low_usd is None or line.high_usd is None
            else f"{usd(line.low_usd, digits)} to {usd(line.high_usd, digits)}"
        )
        rows.append(
            (
                Quoted(line.line),
                Quoted(line.formula) if line.formula else "",
                usd(estimated, digits),
                estimate_range,
                usd(actual, digits),
                _change(change, digits),
            )
        )
    cost = report.cost
    difference = cost.actual_usd - cost.estimated_usd
    total = (
        "Total",
        "",
        usd(cost.estimated_usd, digits) + ("" if cost.estimated_complete else " or more"),
        "",
        usd(cost.actual_usd, digits) + ("" if cost.actual_complete else " or more"),
        _change(difference, digits) if cost.estimated_complete and cost.actual_complete else "unknown",
    )
    return Table(columns("Line", "Calculated as", ">Estimated", ">Range", ">Actual", ">Difference"), tuple(rows), total)


def cost_accuracy(report: Report) -> Table:
    """Cost, latency and accuracy, the most accurate model first; without money where nothing costs anything."""
    priced = not is_free(report)
    rows = tuple(
        (
            *point_name(report, point),
            percent(point.accuracy),
            *((usd_of_many(point.usd_per_1000), usd_of_many(point.usd_per_right)) if priced else ()),
            latency_text(point.latency) or "–",
            *(("dominated" if point.dominated else "",) if priced else ()),
        )
        for point in sorted(report.costs, key=lambda point: -point.accuracy)
    )
    money = (">Per 1,000 answers", ">Per right answer") if priced else ()
    return Table(columns("Model", "", ">Accuracy", *money, ">Latency, p50, p95", *([""] if priced else [])), rows)


def point_name(report: Report, point: CostPoint) -> tuple[str, str]:
    """The name of a model and its kind in words; a cascade's are those of its other model, after the free one."""
    if point.kind == "baseline":
        return baseline_name(point.name), "no language model"
    if point.kind == "cascade":
        kind = report.kind_of(point.name, point.then or "base")
        return f"{baseline_name(point.first)}, then {short(point.name)}", f"cascade, {kind}"
    return Quoted(short(point.name)), report.kind_of(point.name, point.kind)


def cost_basis(report: Report) -> str:
    """How the cost of 1,000 answers is made, and what dominated means."""
    traffic = next((point.rows_per_hour for point in report.costs if point.rows_per_hour), None)
    deployed = f"A deployment is priced by its hours at {plural(traffic, 'row')} an hour; others" if traffic else "All"
    return (
        f"{deployed} are priced by what the requests of the evaluation cost. Dominated: another one costs no more, and "
        "its interval lies above this one's."
    )


def latency_basis(report: Report) -> str:
    """How latencies were measured; empty where none was."""
    if not any(point.latency for point in report.costs):
        return ""
    cascade = "; a cascade's is put together from those of its two models" if report.cascades else ""
    return (
        "Latencies, the median and the 95th percentile, are those of the test rows' requests, as many at once as "
        "the evaluation sent, with every attempt. Free models were timed row by row on the machine of this run"
        f"{cascade}."
    )


def spending(report: Report) -> str:
    """The cost of the run and of the plan, and of the deployment from now on, in a sentence or two."""
    cost = report.cost
    actual = usd_roughly(cost.actual_usd) + ("" if cost.actual_complete else " or more (a price is unknown)")
    planned = usd_roughly(cost.estimated_usd) + ("" if cost.estimated_complete else " or more")
    text = f"{actual}; the plan said {planned}."
    if report.deployment.decision == "deployed":
        rate = report.deployment.usd_per_hour
        # When the account's own deployment scales is its owner's choice.
        idle = "" if report.deployment.adopted else " and scales to zero when idle"
        if rate is None:
            text += f" The deployment costs money while it runs (price unknown){idle}."
        elif rate == 0:
            text += " The deployment costs nothing."
        else:
            each = f"{usd_of_many(per_1000_answers(rate, report.asked.traffic))} for 1,000 answers"
            text += (
                f" The deployment costs {usd(rate)} per hour while it runs ({each} at "
                f"{plural(report.asked.traffic, 'row')} an hour){idle}."
            )
    return text


def cost_notes(report: Report) -> tuple[str, ...]:
    """Notes without which the bill is misread."""
    cost = report.cost
    notes = []
    for entry in cost.promised:
        if entry.estimated_usd == 0:
            continue
        amount = "at an unknown price" if entry.estimated_usd is None else usd(entry.estimated_usd)
        notes.append(f"Approved, held, and not spent by this run: {entry.formula} ({amount}). It is in no total.")
    revised = [entry for entry in cost.lines if entry.revised_usd is not None]
    if revised and not all(_near(entry.revised_usd, entry.estimated_usd) for entry in revised):
        total = sum(entry.revised_usd or 0.0 for entry in revised)
        notes.append(
            "After the base models had answered, and rows were uploaded, the platform's token counts made the estimate "
            f"{usd_roughly(total)} in place of {usd_roughly(cost.estimated_usd)}."
        )
    elif revised:
        notes.append("The tokens that the base models used confirmed the plan's counts.")
    estimated = [entry.line for entry in cost.lines if entry.quantity_estimated]
    if estimated:
        notes.append(
            f"The platform did not say how many tokens it trained on; the expected number stands as the actual one for "
            f"{listing(estimated)}."
        )
    lines_by_note: dict[str, list[str]] = {}
    for entry in cost.lines:
        for note in entry.note.split("; "):
            if note and not (note == NO_QUANTITY and entry.quantity_estimated):
                lines_by_note.setdefault(note, []).append(entry.line)
    notes += [f"Paid at {note}: {listing(lines)}." for note, lines in lines_by_note.items()]
    if (billed := cost.billed) is not None:
        days = billed.first_day if billed.first_day == billed.last_day else f"{billed.first_day} to {billed.last_day}"
        notes.append(
            f"The platform's own bill of the account for {days} (UTC) says {usd(billed.usd)}, beside "
            f"{usd_roughly(cost.actual_usd)} above. It counts whole days and everything that the account did, and may "
            "lag."
        )
    return tuple(notes)


def billed(report: Report) -> Table | None:
    """The items of the account's bill; None where the platform told none."""
    billing = report.cost.billed
    if billing is None or not billing.items:
        return None
    digits = usd_digits(item.usd for item in billing.items)
    rows = tuple(
        (Quoted(item.category), Quoted(item.name), f"{item.quantity:,.6g}", usd(item.usd, digits))
        for item in billing.items
    )
    return Table(columns("Billed for", "", ">Quantity", ">Billed"), rows, ("Total", "", "", usd(billing.usd, digits)))


def _near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= 0.005 * max(one, other) + 1e-4


def _change(amount: float | None, digits: int) -> str:
    if amount is None:
        return "unknown"
    text = usd(round(amount, 6), digits)
    return f"+{text}" if round(amount, digits) > 0 else text
