"""Escaping of untrusted text for Markdown: datasets, labels and model output are shown, never rendered."""

from __future__ import annotations

import re

from fw_assets.classification.visible_text import visible, without_invisible

# Marks that act anywhere, and those that act only next to certain characters: escaping the latter everywhere would
# make the raw file hard to read.
_MARKS = re.compile(
    r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|&(?=[#A-Za-z])|\$(?!\d)|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"
    r"|^[#>=]|^[-+](?=[-+\s]|$)|(?<=^\d)[.)](?=\s|$)|(?<=^\d\d)[.)](?=\s|$)"
)


class Md(str):
    """Text that is Markdown already."""

    __slots__ = ()


def code(text: str, *, table: bool = True) -> Md:
    """`text` as a code span, in which nothing is rendered.

    Inside a table a pipe ends the cell even in a code span, so it is escaped there, and only there: elsewhere
    the backslash would show.
    """
    line = visible(text)
    if not line:
        return Md("(empty)")
    if table:
        if "\\|" in line:
            # Renderers disagree on a backslash before an escaped pipe inside a code span.
            return prose(line)
        line = line.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return Md(f"{fence}{pad}{line}{pad}{fence}")


def prose(text: str) -> Md:
    """`text` as running text: marks that Markdown acts on are escaped, and no address becomes a link."""
    line = _MARKS.sub(r"\\\g<0>", visible(text))
    return Md(line.replace("://", ":\\//").replace("www.", "www\\."))


def block(text: str, language: str = "") -> Md:
    """`text` as a fenced block whose fence is longer than any run of backticks in it."""
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    body = without_invisible(text).rstrip("\n")
    return Md(f"{fence}{language}\n{body}\n{fence}")
