"""Labels as people spell them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.labels.aliases import (
    LabelLookup,
    contained_labels,
    infer_labels,
    near_misses,
    nearest,
)
from fw_assets.classification.spelling.label_text import spelling_key


@pytest.mark.parametrize(
    "variants",
    [
        (
            "card_arrival",
            "Card Arrival",
            "card-arrival",
            "CARD  ARRIVAL",
            "ｃａｒｄ＿ａｒｒｉｖａｌ",
            "'card arrival'.",
        ),
        ("Größe", "GRÖSSE", "gro\u0308ße"),
        ("yes", "Yes.", "“yes”", " yes "),
    ],
)
def test_variants_share_a_key(variants: tuple[str, ...]) -> None:
    assert len({spelling_key(variant) for variant in variants}) == 1


@pytest.mark.parametrize(
    "labels", [("1", "-1"), ("+1", "1"), ("C", "C++", "C#"), ("a/b", "ab"), ("5", "5%"), (".", "!")]
)
def test_unlike_labels_do_not(labels: tuple[str, ...]) -> None:
    assert len({spelling_key(label) for label in labels}) == len(labels)


def test_the_most_frequent_spelling_is_the_label() -> None:
    counts = {"billing": 5, "Billing": 9, "sales": 1, "SALES": 1, "tech support": 2}
    assert infer_labels(counts) == ("Billing", "SALES", "tech support")


def test_a_spelling_finds_its_label() -> None:
    lookup = LabelLookup(["lost card", "A b", "a_b"])
    assert lookup.find("Lost_Card") == "lost card"
    assert lookup.find("lost cards") is None
    assert (lookup.find("a_b"), lookup.find("A b"), lookup.find("A-B")) == ("a_b", "A b", None)
    assert lookup.colliding == (("A b", "a_b"),)


def test_a_text_of_several_labels_is_taken_apart() -> None:
    lookup = LabelLookup(["joy", "love", "no, thanks"])
    assert lookup.find_all("Joy, love; joy") == ("joy", "love")
    assert lookup.find_all("[joy | love]") == ("joy", "love")
    assert lookup.find_all("joy, hate") is None
    assert lookup.find("no, thanks") == "no, thanks"


def test_labels_inside_labels() -> None:
    pairs = contained_labels(["balance", "bill_balance", "Bill", "pay"])
    assert set(pairs) == {("balance", "bill_balance"), ("Bill", "bill_balance")}


def test_near_misses_are_rare_beside_their_likeness() -> None:
    counts = {
        "billing": 100,
        "biling": 1,
        "billnig": 2,
        "level_1": 90,
        "level_2": 1,
        "sales": 90,
        "sale": 60,
        "no": 50,
        "on": 1,
    }
    assert near_misses(counts) == (("biling", "billing"), ("billnig", "billing"))


def test_the_nearest_label_is_offered() -> None:
    assert nearest("bilings", ["billing", "sales"]) == "billing"
    assert nearest("weather", ["billing", "sales"]) is None


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=20))
def test_a_key_is_its_own_key(label: str) -> None:
    key = spelling_key(label)
    assert spelling_key(key) == key


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.text(min_size=1, max_size=6).filter(str.strip), st.integers(1, 9), min_size=1, max_size=8))
def test_every_spelling_finds_an_inferred_label(counts: dict[str, int]) -> None:
    labels = infer_labels(counts)
    lookup = LabelLookup(labels)
    assert lookup.colliding == ()
    for spelling in counts:
        label = lookup.find(spelling)
        assert label in labels
        assert spelling_key(label) == spelling_key(spelling)
