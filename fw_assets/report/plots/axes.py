"""The square axes of the smaller charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fw_assets.report.formatting import percent
from fw_assets.report.plots.svg import text

LEFT, SIDE, TOP = 56.0, 250.0, 14.0
At = Callable[[float, float], tuple[float, float]]
"""(x, y) of the data to (x, y) in pixels."""


def square_axes(
    low: float, high: float, across: str, upwards: str, ticks: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
) -> tuple[At, list[str]]:
    """Axes from 0 to 1 across and from `low` to `high` upwards: where a point lies in pixels, and their marks."""

    def at(x: float, y: float) -> tuple[float, float]:
        return round(LEFT + SIDE * x, 1), round(TOP + SIDE * (high - y) / max(high - low, 1e-9), 1)

    marks = []
    for part in range(5):
        value = low + (high - low) * part / 4
        y = at(0, value)[1]
        marks.append(f'<line class="g" x1="{LEFT}" x2="{LEFT + SIDE}" y1="{y}" y2="{y}"/>')
        marks.append(text(LEFT - 8, y + 4, percent(value, 0), "m n", "end"))
    marks += [text(at(tick, low)[0], TOP + SIDE + 18, percent(tick, 0), "m n", "middle") for tick in ticks]
    marks.append(text(LEFT + SIDE / 2, TOP + SIDE + 38, f"{across} → {upwards} ↑", "m", "middle"))
    return at, marks
