"""Which texts are lists of labels, and what they list."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.spelling.label_lists import find_lists, parse_literal, read_literal, split_labels
from fw_assets.classification.spelling.label_text import spelling_key

SINGLE = ("billing", "delivery", "technical")
TAGS = ("haze primary", "clear primary", "primary haze")
SEPARATORS = [
    ", ",
    ",",
    "; ",
    " | ",
    "/",
    " and ",
    " & ",
    " + ",
    "\n",
    "\n- ",
    "\t",
    "、",
    "，",
    " und ",
    "#",
    " - ",
    " · ",
    " || ",
]


def lists(*labels: str) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    return find_lists(labels, spelling_key)


@pytest.mark.parametrize("separator", SEPARATORS)
def test_texts_whose_pieces_occur_alone_are_lists(separator: str) -> None:
    two, three = separator.join(SINGLE[:2]), separator.join(SINGLE)
    assert lists(*SINGLE, two, three) == ({two: SINGLE[:2], three: SINGLE}, ())


@pytest.mark.parametrize(
    "text",
    [
        *(
            "billing, delivery and technical",
            "billing, delivery, and technical",
            "1. billing\n2. delivery\n3. technical",
        ),
        *(
            '["billing", "delivery", "technical"]',
            "['billing', 'delivery', 'technical']",
            "[billing, delivery, technical]",
        ),
        *(
            "billing; Delivery | TECHNICAL",
            "('billing', 'delivery', 'technical')",
            '"billing", "delivery", "technical"',
        ),
        "**billing**, **delivery**, **technical**",
        '"[\\"billing\\", \\"delivery\\", \\"technical\\"]"',
        "billing Delivery technical",
    ],
)
def test_a_list_is_read_in_any_of_its_forms(text: str) -> None:
    by_key = {spelling_key(label): label for label in SINGLE}
    assert split_labels(text, lambda piece: by_key.get(spelling_key(piece))) == SINGLE


@pytest.mark.parametrize(
    "labels",
    [
        ("Clothing", "Tools", "Clothing, Shoes & Jewelry"),
        ("Portland, Oregon", "Portland, Maine", "Salem, Oregon"),
        ("Finance/Invoices", "Finance/Dispute", "Product/App", "Product/App/Crash"),
        ("Finance > Invoices", "Product > App > Crash"),
        ("C", "C++", "C#"),
        ("no, thanks", "yes", "no"),
        ("1. billing", "2. technical", "3. delivery"),
        ("Arts and crafts", "Arts and books", "Health and safety"),
        ("[urgent]", "[later]"),
        ("[red]bold[/red]", "plain", "[b]fat[/b]"),
        ("[news/sport]", "[news/culture]", "[local news/sport]"),
        ("(a) and (b)", "(c) and (d)"),
        ("a|b", "&lt;b&gt;", "',\"; DROP", "=cmd|' /C calc'!A0", "-1+1", "back\\|slash", "[link](http://x.example)"),
        ("1.5", "2.5"),
        ("new york", "york", "new", "new car", "car"),
        ("bank", "account", "bank account", "account bank"),
    ],
)
def test_names_with_separators_are_no_lists(labels: tuple[str, ...]) -> None:
    assert lists(*labels) == ({}, ())


def test_a_label_may_hold_a_separator_itself() -> None:
    shoes = "Clothing, Shoes & Jewelry"
    read, doubtful = lists("Clothing", "Tools", shoes, f"{shoes}, Tools", "Clothing, Tools", "C++, Tools", "C++")
    assert read[f"{shoes}, Tools"] == (shoes, "Tools")
    assert read["C++, Tools"] == ("C++", "Tools")
    assert shoes not in read
    assert doubtful == ()


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        (("a, b", "a, c", "b, c", "a, b, c"), {"a, b", "a, c", "b, c", "a, b, c"}),
        (("health", "safety", "health and safety"), {"health and safety"}),
        (("a", "b", "c", "a, b", "b, c", "c, x"), {"c, x"}),
        (("haze", "primary", "clear", "haze primary", "clear primary", "primary haze"), set(TAGS)),
    ],
)
def test_what_cannot_be_told_is_asked(labels: tuple[str, ...], doubtful: set[str]) -> None:
    assert set(lists(*labels)[1]) == doubtful


def test_a_piece_of_several_lists_is_a_label_although_it_never_occurs_alone() -> None:
    read, doubtful = lists("a", "b", "c", "a, b", "b, c", "a, x", "b, x")
    assert read == {"a, b": ("a", "b"), "b, c": ("b", "c"), "a, x": ("a", "x"), "b, x": ("b", "x")}
    assert doubtful == ()


def test_items_of_json_and_python_lists_need_not_occur_alone() -> None:
    read, _ = lists("billing", '["billing", "delivery"]', "['technical', 'delivery']", "[]")
    assert read["['technical', 'delivery']"] == ("technical", "delivery")
    assert read["[]"] == ()


def test_literals_are_data_and_nothing_else() -> None:
    assert read_literal("['a', 1, True]") == ("a", "1", "true")
    assert read_literal("{'b', 'a'}") == ("a", "b")
    assert read_literal("[open('x')]") is None
    assert read_literal("[[1]]") is None
    assert parse_literal("['" + "[" * 5_000) is None
    assert parse_literal("{'label': None}") == {"label": None}


names = st.text(st.characters(categories=("Lu", "Ll"), max_codepoint=0x17F), min_size=2, max_size=8).filter(
    lambda name: name.casefold() not in {"and", "und", "et", "og", "och", "en", "ve"}
)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_reading_gives_back_what_was_joined(data: st.DataObject) -> None:
    labels = data.draw(st.lists(names, min_size=3, max_size=6, unique_by=spelling_key))
    chosen = st.lists(st.sampled_from(labels), min_size=2, max_size=4, unique=True)
    several = data.draw(st.lists(chosen, min_size=2, max_size=5, unique_by=tuple))
    separator = data.draw(st.sampled_from(SEPARATORS))
    read, doubtful = lists(*labels, *(separator.join(items) for items in several))
    assert read == {separator.join(items): tuple(items) for items in several}
    assert doubtful == ()


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=12).filter(str.strip), max_size=8, unique_by=spelling_key))
def test_a_list_is_read_as_labels_that_are_no_lists(labels: list[str]) -> None:
    read, doubtful = lists(*labels)
    assert not {label for items in read.values() for label in items} & set(read)
    assert not set(read) & set(doubtful)
