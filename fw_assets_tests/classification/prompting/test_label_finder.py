from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.prompting.label_finder import LabelFinder, label_finder
from fw_assets.classification.prompting.normalize import strictness_for


def names(labels: list[str], text: str) -> list[str]:
    return [labels[mention.position] for mention in LabelFinder(labels, strictness_for(labels)).find(text)]


def test_the_longest_label_wins_and_spans_do_not_overlap() -> None:
    labels = ["card", "card payment", "payment fee charged"]
    assert names(labels, "card payment fee charged") == ["card", "payment fee charged"]
    assert names(labels, "card payment") == ["card payment"]
    assert names(labels, "a card, a card-payment") == ["card", "card payment"]


def test_parts_of_other_words_are_not_found() -> None:
    for text in ("cards", "discard", "card-holder", "my_card", "card_1", "#card", "card+", "cards."):
        assert names(["card", "other"], text) == []


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("not a card", [("card", True)]),
        ("It isn't really the card, but other.", [("card", True), ("other", False)]),
        ("rather than card", [("card", True)]),
        ("a notable card", [("card", False)]),
        ("a card without doubt", [("card", False)]),
        ("Is it a card?", [("card", True)]),
        ("On the other hand, a card", [("card", False)]),
    ],
)
def test_denials_are_marked_within_their_clause(text: str, mentions: list[tuple[str, bool]]) -> None:
    labels = ("card", "other")
    found = label_finder(labels, "loose").find(text)
    assert [(labels[mention.position], mention.denied) for mention in found] == mentions


def test_offsets_are_those_of_the_prepared_text() -> None:
    finder = label_finder(("Card payment", "other"), "loose")
    text = "It is a CARD_PAYMENT."
    (mention,) = finder.find(text)
    assert finder.prepare(text)[mention.start : mention.end] == "card_payment"


def test_labels_that_are_not_stated_still_occur() -> None:
    finder = label_finder(("yes", "no", "a"), "loose")
    text = "Say yes, a no way, or not yes"
    assert finder.positions(text) == {0, 1, 2}
    assert {mention.position for mention in finder.find(text)} == {0}


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.from_regex(r"[ab]([ab _-]{0,4}[ab])?", fullmatch=True), min_size=1, max_size=5, unique=True), st.data()
)
def test_a_label_on_its_own_is_found_as_itself(labels: list[str], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(labels))
    assert names(labels, f"({label})") == [label]
