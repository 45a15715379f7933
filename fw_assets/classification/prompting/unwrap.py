"""Removal of the wrapping around an answer: reasoning, code fences, quotes, prefixes, terminal punctuation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fw_assets.classification.labels.extraction_rules import FENCED_BLOCK

_THINK_END = "</think>"
_THINK_START = "<think>"
_PAIRS = (
    ("```", "```"),
    ("**", "**"),
    ("__", "__"),
    *((mark, mark) for mark in "\"'`*_"),
    ("“", "”"),
    ("‘", "’"),
    ("«", "»"),
)
_BRACKETS = (("[", "]"), ("(", ")"), ("<", ">"), ("\\boxed{", "}"), ("{", "}"))
_HEADING = re.compile(r"\A[*_#>\s-]*([^\W\d_][^:=：→\n]{0,39}?)[*_\s]*(?:[:=：→]|->)[*_]*\s*")
_MAX_HEADING_WORDS = 4
_NAMED = re.compile(
    r"\A(?:the\s+)?(?:final\s+|correct\s+|predicted\s+)?"
    r"(?:label|answer|category|class|classification|intent|output|prediction|option|choice|grade|rating|score|level)\s+",
    re.IGNORECASE,
)
# A hyphen in front of a number may be its sign.
_BULLET = re.compile(r"\A(?:[*•>]\s+|-\s+(?!\d)|\d{1,2}[.)]\s+(?!\d))")
_TERMINAL = ".,;:!?…。！？、।؟،"
_QUESTION = "?？؟"
"""At the end of an answer: it asks what it says."""
_REFUSAL = re.compile(
    r"\A\W*(?:(?:i am|i'm)\s+(?:\w+\s+)?(?:unable|not able)\b"
    r"|(?:[^.!\n]{0,40}\b)?(?:sorry|apologi[sz]e|unfortunately|afraid)\b[^\n]{0,60}?"
    r"\b(?:can't|cannot|can not|won't|will not|unable|not able|decline)\b"
    r"|i\s+(?:can't|cannot|can not|won't|will not|must decline|decline|refuse)\b"
    r"|as an? (?:ai|artificial intelligence|language model)\b)",
    re.IGNORECASE,
)


MAX_WRAPPINGS = 20
"""Wrappings that are removed from one text; what has more is no answer."""


def after_reasoning(text: str) -> str:
    """The text after the last `</think>`; where reasoning never ends, the text before it."""
    text = text.rpartition(_THINK_END)[2]
    unended = text.find(_THINK_START)
    return text if unended < 0 else text[:unended]


def unwrap(text: str, is_heading: Callable[[str], bool] = lambda _: True) -> Iterator[str]:
    """The text, then each form with one more wrapping removed, down to the bare answer.

    A caller takes the first form that it recognises, so a label that itself looks wrapped (`"yes!"`) matches
    before its wrapping is removed.

    Args:
        is_heading: whether the words in front of a colon or an equals sign ("Sentiment:") may be removed.
    """
    form = text.strip()
    for _ in range(MAX_WRAPPINGS):
        yield form
        inner = _without_outermost(form, is_heading).strip()
        if inner == form:
            return
        form = inner


def is_refusal(text: str) -> bool:
    """Whether the text begins by declining to answer."""
    return _REFUSAL.match(text.replace("’", "'")) is not None


def _without_outermost(text: str, is_heading: Callable[[str], bool]) -> str:
    block = FENCED_BLOCK.fullmatch(text)
    if block:
        return block[1]
    for opening, closing in (*_PAIRS, *_BRACKETS):
        inner = text[len(opening) : len(text) - len(closing)]
        wrapped = len(text) >= len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing)
        if wrapped and opening not in inner and closing not in inner:
            return inner
    heading = _HEADING.match(text)
    if heading and len(heading[1].split()) <= _MAX_HEADING_WORDS and is_heading(heading[1]):
        return text[heading.end() :]
    without_name = _NAMED.sub("", text, count=1)
    if without_name != text:
        return without_name
    without_end = text.rstrip(_TERMINAL if "(" in text else _TERMINAL + ")")
    if without_end and any(mark in text[len(without_end) :] for mark in _QUESTION):
        return text
    if without_end != text:
        return without_end
    return _BULLET.sub("", text, count=1)
