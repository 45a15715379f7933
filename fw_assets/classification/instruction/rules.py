"""What a pattern rule is: a field, the words that say it, and the value that they give."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Value = Callable[[re.Match[str]], Any]
Rule = tuple[str | None, str, Value]
"""The field (null: words that change nothing), a regular expression, and the value of a match."""

IS = r"(?:\s*[:=]\s*|\s+(?:(?:of|is|to|at|be|as|should be|set to|should|exactly)\s+)*)"
NOT = r"(?:don't|do not|dont|never|no|not|without|skip(?:ping)?|avoid|please don't)"
MOST = (
    r"(?:(?:of|is|to|at|be|up to|at most|at the most|no more than|not more than|more than|"
    r"under|below|less than|within"
    r"|max(?:imum)?(?: of)?|a maximum of|maximally|it|should|must|not|stay|exceed|limited|"
    r"capped|:|=|the|run|this"
    r"|everything|whole thing|total|cost|costs|price|all of|by|over|above|set|for|is it|with)\s+)*"
)
ANY_MODEL = (
    r"(?:it|the winner|the winning model|the best(?: one| model)?|the model|the result|"
    r"anything|a model|them)"
)
TUNE = r"(?:fine[- ]?tun(?:e|ed|ing)|tun(?:e|ing)|train(?:ing)?)"


def fixed(value: Any) -> Value:
    return lambda _: value


def group(read: Callable[[str], Any]) -> Value:
    return lambda found: read(next(text for text in found.groups() if text is not None))


def many(pattern: str, read: Callable[[str], Any]) -> Value:
    return lambda found: tuple(dict.fromkeys(read(text) for text in re.findall(pattern, found[1])))
