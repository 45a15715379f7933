from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.cost.text_sizes import TextKinds, TextSize


def size(*texts: str) -> TextSize:
    sized = TextSize()
    for text in texts:
        sized.add(text)
    return sized


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("FREE entry in 2 weeks", TextKinds(capitals=4, digits=1, unlike_english=16)),
        ("one\ntwo\n\nthree", TextKinds(breaks=2, unlike_english=11)),
        ("退款什么时候到", TextKinds(cjk=7)),
        ("かなカナ", TextKinds(cjk=4)),
        ("환불", TextKinds(cjk=2)),
        ("नमस्ते", TextKinds(abugidas=6)),
        ("สวัสดี", TextKinds(abugidas=6)),
        ("مرحبا", TextKinds(alphabets=5)),
        ("Привет", TextKinds(alphabets=6)),
        ("Γεια 🎂", TextKinds(alphabets=4, uncommon=5)),
        ("Where is the order that you sent?", TextKinds(capitals=1)),
        ("Größe, déjà vu", TextKinds(capitals=1, unlike_english=11)),
        ("“quoted” …", TextKinds(unlike_english=6)),
    ],
)
def test_characters_are_counted_by_kind(text: str, kinds: TextKinds) -> None:
    assert size(text).kinds == kinds


@given(st.lists(st.text(), max_size=4))
def test_sizes_add_up(texts: list[str]) -> None:
    whole = TextSize()
    for text in texts:
        whole.include(size(text))
    joined = size("".join(texts))
    assert replace(whole, breaks=0, unlike_english=0) == replace(joined, breaks=0, unlike_english=0)
    kinds = whole.kinds
    assert whole.characters >= kinds.capitals + kinds.digits + kinds.alphabets + kinds.abugidas + kinds.cjk
    assert kinds.digits == sum(character in "0123456789" for text in texts for character in text)
    assert kinds.scaled(2) == kinds + kinds


def test_the_kinds_of_letters_are_those_of_their_scripts() -> None:
    scripts = {"GREEK": "alphabets", "CYRILLIC": "alphabets", "ARABIC": "alphabets", "DEVANAGARI": "abugidas"}
    for code in (*range(0x370, 0x800), *range(0x900, 0x980)):
        letter = chr(code)
        script = unicodedata.name(letter, "").split(" ")[0]
        if script in scripts and unicodedata.category(letter).startswith("L"):
            assert getattr(size(letter).kinds, scripts[script]) == 1, letter
