"""Bins of numbers by their quantiles, with names."""

from __future__ import annotations

import polars as pl

MAX_BINS = 4
ALL = "all"
"""The name of the only bin where numbers differ."""


def quantile_cuts(numbers: pl.Series, bins: int) -> list[float]:
    """The upper ends of all bins but the last, each a number that occurs; fewer where many numbers are equal."""
    known = numbers.drop_nulls().sort()
    if known.is_empty():
        return []
    ends = (known[-(-index * len(known) // bins) - 1] for index in range(1, bins))
    return sorted({float(end) for end in ends if end < known[-1]})


def bin_names(numbers: pl.Series, cuts: list[float]) -> tuple[pl.Series, list[str]]:
    """The name of each number's bin (null without a number), and all names in ascending order."""
    whole = numbers.dtype.is_integer()
    known = numbers.drop_nulls()
    if not cuts and known.n_unique() == 1:
        cuts = [float(known[0])]
    names = [_name(cuts[index - 1] if index else None, end, whole) for index, end in enumerate([*cuts, None])]
    if cuts and cuts[0] == known.min():
        names[0] = _number(cuts[0])
    index = sum((numbers > cut).cast(pl.Int64) for cut in cuts) if cuts else numbers.is_not_null().cast(pl.Int64) * 0
    table = pl.Series(names, dtype=pl.String)
    return table.gather(pl.select(pl.when(numbers.is_not_null()).then(index)).to_series().cast(pl.UInt32)), names


def _name(low: float | None, high: float | None, whole: bool) -> str:
    if low is None:
        return ALL if high is None else f"up to {_number(high)}"
    if high is None:
        return f"above {_number(low)}"
    if whole:
        return f"{_number(low + 1)} to {_number(high)}" if low + 1 < high else _number(high)
    return f"above {_number(low)}, up to {_number(high)}"


def _number(value: float) -> str:
    # All digits, since two bins of one name would be one slice.
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e21 else repr(value)
