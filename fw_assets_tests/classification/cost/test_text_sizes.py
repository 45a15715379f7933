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
        ("“quoted” …", TextKinds(unlike_english=6, rare_pairs=1)),
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
    by_line = {"breaks": 0, "unlike_english": 0, "rare_pairs": 0}
    assert replace(whole, **by_line) == replace(joined, **by_line)
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


@pytest.mark.parametrize(
    ("text", "rare"),
    [
        ("The delivery has not arrived, and your customer service is not answering my messages.", False),
        (
            "def frames(self, order: Order) -> None:\n"
            "    for number, part in enumerate(order.parts):\n        self.print(part)",
            False,
        ),
        ("- card_arrival\n- declined_transfer\n- exchange_rate", False),
        ("Đơn hàng của tôi vẫn chưa được giao.", False),
        ("Посылка ещё не пришла, верните деньги.", False),
        ("Przesyłka wciąż nie dotarła, a sprzedawca nie odpowiada na wiadomości.", True),
        ("Toimitusta ei ole vieläkään kuulunut, ja haluaisin perua tilauksen.", True),
        ("La spedizione non è ancora arrivata, quindi vorrei annullare l'ordine.", True),
    ],
)
def test_letter_pairs_that_english_has_rarely_tell_other_languages(text: str, rare: bool) -> None:
    assert (size(text).rare_pairs > 0) is rare
    assert (size(f"The delivery is late.\n{text}").rare_pairs > 0) is rare
