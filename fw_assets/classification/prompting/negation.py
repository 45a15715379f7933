"""Negation: whether the clause around a mention of a label denies, doubts or asks what the mention says.

Word lists for English, Chinese, Hindi, Spanish, French, Arabic, Bengali, Portuguese, Russian, Urdu, German, Indonesian,
Japanese and Korean. They err on the side of denial: a denied mention gives no label, and an answer without a label
counts as wrong.
"""

from __future__ import annotations

import re

MAX_CLAUSE = 300
"""Characters on each side of a mention that are looked at, so that the time is linear in the text."""

_BEFORE = (
    # English
    *(
        "not",
        "no",
        "non",
        "never",
        "neither",
        "nor",
        "without",
        "except",
        "than",
        "instead of",
        "cannot",
        "cant",
        "isnt",
    ),
    *(
        "hardly",
        "barely",
        "scarcely",
        "far from",
        "wrong",
        "false",
        "incorrect",
        "mistaken",
        "lacks?",
        "lacking",
        "nothing",
    ),
    *(
        "none",
        "nobody",
        "anything but",
        "all but",
        "fails?",
        "failed",
        "opposite",
        "contrary",
        "doubt(?:s|ful)?",
        "unlikely",
    ),
    *(
        "refus(?:e[sd]?|ing)",
        "den(?:y|ies|ied)",
        "exclud(?:e[sd]?|ing)",
        "reject(?:s|ed)?",
        "rules? out",
        "avoids?",
        "unlike",
    ),
    *(
        "absence of",
        "little",
        "nowhere near",
        "hard to",
        "hesitate",
        "rather than",
        "no longer",
        "isn",
        "aren",
        "wasn",
        "don",
    ),
    *("doesn", "didn", "won", "wouldn", "couldn", "shouldn", "can['’]t"),
    *("inaccurate", "untrue", "misleading", "improper", "inappropriate"),
    # German
    *(
        "nicht",
        "kein(?:e[mnrs]?)?",
        "nie(?:mals)?",
        "weder",
        "noch",
        "ohne",
        "kaum",
        "statt",
        "anstatt",
        "falsch",
        "nichts",
    ),
    # Spanish, Portuguese
    *("ni", "nunca", "jamás", "jamais", "sin", "nada", "apenas", "tampoco", "en vez de", "ning[uú]n[ao]?", "falso"),
    *("não", "nao", "nem", "sem", "nenhuma?", "em vez de", "tampouco"),
    # French
    *("pas", "ne", "ni", "guère", "sans", "aucune?", "rien", "au lieu de", "plutôt que", "faux", r"n['’]\w+"),
    # Russian
    *("не", "ни", "нет", "без", "вряд ли", "едва ли", "никак", "никогда", "вместо", "ничего", "нельзя", "отнюдь"),
    # Arabic; the conjunction is written together with the word
    *("[وف]?غير", "[وف]?ليست?", "[وف]?لا", "[وف]?لم", "[وف]?لن", "[وف]?ما", "[وف]?بدون", "[وف]?دون", "[وف]?ليسوا"),
    # Hindi, Bengali and Urdu where the word comes first
    *("न", "ना", "नहीं", "बिना", "না", "নয়", "نہ", "نہیں", "بغیر"),
    # Indonesian
    *("tidak", "bukan", "belum", "tanpa", "kurang", "tak", "jangan"),
)
_BEFORE_WORD = re.compile(rf"(?<!\w)(?:{'|'.join(_BEFORE)})(?!\w)|n['’]t(?!\w)", re.IGNORECASE)
_BEFORE_UNSPACED = re.compile("[不非没沒无無未勿别別否]")
_AFTER = re.compile(
    r"\A\W*(?:(?:label|class|category|answer|sentiment|tone|emotion|intent|meaning)\s+)?"
    r"(?:(?:is|was|are|were|does|do|did|would|should|can|could|has|have|seems?)\s*(?:not\b|n['’]t\b)|cannot\b"
    r"|(?:is|was|seems|would be)\s+(?:wrong|incorrect|false|unlikely|absent|missing"
    r"|lacking|ruled out|excluded|out of the question)\b"
    r"|ist\s+(?:falsch|ausgeschlossen)\b)",
    re.IGNORECASE,
)
_AFTER_ANYWHERE = re.compile(
    r"(?<!\w)(?:नहीं|नही|नहि|মোটেই না|নয়|নয়|নেই|না|نہیں|نہ|nahi|nahin)(?!\w)"
    "|ない|なく|なかっ|ません|とは言え|とはいえ|아니|아닙|아닌|않|없|못"
)
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
    r"[.;:!?…,\n()\[\]{}—–|。，；：！？、؛،؟।]|\s-\s|-{2,}|->|→"
    rf"|(?<!\w)(?:{'|'.join(_CONJUNCTIONS)})(?!\w)|而是|但是|因为|因為",
    re.IGNORECASE,
)
_AFFIRMED = re.compile(
    r"(?<!\w)(?:(?:without|no|beyond|not? any)\s+(?:a\s+|any\s+)?(?:doubt|question)|undoubtedly"
    r"|not\s+(?:only|just|merely)|no\s+hesitation|ohne\s+(?:jeden\s+)?zweifel|kein(?:e|en)?\s+(?:zweifel|frage)|zweifellos|sin\s+(?:ninguna\s+)?duda"
    r"|sans\s+(?:aucun\s+)?doute|sem\s+(?:nenhuma\s+)?dúvida|без\s+сомнени[йя]|не\s+только|بلا شك"
    r"|tidak\s+diragukan|tanpa\s+ragu)(?!\w)|毫无疑问|毫無疑問|无疑|無疑|不仅|不僅",
    re.IGNORECASE,
)
_BLANK = "\0"


def without_affirmations(text: str) -> str:
    """The text with what only sounds like a denial ("no doubt", "not only") made unreadable; its length stays."""
    return _AFFIRMED.sub(lambda match: _BLANK * len(match[0]), text)


def is_denial(text: str) -> bool:
    """Whether a few words, such as the heading in front of an answer, deny what follows."""
    return _BEFORE_WORD.search(text) is not None or _BEFORE_UNSPACED.search(text) is not None


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
    if _BEFORE_WORD.search(before) or (unspaced and _BEFORE_UNSPACED.search(before)):
        return True
    if boundaries and boundaries[-1][0] in (":", "："):
        previous = boundaries[-2].end() if len(boundaries) > 1 else earliest
        heading = text[previous : boundaries[-1].start()]
        if len(heading.split()) <= 2 and is_denial(heading):
            return True
    latest = min(len(text), end + MAX_CLAUSE)
    closing = _CLAUSE.search(text, end, latest)
    if closing is not None and closing[0] in ("?", "？", "؟"):
        return True
    after = text[end : min(following, closing.start() if closing else latest)]
    return _AFTER.search(after) is not None or _AFTER_ANYWHERE.search(after) is not None
