"""Text from outside without the characters that nobody sees: they drive a terminal, or forge what stands beside them.

Control characters, direction overrides and isolates, zero-width characters, soft hyphens, tags and lone surrogates
become U+FFFD, so that a reader sees that something was there. Whoever shows text uses one of these functions, for its
kind of output.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Joiners between these are spelling (Persian, Indic scripts, emoji); elsewhere they only make equal words differ.
_JOINED = "[\u0600-\u06ff\u0750-\u077f\u08a0-\u0dff\u1000-\u109f\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]"
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
    f"|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
)
_REGION_FLAG = "\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f"
_DROPPED = re.compile(rf"({_REGION_FLAG})|{_INVISIBLE.pattern}")
_IN_TERMINAL = str.maketrans("\t\u200c\u200d", " \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")
_IN_JSON = re.compile(rf"{_INVISIBLE.pattern}|[\u2028\u2029]")


def without_invisible(text: str) -> str:
    """`text` with its line breaks and tabs, and a U+FFFD for each invisible character."""
    return _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


def drop_invisible(text: str) -> str:
    """`text` without its invisible characters; the tags that spell a region's flag stay."""
    return _DROPPED.sub(lambda match: match[1] or "", text)


def visible(text: str) -> str:
    """`text` on one line, for a cell or a sentence."""
    return " ".join(without_invisible(text).split())


def printable(text: str) -> str:
    """`text` for a terminal: its lines are kept, a tab is a space, and joiners, which terminals do not join, go too."""
    lines = (without_invisible(line).translate(_IN_TERMINAL) for line in text.splitlines())
    return "\n".join(lines)


def visible_json(value: Any, indent: int | None = None) -> str:
    """`value` as JSON that a terminal can show: invisible characters are escapes, so it still reads as it was."""
    return _IN_JSON.sub(_escape, json.dumps(value, ensure_ascii=False, indent=indent))


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
