"""Label texts: a label without what is written around it, and the key that all its spellings share."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

from fw_assets.classification.visible_text import drop_invisible

_END_TOKEN = r"(?:<\|[^<>|\s]{1,40}\|>|<｜[^<>｜]{1,40}｜>|</?s>|<(?:bos|eos|pad|(?:start|end)_of_turn)>|\[/?INST\])"  # noqa: S105
_ROLE = r"(?:assistant|model)"
# The header that a chat template writes before an answer, with its tokens or without them.
_TOKENS = re.compile(
    rf"^(?:\s*{_END_TOKEN})+(?:\s*{_ROLE}\s*(?:\n|{_END_TOKEN}\s*)+)?|^{_ROLE}\s*\n\s*|(?:{_END_TOKEN}\s*)+$"
)
_PAIRS = (
    *((mark, mark) for mark in ("```", "***", "**", "__", "~~", "*", "_", "`", '"', "'")),
    *(
        ("(", ")"),
        ("[", "]"),
        ("“", "”"),
        ("„", "“"),
        ("‘", "’"),
        ("‚", "‘"),
        ("«", "»"),
        ("»", "«"),
        ("‹", "›"),
        ("「", "」"),
        ("『", "』"),
        ("【", "】"),
        ("《", "》"),
        ("〈", "〉"),
    ),
)
_ANGLES = re.compile(r"<(\w+://[^<>\s]+|[^<>\s=\"'/][^<>=\"']*)>")
"""A label or an address in angle brackets; no markup with attributes."""
# Followed by a letter or a mark: "> 50", "# 1" and "- 5" are labels.
_LEADING = re.compile(r"^(?:#{1,6}|[-*•·▪◦‣>])\s+(?=[^\W\d_]|[\"'“„‘«*_`])")
_LISTED = re.compile(r"[,;|\n\"']")
_LINE_SPACE = re.compile(r"[^\S\n\t]+")
_STOPS = " \t\r\n.,;:。．，、；：،؛۔।"
_JOINT = re.compile(r"(?<=\w)[\s_\-]+(?=\w)")
_SPACES = re.compile(r"\s+")
_STRAY_VARIATION = re.compile("(?<=\\w)[\ufe00-\ufe0f](?!\u20e3)")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f]")
_SIGNS = str.maketrans(
    {**dict.fromkeys("‐‑‒–—―−﹣－", "-"), **dict.fromkeys("‘’‚‛ʼ′`´", "'"), **dict.fromkeys("“”„‟″«»", '"')}
)
_DISTINCT_STYLES = ("<super>", "<sub>", "<circle>", "<fraction>", "<square>")
_LOOKALIKES = str.maketrans("аеѕіјорсухԛԝһο", "aesijopcyxqwho")
"""Cyrillic and Greek letters that look like Latin ones whether small or capital."""
_CAPITAL_LOOKALIKES = str.maketrans("АВЕЅІЈКМНОРСТУХԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABESIJKMHOPCTYXQWABEZHIKMNOPTYXC")
_MIXED_WORD = re.compile(
    "\\w*(?:[A-Za-z]\\w*[\u0370-\u03ff\u0400-\u052f]|[\u0370-\u03ff\u0400-\u052f]\\w*[A-Za-z])\\w*"
)
_MAX_ROUNDS = 20


def bare(text: str, *, angles: bool = False) -> str:
    """The label without what is no part of it: unseen characters, tokens of chat templates, bullets, and the marks and
    quotes that stand around the whole of it in pairs.

    What is inside stays (`exchange "rate"`, `size 5"`), as do labels of nothing but marks (`**`).

    Args:
        angles: whether angle brackets around the whole of it stay (`<unk>`).
    """
    if text.isascii() and text.isprintable() and text[:1].isalnum() and text[-1:].isalnum() and "  " not in text:
        return text
    form = _plain_spaces(text)
    for _ in range(_MAX_ROUNDS):
        inner = _plain_spaces(_LEADING.sub("", _without_pair(_TOKENS.sub("", form), angles)))
        if not inner or inner == form:
            break
        form = inner
    return form or text.strip()


def spelling_key(label: str) -> str:
    """The key shared by all spellings of a label: `bare`, then case, one kind of space, dash and quote, no full stop.

    Small letters that look the same in Latin and Cyrillic count as the same, and in a word that mixes both so do
    capitals. A sign stays ("-1" and "1" are two
    labels), as does what a reader sees: "m²" and "m2", "yes!" and "yes".
    """
    text = bare(label)
    for _ in range(_MAX_ROUNDS):
        folded = _folded(text)
        joined = _SPACES.sub(" ", _JOINT.sub(" ", folded)).rstrip(_STOPS).strip()
        inner = bare(joined)
        if not inner or inner == text:
            break
        text = inner
    return text


def look(label: str) -> str:
    """What a reader sees of a label: equal for labels that only their bytes tell apart."""
    seen = _VARIATION.sub("", unicodedata.normalize("NFC", bare(label)).translate(_SIGNS))
    return _SPACES.sub(" ", seen).translate(_CAPITAL_LOOKALIKES).translate(_LOOKALIKES)


def has_variation(text: str) -> bool:
    """Whether the text has variation selectors, which few fonts show."""
    return _VARIATION.search(text) is not None


def _plain_spaces(text: str) -> str:
    """The text composed (NFC), with one plain space for each run of them (tabs stay), without unseen characters."""
    if text.isascii() and text.isprintable():
        return _LINE_SPACE.sub(" ", text).strip()
    return _LINE_SPACE.sub(" ", drop_invisible(_STRAY_VARIATION.sub("", unicodedata.normalize("NFC", text)))).strip()


def _without_pair(text: str, angles: bool) -> str:
    if in_angles := _ANGLES.fullmatch(text):
        return text if angles else in_angles[1]
    for opening, closing in _PAIRS:
        inner = text[len(opening) : len(text) - len(closing)]
        if not (len(text) > len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing)):
            continue
        if opening in "([" and _LISTED.search(inner):
            continue
        if opening[0] not in inner and closing[0] not in inner and inner.strip():
            return inner
    return text


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    seen = _VARIATION.sub("", text.translate(_SIGNS))
    seen = _MIXED_WORD.sub(lambda word: word[0].translate(_CAPITAL_LOOKALIKES), seen)
    runs = groupby(seen, _is_styled)
    return "".join("".join(run) if styled else _compatible("".join(run)) for styled, run in runs).translate(_LOOKALIKES)


def _compatible(text: str) -> str:
    # casefold can undo NFKC ("ŉ", final sigma forms), hence the second pass
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_styled(character: str) -> bool:
    """Whether NFKC makes another character of one that a reader tells from it: m² and m2, ① and 1."""
    return unicodedata.decomposition(character).startswith(_DISTINCT_STYLES)
