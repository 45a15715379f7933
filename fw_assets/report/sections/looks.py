"""Looks at the test rows, in words: figures that were seen before are no longer of rows that no choice has read."""

from __future__ import annotations

from fw_assets.report.formatting import before_verb, count, listing, plural, rows_text
from fw_assets.report.schema.looks import Look
from fw_assets.report.schema.report import Report

MAX_LOOKS = 4
"""Looks at the same rows, the mean over them, after which fresh ones are recommended."""
MAX_NAMED = 3


def looks_sentence(report: Report) -> str:
    """Which look this is at the test rows; empty for the first."""
    if report.looks is None or report.looks.number < 2:
        return ""
    number, earlier = report.looks.number, report.looks.earlier
    rows = rows_text(report.rows.test, report.groups.test if report.groups else None)
    shown = sum(report.rows.test if look.shared is None else look.shared for look in earlier)
    named = listing([_look(look) for look in earlier[-MAX_NAMED:]])
    hidden = len(earlier) - MAX_NAMED
    more = f", and {plural(hidden, 'plan')} before" if hidden > 0 else ""
    again = sum(look.extra_reads for look in earlier)
    reads = f" Learning curves and null controls of those read them {plural(again, 'more time')}." if again else ""
    advice = (
        "Label fresh test rows: what was chosen after so many looks fits these rows better than new ones."
        if round(shown / report.rows.test if report.rows.test else number - 1) >= MAX_LOOKS
        else "What was changed since then may have been chosen by these rows."
    )
    look = f"{ordinal(number)} look at these {rows}"
    if report.looks.seen and any(item.shared is not None for item in earlier):
        times = f"{shown / report.looks.seen:.1f}".removesuffix(".0")
        often = "once" if times == "1" else f"{times} times"
        look = f"{count(report.looks.seen)} of these {before_verb(rows)} were shown before, {often} each on average"
    return f"{look}: {named}{more}.{reads} {advice}"


def reads_sentence(report: Report) -> str:
    """How often the test rows were asked in this run."""
    curve, control, sampled = _extra_reads(report)
    extra = [f"{plural(curve, 'time')} for the learning curve"] if curve else []
    extra += [f"{plural(control, 'time')} for the null control"] if control else []
    extra += [f"{plural(sampled, 'sample')} of them without constrained decoding"] if sampled else []
    return "The test rows were read once per model" + (f", and again: {', '.join(extra)}." if extra else ".")


def extra_reads(report: Report) -> int:
    """Times that a model answered all test rows again."""
    curve, control, _ = _extra_reads(report)
    return curve + control


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _extra_reads(report: Report) -> tuple[int, int, int]:
    results = [result for item in report.candidates for result in (item.base, item.tuned) if result]
    curve = sum(max(0, len(item.learning) - 1) for item in report.candidates)
    control = sum(result.null_control is not None for result in results)
    return curve, control, sum(result.free is not None and result.free.supported for result in results)


def _look(look: Look) -> str:
    part = "" if look.shared is None else f" ({look.shared:,} of them)"
    return f"the plan {look.plan} of {look.dataset} was read on {look.at[:10]}{part}"
