"""Number and text formats, shared by Markdown, HTML, terminal, plots and Dagster's pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.selection.verdict import Verdict, p_value_text
from fw_assets.classification.values import Interval

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


class Quoted(str):
    """Text from outside (a label, a row of a dataset, the name of a model): shown verbatim, in a code face."""

    __slots__ = ()


def percent(share: float | None, digits: int = 1) -> str:
    """`0.583` as `58.3%`; unknown as `n/a`."""
    return "n/a" if share is None else f"{100 * share:.{digits}f}%"


def percent_range(bounds: tuple[float, float] | None, digits: int = 1) -> str:
    """`(0.566, 0.601)` as `56.6–60.1%`."""
    return "n/a" if bounds is None else f"{100 * bounds[0]:.{digits}f}{DASH}{100 * bounds[1]:.{digits}f}%"


def interval_text(interval: Interval) -> str:
    """A share with its interval, as 93.8% (88.7–96.7%)."""
    return f"{percent(interval.value)} ({percent_range((interval.low, interval.high))})"


def points(difference: float | None, digits: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: `+33.2`; zero has none."""
    return "n/a" if difference is None else signed(100 * difference, digits)


def points_text(share: float) -> str:
    """A margin in words: `2 points`, `1 point`."""
    return f"{100 * share:g} point{'' if round(100 * share, 9) == 1 else 's'}"


def verdict_text(verdict: Verdict, margin: float | None) -> str:
    """The verdict in a cell of a table; what is called `as good` is a bound on the loss, and none on a gain."""
    if verdict != "as good":
        return verdict
    return "at least as good" if margin is None else f"at least as good, within {points_text(margin)}"


def points_range(bounds: tuple[float, float] | None) -> str:
    """`(0.313, 0.35)` as `+31.3 to +35.0`."""
    return "n/a" if bounds is None else f"{points(bounds[0])} to {points(bounds[1])}"


def signed(value: float, digits: int) -> str:
    """`value` with a real minus sign, a plus sign, or none when it rounds to zero."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def p_value(p: float | None) -> str:
    """`p = 0.013`, or `p < 0.0001` below that; never rounded to the other side of 5%."""
    return "p unknown" if p is None else p_value_text(p)


def decimal(value: float | None, digits: int = 3) -> str:
    """A plain number, such as an F1; unknown as `n/a`."""
    return formatted(value, f".{digits}f")


def formatted(value: float | None, specification: str) -> str:
    """`value` by a Python format specification, with a real minus sign; unknown as `n/a`."""
    return "n/a" if value is None else format(value, specification).replace("-", MINUS)


def count(value: int) -> str:
    """An integer with thousands separators."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """`1 row`, `3,080 rows`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


TITLES = {
    "base": "the base model ",
    "adapter": "the adapter ",
    "fine-tuned": "the fine-tuned ",
    "deployment": "the deployment ",
    "router": "the router ",
}


def titled(name: str, kind: str) -> str:
    """A model in running text: `the fine-tuned qwen3-8b`; its name alone where it is of another kind."""
    return f"{TITLES.get(kind, '')}{name}"


def before_verb(rows: str) -> str:
    """`192 test rows, 24 distinct,`: the apposition of `rows_text` closed, where there is one."""
    return f"{rows}," if rows.endswith("distinct") else rows


def rows_text(rows: int, groups: int | None, noun: str = "test row") -> str:
    """`192 test rows, 24 distinct`; without the latter where every row is a group of its own."""
    text = plural(rows, noun)
    return text if groups is None or groups == rows else f"{text}, {groups:,} distinct"


def seconds_text(seconds: float) -> str:
    """`3.1 ms`, `210 ms` or `1.4 s`, three digits at most."""
    if seconds >= 0.9995:
        return f"{seconds:,.1f} s"
    milliseconds = 1000 * seconds
    return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.1f} ms"


def latency_text(latency: Latency | None) -> str:
    """`3.1 ms, 5.2 ms`: the median and the 95th percentile; empty where nothing was timed."""
    return "" if latency is None else f"{seconds_text(latency.p50)}, {seconds_text(latency.p95)}"


def usd(amount: float | None, digits: int = 2) -> str:
    """`$0.38`; unknown as `unknown`."""
    if amount is None:
        return "unknown"
    text = f"{abs(amount):,.{digits}f}"
    return f"{MINUS if amount < 0 and float(text.replace(',', '')) else ''}${text}"


def usd_digits(amounts: Iterable[float | None]) -> int:
    """2 decimals when every amount, and so their sum, is a whole number of cents, otherwise 4."""
    whole = all(abs(round(amount, 2) - amount) < 5e-6 for amount in amounts if amount is not None)
    return 2 if whole else 4


def usd_roughly(amount: float | None) -> str:
    """An amount to the cent, below a cent to a hundredth of one."""
    return usd(amount, 4 if amount is not None and 0 < abs(amount) < 0.01 else 2)


def usd_of_many(amount: float | None) -> str:
    """The price of 1,000 answers, which can be a small part of a cent: `$0.0812`, `under $0.0001`."""
    return "under $0.0001" if amount is not None and 0 < amount < 0.00005 else usd(amount, 4)


def parameters(number: int | None) -> str:
    """A model's size: `8.03 B`, `22.7 M`, `65.5 K`."""
    if not number:
        return "n/a"
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def learning_rate(value: float) -> str:
    """`1.5e-4` as people write it."""
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def duration(minutes: Range) -> str:
    """A range of minutes in words."""
    if minutes.high < 1:
        return "Less than a minute."
    if minutes.expected < 1:
        return f"Less than a minute, at most {_time(minutes.high)}."
    return f"About {_time(minutes.expected)}; {_time(minutes.low)} to {_time(minutes.high)}."


def duration_revised(planned: Range, revised: Range) -> str:
    """The duration of a run after the base benchmark, in a sentence."""
    before, now = (duration(minutes).rstrip(".") for minutes in (planned, revised))
    text = f"By the pace of the base benchmark the whole run takes {now[0].lower()}{now[1:]}"
    return f"{text}, as planned." if before == now else f"{text}. The plan said: {before[0].lower()}{before[1:]}."


def _time(minutes: float) -> str:
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        return plural(round(minutes), "minute")
    return f"{minutes / 60:.1f} hours"


def short(model: str) -> str:
    """The last part of a resource name: `minilm-l6-v2` of `accounts/fireworks/models/minilm-l6-v2`."""
    return model.rsplit("/", 1)[-1]


def clip(text: str, length: int) -> str:
    """`text` on one line and at most `length` characters long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def listing(names: Sequence[str], most: int = 8) -> str:
    """`a, b and c`; beyond `most`, how many more there are."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return names[0] if names else "none"


def typeset(text: str) -> str:
    """A reason as the report prints it: no space before percent signs, real minus signs, valid Unicode."""
    closed = re.sub(r"(?<=\d) %", "%", text)
    signed = re.sub(r"(?<![\w.])-(?=\d)", MINUS, closed)
    return valid_unicode(signed)


def valid_unicode(text: str) -> str:
    """`text` with a question mark for each lone surrogate, which no file in UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
