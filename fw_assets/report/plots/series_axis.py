"""Axes of a line chart of shares over a series of occasions."""

from __future__ import annotations

from typing import NamedTuple

from fw_assets.report.formatting import percent
from fw_assets.report.plots.svg import text

_PARTS = 4


class SeriesAxis(NamedTuple):
    """Places of `number` occasions from left to right, and of shares from `low` to `high` upwards, in pixels."""

    number: int
    low: float
    high: float
    left: float
    width: float
    top: float
    height: float

    def at(self, place: int, share: float) -> tuple[float, float]:
        x = self.left + self.width * (place + 0.5) / self.number
        y = self.top + self.height * (self.high - share) / max(self.high - self.low, 1e-9)
        return round(x, 1), round(y, 1)

    def across(self, css_class: str, share: float, style: str = "") -> str:
        """A line over the whole width."""
        y = self.at(0, share)[1]
        return f'<line class="{css_class}" x1="{self.left}" x2="{self.left + self.width}" y1="{y}" y2="{y}"{style}/>'

    def grid(self, digits: int = 1) -> list[str]:
        marks = []
        for part in range(_PARTS + 1):
            share = self.low + (self.high - self.low) * part / _PARTS
            marks.append(self.across("g", share))
            marks.append(text(self.left - 8, self.at(0, share)[1] + 4, percent(share, digits), "m n", "end"))
        return marks
