"""Line chart of the sweep: validation loss by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fw_assets.report.formatting import learning_rate
from fw_assets.report.plots.svg import svg, text
from fw_assets.report.schema.tuning import SweepCellResult

_WIDE, _NARROW = 800, 360


def sweep_curves(cells: Sequence[SweepCellResult], *, narrow: bool = False) -> str:
    """Validation loss by epoch, one line per cell of the grid; empty where no cell has two epochs with one.

    Args:
        narrow: for a phone: the names of the lines stand below.
    """
    lines = [(cell, [(point.epoch, point.loss) for point in cell.curve if point.loss is not None]) for cell in cells]
    lines = [(cell, points) for cell, points in lines if len(points) > 1]
    if not lines:
        return ""
    values = [value for _, points in lines for _, value in points]
    step = _step(max(values) - min(values))
    first, final = math.floor(min(values) / step + 1e-9), math.ceil(max(values) / step - 1e-9)
    low, top = first * step, max(final, first + 1) * step
    last = max(epoch for _, points in lines for epoch, _ in points) or 1.0
    left, width, height = (44, 340, 200) if narrow else (56, 520, 200)
    legend, above = (left, height + 72) if narrow else (540, 24)

    def at(epoch: float, value: float) -> tuple[float, float]:
        return left + (width - left) * epoch / last, 12 + (height - 12) * (top - value) / max(top - low, 1e-9)

    marks = []
    for part in range(first, max(final, first + 1) + 1):
        value = part * step
        y = at(0, value)[1]
        marks.append(f'<line class="g" x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>')
        marks.append(text(left - 8, y + 4, f"{value:.4g}", "m n", "end"))
    every = max(1, round(last / 6))
    marks += [text(at(e, low)[0], height + 20, str(e), "m n", "middle") for e in range(0, int(last) + 1, every)]
    marks.append(text((left + width) / 2, height + 40, "epochs", "m", "middle"))
    for i, (cell, points) in enumerate(lines):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        thick = 3.5 if cell.chosen else 1.8
        dash = "" if cell.chosen else f' stroke-dasharray="{2 + 3 * (i % 3)} {2 + i // 3}"'
        marks.append(f'<polyline class="l{i % 6}" fill="none" stroke-width="{thick}"{dash} points="{path}"/>')
        y = above + 20 * i
        marks.append(
            f'<line class="l{i % 6}" x1="{legend}" x2="{legend + 26}" y1="{y - 4}" y2="{y - 4}" '
            f'stroke-width="{thick}"{dash}/>'
        )
        epochs = f"{cell.epochs:g} epoch{'' if cell.epochs == 1 else 's'}{', chosen' if cell.chosen else ''}"
        name = f"rank {cell.lora_rank}, {learning_rate(cell.learning_rate)}, {epochs}"
        marks.append(text(legend + 34, y, name, "t", "start"))
    bottom = max(height + 48, above + 20 * len(lines))
    return svg(_NARROW if narrow else _WIDE, bottom, "Validation loss by epoch", marks)


def _step(span: float) -> float:
    """The distance of the grid's lines: 1, 2 or 5 times a power of ten, at most six of them in `span`."""
    power = 10.0 ** math.floor(math.log10(max(span, 1e-3) / 6))
    return next(power * factor for factor in (1, 2, 5, 10) if span <= 6 * power * factor * (1 + 1e-9))
