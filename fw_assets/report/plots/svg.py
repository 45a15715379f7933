"""SVG building blocks. Colours come from CSS classes: those of the page, or those that `standalone` adds."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fw_assets.classification.visible_text import visible

_STYLE = """
svg{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;background:#fff}
.t{fill:#1c2128}.m{fill:#5b6470}.g{stroke:#e2e5ea}.w{stroke:#1c2128}.base{fill:#9aa5b5}.tuned{fill:#2b62d9}
.free{fill:#1c8f63}.ref{stroke:#b4540a}.reft{fill:#b4540a}.up{stroke:#2b62d9}.down{stroke:#c8372d}.l0{stroke:#2b62d9}.l1{stroke:#b4540a}
.l2{stroke:#18794e}.l3{stroke:#8a3ffc}.l4{stroke:#9aa5b5}.l5{stroke:#0b7285}.n{font-variant-numeric:tabular-nums}
"""


def standalone(chart: str) -> str:
    """A chart with its own colours, for viewers without the page's style sheet."""
    head, tail = chart.split(">", 1)
    return f"{head}><style>{_STYLE}</style>{tail}"


def svg(width: float, height: float, title: str, marks: Sequence[str]) -> str:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(title)}">{"".join(marks)}</svg>'
    )


def text(x: float, y: float, content: str, kind: str, anchor: str, title: str = "") -> str:
    """A text element; `title`, where it differs, is shown on hovering."""
    hint = f"<title>{escape(visible(title))}</title>" if title and title != content else ""
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(visible(content))}{hint}</text>'
    )
