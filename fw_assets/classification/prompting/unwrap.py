"""Removal of the wrapping around an answer: reasoning, code fences, quotes, prefixes, terminal punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_PREFIX = re.compile(
    r"\A[*_#\s]*(?:the\s+)?(?:final\s+|correct\s+|predicted\s+)?"
    r"(?:label|answer|category|class|classification|intent|output|prediction)s?"
    r"[*_\s]*[:=：][*_]*\s*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\A(?:[-*•>]|\d{1,2}[.)])\s+")
_TERMINAL = ".,;:!?…。！？、"
_REFUSAL = re.compile(
    r"\A\W*(?:(?:i am|i'm)\s+(?:\w+\s+)?(?:unable|not able)\b"
    r"|(?:[^.!\n]{0,40}\b)?(?:sorry|apologi[sz]e|unfortunately|afraid)\b[^\n]{0,60}?"
    r"\b(?:can't|cannot|can not|won't|will not|unable|not able|decline)\b"
    r"|i\s+(?:can't|cannot|can not|won't|will not|must decline|decline|refuse)\b"
    r"|as an? (?:ai|artificial intelligence|language model)\b)",
    re.IGNORECASE,
)


def after_reasoning(text: str) -> str:
    """The text after the last `</think>`; where reasoning never ends, the text before it."""
    text = text.rpartition(_THINK_END)[2]
    unended = text.find(_THINK_START)
    return text if unended < 0 else text[:unended]


def unwrap(text: str) -> Iterator[str]:
    """The text, then each form with one more wrapping removed, down to the bare answer.

    A caller takes the first form that it recognises, so a label that itself looks wrapped (`"yes!"`) matches
    before its wrapping is removed.
    """
    previous: set[str] = set()
    form = text.strip()
    while form not in previous:
        previous.add(form)
        yield form
        form = _without_outermost(form).strip()


def is_refusal(text: str) -> bool:
    """Whether the text begins by declining to answer."""
    return _REFUSAL.match(text.replace("’", "'")) is not None


def _without_outermost(text: str) -> str:
    block = FENCED_BLOCK.fullmatch(text)
    if block:
        return block[1]
    for opening, closing in (*_PAIRS, *_BRACKETS):
        inner = text[len(opening) : len(text) - len(closing)]
        wrapped = len(text) >= len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing)
        if wrapped and opening not in inner and closing not in inner:
            return inner
    without_prefix = _PREFIX.sub("", text, count=1)
    if without_prefix != text:
        return without_prefix
    without_end = text.rstrip(_TERMINAL)
    if without_end != text:
        return without_end
    return _BULLET.sub("", text, count=1)
