from __future__ import annotations

import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.slices.scripts import NONE, OTHER, scripts


def test_texts_have_the_script_of_most_of_their_letters() -> None:
    texts = {
        "Where is my order?": "Latin",
        "Où est ma commande ? Ça dure.": "Latin",
        "Где мой заказ №5 from Amazon?": "Cyrillic",
        "πού είναι": "Greek",
        "أين طلبي": "Arabic",
        "איפה ההזמנה": "Hebrew",
        "我的订单在哪里": "Han",
        "私の注文はどこですか": "Japanese",
        "주문이 어디에 있나요": "Hangul",
        "คำสั่งซื้อของฉัน": "Thai",
        "मेरा ऑर्डर कहाँ है": "Devanagari",
        "12345 !?": NONE,
        "": NONE,
        "ᏣᎳᎩ": OTHER,
    }
    assert scripts(pl.Series(list(texts))).to_list() == list(texts.values())


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_script_is_named_wherever_there_are_letters(texts: list[str]) -> None:
    for text, script in zip(texts, scripts(pl.Series(texts, dtype=pl.String)), strict=True):
        letters = [character for character in text if unicodedata.category(character).startswith("L")]
        assert (script == NONE) <= (not letters)
