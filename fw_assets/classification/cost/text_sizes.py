"""Text sizes: characters, bytes, symbols, and the characters of kinds that tokenizers treat unlike letters of prose."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from fw_assets.classification.values import Frozen

_CAPITALS = string.ascii_uppercase.encode()
_DIGITS = string.digits.encode()
_SYMBOLS = (string.digits + string.punctuation).encode()
# First bytes in UTF-8, by which the blocks of Unicode are told apart.
_ALPHABETS = bytes(range(0xCD, 0xE0))
_ABUGIDAS = b"\xe0"
_CJK = bytes(range(0xE3, 0xEE))
# Greek, Armenian, Hebrew, Syriac and what follows; accents that are characters of their own; emoji.
_UNCOMMON = bytes((*range(0xCC, 0xD0), *range(0xD4, 0xD8), *range(0xDC, 0xE0), *range(0xF0, 0xF5)))
_DEVANAGARI_OR_THAI = (b"\xe0\xa4", b"\xe0\xa5", b"\xe0\xb8", b"\xe0\xb9")
_LATIN_ADDITIONAL = (b"\xe1\xb8", b"\xe1\xb9", b"\xe1\xba", b"\xe1\xbb")
_LATIN = string.ascii_letters.encode() + bytes(range(0xC3, 0xCA))
# Without those that are frequent in other languages too, such as "in", "is", "on" and "do".
_ENGLISH_WORDS = """
the and you your my it it's this that that's these there they with have has
been are what how can can't could would should not don't be from when where why
which who get i'm i've our their his her about please only
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_ENGLISH_SHARE = 0.16
"""Share of those among the words of English prose."""
# The most frequent in customer messages and in messages of programs, in that order.
_PAIRS = """
th in he re an er on ou at to ha or ng me it en ar is te ed ca st nt es se le ti nd ne ve al as ll my co yo ho ea
wh ow no ch fo et hi de li ee ge do ro om be ur ra ac ot il us ut ri ta el ce un lo wa ay ma of ec wi io di so pl ke
am la tr ic pe rd ns mo ct sh si pa fi ad na av we ly ul id ss go da em oo ai pr rs ld wo op sa up ex ck if ol fe po
mi fr nc rt im ry ts ab ig gh ir pp ni bl
"""
_ENGLISH_PAIRS = frozenset(_PAIRS.split())
_RARE_SHARE = 0.25
"""Share of other pairs among those of the long words of English, of code and of lists, at most."""
_LONG_WORDS = re.compile(r"[^\W\d_]{6,}")
"""Shorter ones are a token or two in any language."""
_RARE_ENDS = tuple("aiou")
_LATIN_END = "\u0250"
"""What follows the letters of Latin; Vietnamese ones that come later are within words, not at their beginning."""


class TextKinds(Frozen):
    """Characters of each kind; all 0 in what earlier versions stored.

    `breaks` are line breaks, two in a row counting once; `capitals` and `digits` those of ASCII; `alphabets` letters of
    Greek, Cyrillic, Hebrew and Arabic; `abugidas` those of the scripts of India, Thai, Lao and Tibetan; `cjk` those of
    Chinese, Japanese and Korean. Counted once more: `uncommon`, the letters of scripts of which vocabularies
    may have few words (Greek, Hebrew, Tamil, Georgian), and emoji; `unlike_english`, the Latin letters of lines with
    few of the frequent words of English, as of other languages, of code and of lists; `rare_pairs`, the letter pairs in
    the long words of such lines that are rare in English, beyond as many as English has, which tell other languages.
    """

    breaks: int = 0
    capitals: int = 0
    digits: int = 0
    alphabets: int = 0
    abugidas: int = 0
    cjk: int = 0
    uncommon: int = 0
    unlike_english: int = 0
    rare_pairs: int = 0

    def __add__(self, other: TextKinds) -> TextKinds:
        return TextKinds(**{name: getattr(self, name) + getattr(other, name) for name in TextKinds.model_fields})

    def scaled(self, share: float) -> TextKinds:
        return TextKinds(**{name: round(getattr(self, name) * share) for name in TextKinds.model_fields})


@dataclass
class TextSize:
    """Characters, UTF-8 bytes, symbols (digits and marks of ASCII) and kinds of texts."""

    characters: int = 0
    bytes: int = 0
    symbols: int = 0
    breaks: int = 0
    capitals: int = 0
    digits: int = 0
    alphabets: int = 0
    abugidas: int = 0
    cjk: int = 0
    uncommon: int = 0
    unlike_english: int = 0
    rare_pairs: int = 0

    @property
    def kinds(self) -> TextKinds:
        return TextKinds(**{name: getattr(self, name) for name in TextKinds.model_fields})

    def add(self, text: str, times: int = 1) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self.characters += len(text) * times
        self.bytes += len(data) * times
        self.symbols += _count(data, _SYMBOLS) * times
        self.breaks += (data.count(b"\n") - data.count(b"\n\n")) * times
        self.capitals += _count(data, _CAPITALS) * times
        self.digits += _count(data, _DIGITS) * times
        if len(data) > len(text):
            self.alphabets += _count(data, _ALPHABETS) * times
            self.abugidas += _count(data, _ABUGIDAS) * times
            self.cjk += _count(data, _CJK) * times
            self.uncommon += _uncommon(data) * times
        letters = rare = 0.0
        for line in text.split("\n"):
            if unlike := _unlike_english(line):
                letters += unlike * _latin_letters(line)
                rare += unlike * _rare_pairs(line.lower())
        self.unlike_english += round(letters) * times
        self.rare_pairs += max(0, round(rare)) * times

    def include(self, other: TextSize) -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


def _count(data: bytes, of: bytes) -> int:
    return len(data) - len(data.translate(None, of))


def _uncommon(data: bytes) -> int:
    abugidas = data.count(b"\xe0") - sum(map(data.count, _DEVANAGARI_OR_THAI))
    others = data.count(b"\xe1") - sum(map(data.count, _LATIN_ADDITIONAL))
    return _count(data, _UNCOMMON) + abugidas + others


def _unlike_english(line: str) -> float:
    """One less the share of its words that are like those of English; 0 for a line without words."""
    words = line.lower().split()
    if not words:
        return 0.0
    return max(0.0, 1 - sum(map(_ENGLISH.__contains__, words)) / len(words) / _ENGLISH_SHARE)


def _latin_letters(line: str) -> int:
    data = line.encode("utf-8", "surrogatepass")
    letters = _count(data, _LATIN)
    return letters if len(data) == len(line) else letters + sum(map(data.count, _LATIN_ADDITIONAL))


def _rare_pairs(line: str) -> float:
    """Pairs of letters in long words of Latin script that English has rarely, less the share that it has of them.

    A last letter that English words hardly end in counts for half a pair.
    """
    words: list[str] = [word for word in _LONG_WORDS.findall(line) if word < _LATIN_END]
    pairs = sum(map(len, words)) - len(words)
    text = " ".join(words)
    frequent = sum(map(_ENGLISH_PAIRS.__contains__, map(str.__add__, text, text[1:])))
    return (1 - _RARE_SHARE) * pairs - frequent + 0.5 * sum(word.endswith(_RARE_ENDS) for word in words)
