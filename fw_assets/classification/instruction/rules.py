"""Phrase rules: regular expressions for what an instruction can say about one session field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

ValueOf = Callable[[re.Match[str]], Any]
PhraseRule = tuple[str | None, str, ValueOf]
"""A session field (None: the words change nothing), a regular expression, and the value of a match."""

EQUALS = r"(?:\s*[:=]\s*|\s+(?:(?:of|is|to|at|be|as|should be|set to|should|exactly)\s+){0,10})"
NEGATION = r"(?:don't|do not|dont|never|no|not|without|skip(?:ping)?|avoid|please don't)"
AT_MOST = (
    r"(?:(?:of|is|to|at|be|up to|at most|at the most|no more than|not more than|more than|"
    r"under|below|less than|within"
    r"|max(?:imum)?(?: of)?|a maximum of|maximally|it|should|must|not|stay|exceed|limited|"
    r"capped|:|=|the|run|this"
    r"|everything|whole thing|total|cost|costs|price|all of|by|over|above|set|for|is it|with)\s+){0,10}"
)
ANY_MODEL = (
    r"(?:it|the winner|the winning model|the best(?: one| model)?|the model|the result|"
    r"anything|a model|them)"
)
FINE_TUNE = r"(?:fine[- ]?tun(?:e|ed|ing)|tun(?:e|ing)|train(?:ing)?)"


def constant(value: Any) -> ValueOf:
    return lambda _: value


def from_group(parse: Callable[[str], Any]) -> ValueOf:
    """The value of the only group that takes part in the match."""
    return lambda match: parse(next(text for text in match.groups() if text is not None))


def from_all(pattern: str, parse: Callable[[str], Any]) -> ValueOf:
    """The values of all matches of `pattern` in the first group, without repeats."""
    return lambda match: tuple(dict.fromkeys(parse(text) for text in re.findall(pattern, match[1])))
