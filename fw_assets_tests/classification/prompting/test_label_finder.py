from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.prompting.label_finder import LabelFinder, label_finder
from fw_assets.classification.prompting.normalize import strictness_for


def names(labels: list[str], text: str) -> list[str]:
    return [labels[at] for at, _ in LabelFinder(labels, strictness_for(labels)).find(text)]


def test_the_longest_label_wins_and_spans_do_not_overlap() -> None:
    labels = ["card", "card payment", "payment fee charged"]
    assert names(labels, "card payment fee charged") == ["card", "payment fee charged"]
    assert names(labels, "card payment") == ["card payment"]
    assert names(labels, "a card, a card-payment") == ["card", "card payment"]


def test_parts_of_other_words_are_not_found() -> None:
    for text in ("cards", "discard", "card-holder", "my_card", "card_1", "#card", "card+", "cards."):
        assert names(["card", "other"], text) == []


def test_denials_are_marked() -> None:
    finder = label_finder(("card", "other"), "loose")
    assert finder.find("not a card") == [(0, True)]
    assert finder.find("It isn't really the card, but other") == [(0, True), (1, False)]
    assert finder.find("rather than card") == [(0, True)]
    assert finder.find("a notable card") == [(0, False)]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.from_regex(r"[ab]([ab _-]{0,4}[ab])?", fullmatch=True), min_size=1, max_size=5, unique=True), st.data()
)
def test_a_label_on_its_own_is_found_as_itself(labels: list[str], data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(labels))
    assert names(labels, f"({label})") == [label]
