"""Negation: whether the clause around a mention of a label denies, doubts or asks what the mention says.

Word lists (`negation_words`) for English, Chinese, Hindi, Spanish, French, Arabic, Bengali, Portuguese, Russian, Urdu,
German, Indonesian, Japanese and Korean. They err on the side of denial: a denied mention gives no label, and an answer
without a label counts as wrong.
"""

from __future__ import annotations

import re

from fw_assets.classification.prompting.negation_words import (
    AFFIRMED,
    AFFIRMED_UNSPACED,
    AFTER,
    AFTER_ANYWHERE,
    AFTER_UNSPACED,
    BEFORE,
    BEFORE_UNSPACED,
    HEDGES,
    HEDGES_UNSPACED,
    LESS,
    LETTER,
    MORE,
    THAN,
    alternatives,
    words,
)

MAX_CLAUSE = 300
"""Characters on each side of a mention that are looked at, so that the time is linear in the text."""

_BEFORE_WORD = re.compile(rf"{words(*BEFORE.values())}|n['’]t(?!\w)", re.IGNORECASE)
_BEFORE_UNSPACED = re.compile(BEFORE_UNSPACED)
_HEDGE = re.compile(rf"{words(*HEDGES.values())}|{HEDGES_UNSPACED}", re.IGNORECASE)
_AFTER = re.compile(
    r"\A\W*(?:(?:label|class|category|answer|sentiment|tone|emotion|intent|meaning)\s+)?"
    rf"(?:{alternatives(AFTER)})",
    re.IGNORECASE,
)
_AFTER_ANYWHERE = re.compile(rf"{words(AFTER_ANYWHERE)}|{AFTER_UNSPACED}", re.IGNORECASE)
_MODIFIER = re.compile(r"\A[\s-]*(?:filters?|folders?|detect(?:ors?|ion)|blockers?|traps?|buttons?)\b", re.IGNORECASE)
"""What a label is only the first word of: a "spam filter" is no spam."""
_ASKED = re.compile(
    r"\A(?:[^\w\n.]*"
    r"|\s*,\s*(?:(?:isn|aren|wasn|doesn|is|are|was|does)(?:['’]?t)?\s+(?:it|he|she|they|this|that)|right|correct|no|not"
    r"|or|eh|oder|nicht|verdad|não|n['’]est|да|так)(?!\w)[^\n.,;:!?]{0,20})[?？؟]",
    re.IGNORECASE,
)
_BLANK = "\0"
_COMPARED = rf"\s+{_BLANK}+(?:\s+{LETTER}+)?\s*,?\s+(?:{alternatives(THAN)})\s+(?:(?:an?|it|is|es|ist)\s+)?\Z"
_LESS_THAN = re.compile(words(LESS) + _COMPARED, re.IGNORECASE)
_MORE_THAN = re.compile(rf"{words(MORE)}{_COMPARED}|{_BLANK}\s+أكثر\s+من\s+\Z", re.IGNORECASE)
MAX_COMPARISON = 80
"""Characters in front of a mention in which a comparison with the one before is looked for."""
_CONJUNCTIONS = (
    *(
        "(?<!anything )(?<!nothing )(?<!all )but",
        "because",
        "since",
        "although",
        "though",
        "whereas",
        "sondern",
        "aber",
    ),
    *("weil", "denn", "sino", "pero", "porque", "mais", "car", "mas", "но", "а", "потому", "بل", "لكن", "لأن", "बल्कि"),
    *("लेकिन", "क्योंकि", "tetapi", "melainkan", "karena"),
)
_CLAUSE = re.compile(
    r"[.;:!?…\n()\[\]{}—–|。，；：！？、؛،؟।]|,(?!\s*(?:whether|ob|dass|что|чтобы)\b)|\s-\s|-{2,}|->|→"
    rf"|(?<!\w)(?:{'|'.join(_CONJUNCTIONS)})(?!\w)|而是|但是|因为|因為",
    re.IGNORECASE,
)
_AFFIRMED = re.compile(rf"{words(*AFFIRMED.values())}|{AFFIRMED_UNSPACED}", re.IGNORECASE)


def without_affirmations(text: str) -> str:
    """The text with what only sounds like a denial ("no doubt", "not only") made unreadable; its length stays."""
    return _AFFIRMED.sub(lambda match: _BLANK * len(match[0]), text)


def is_denial(text: str) -> bool:
    """Whether a few words, such as the heading in front of an answer, deny what follows."""
    return _BEFORE_WORD.search(text) is not None or _BEFORE_UNSPACED.search(text) is not None


def is_hedged(text: str, start: int) -> bool:
    """Whether the mention that begins at `start` is given as one that may be; `text` as of `is_denied`."""
    earliest = max(0, start - MAX_CLAUSE)
    boundaries = list(_CLAUSE.finditer(text, earliest, start))
    return _HEDGE.search(text[boundaries[-1].end() if boundaries else earliest : start]) is not None


def is_denied(text: str, start: int, end: int, following: int, unspaced: bool) -> bool:
    """Whether the mention at `text[start:end]` is denied, doubted or asked within its clause.

    Args:
        text: prepared by `without_affirmations`.
        following: where the next mention begins; what comes after that is said of that one.
        unspaced: the label is written in a script without spaces, whose denials are looked for as characters.
    """
    earliest = max(0, start - MAX_CLAUSE)
    boundaries = list(_CLAUSE.finditer(text, earliest, start))
    opening = boundaries[-1].end() if boundaries else earliest
    before = text[opening:start]
    compared = text[max(0, start - MAX_COMPARISON) : start]
    if less := _LESS_THAN.search(compared):
        before = before[: max(0, len(before) - len(less[0]))]
    elif _MORE_THAN.search(compared):
        return True
    if _BEFORE_WORD.search(before) or (unspaced and _BEFORE_UNSPACED.search(before)):
        return True
    if boundaries and boundaries[-1][0] in (":", "："):
        previous = boundaries[-2].end() if len(boundaries) > 1 else earliest
        heading = text[previous : boundaries[-1].start()]
        if len(heading.split()) <= 2 and is_denial(heading):
            return True
    latest = min(len(text), end + MAX_CLAUSE)
    if _ASKED.match(text[end:latest]) or _MODIFIER.match(text[end:latest]):
        return True
    closing = _CLAUSE.search(text, end, latest)
    if closing is not None and closing[0] in ("?", "？", "؟"):
        return True
    after = text[end : min(following, closing.start() if closing else latest)]
    return _AFTER.search(after) is not None or _AFTER_ANYWHERE.search(after) is not None
