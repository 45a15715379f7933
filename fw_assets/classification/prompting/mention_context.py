"""Mention contexts: whether a label that is also an everyday word, a letter or a number stands alone in its sentence.

"No way to tell" does not mention the label `no`, "A customer asks" not `a`, and "$1" not `1`; "The answer is no." does.
"""

from __future__ import annotations

import re

_WINDOW = 40
"""Characters on each side of a mention that are looked at."""

_EVERYDAY_WORDS = """
a all an any as at be do i if in is it new no none not of off on one open or other others out so
that the this to up non si sí o y e u un una nada ja да нет не لا نعم न ना नहीं हाँ हां না হ্যাঁ
نہیں ہاں tidak ya bukan não sim ni 예 네 はい いいえ いや
"""
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af]"
)
"""A character of a script that writes words without spaces between them, or particles without a space after them."""

_STATING = (
    *(
        "(?<!there )(?:is|are|was|be)",
        "(?:be|is|was) an?",
        "as",
        "to",
        "with",
        "and",
        "or",
        "but",
        "between",
        "from",
        "maybe",
    ),
    *("perhaps", "say", "says", "said", "reads", "means", "answers?", "label", "category", "class", "option", "choice"),
    *(
        "choose",
        "pick",
        "select",
        "grade",
        "score",
        "rating",
        "rate",
        "level",
        "type",
        "it",
        "give",
        "than",
        "not",
        "nor",
    ),
    *("ist", "es", "est", "é", "это", "ответ"),
)
_STATED = re.compile(
    r"(?:\A|[.;:!?…,\n()\[{\"'“”‘’«»*_`—–|>=→。，；：！？、؛،؟।]|\s-|['’]s"
    rf"|(?<!\w)(?:{'|'.join(_STATING)}))\s*\Z",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\A\s*(?:\Z|[.;:!?…,)\]}\"'“”‘’«»*_`。，；：！？、؛،؟।](?:\s|\W|\Z)|[(\[{—–|]|\s-\s|\n|<|\s(?:and|or|to|because|since|given)\s)",
)
_UNIT = re.compile(r"\A\s+(?:stars?|points?|out of \d+)\b", re.IGNORECASE)
_RANGE = (
    r"(?:\s*(?:[-–—−~〜…&/]|\.{2,3}|到|至|から)\s*"
    r"|\s+(?:to|and|or|through|bis|und|oder|à|et|ou|a|y|o|até|e|до|и|или|إلى|و|أو|से|या|থেকে|বা|سے|یا|sampai|hingga|atau|dan)\s+)"
)
"""Between the ends of a range of numbers, or two that are left to choose from."""
_MEASURED_BEFORE = re.compile(
    rf"[$€£¥₹#/×°%−+\-]\s*\Z|\A\s*[–—]\s*\Z|\d[.,]?\Z|\d\s+\Z|\d{_RANGE}\Z|(?<!\w)up to\s+\Z", re.IGNORECASE
)
_MEASURED_AFTER = re.compile(rf"\A(?:\s*[%°€£¥₹×/]|[-–−:]\d|\w|{_RANGE}\d+(?![\d.,]*\s*%))", re.IGNORECASE)


def needs_standing_alone(label: str) -> bool:
    """Whether a label (normalised) occurs in sentences that do not mean it."""
    return label in _EVERYDAY or len(label) == 1 or _NUMBER.fullmatch(label) is not None


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is a statement of its own, or what a statement such as "the answer is" ends in."""
    before, after = text[max(0, start - _WINDOW) : start], text[end : end + _WINDOW]
    if _NUMBER.fullmatch(text[start:end]):
        if _MEASURED_BEFORE.search(before) or _MEASURED_AFTER.match(after):
            return False
        if _UNIT.match(after):
            return True
    return _STATED.search(before) is not None and _ENDED.match(after) is not None
