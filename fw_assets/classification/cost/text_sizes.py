"""Text sizes: characters, bytes, symbols, and the characters of kinds that tokenizers treat unlike letters of prose."""

from __future__ import annotations

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


class TextKinds(Frozen):
    """Characters of each kind; all 0 in what earlier versions stored.

    `breaks` are line breaks, two in a row counting once; `capitals` and `digits` those of ASCII; `alphabets` letters of
    Greek, Cyrillic, Hebrew and Arabic; `abugidas` those of the scripts of India, Thai, Lao and Tibetan; `cjk` those of
    Chinese, Japanese and Korean.
    """

    breaks: int = 0
    capitals: int = 0
    digits: int = 0
    alphabets: int = 0
    abugidas: int = 0
    cjk: int = 0

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

    def include(self, other: TextSize) -> None:
        for name, count in vars(other).items():
            setattr(self, name, getattr(self, name) + count)


def _count(data: bytes, of: bytes) -> int:
    return len(data) - len(data.translate(None, of))
