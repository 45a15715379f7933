from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.prompting.normalize import NORMALISERS, strictness_for

STRICTER = list(NORMALISERS)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=8, unique=True))
def test_the_chosen_normaliser_keeps_every_two_labels_apart(labels: list[str]) -> None:
    normalise = NORMALISERS[strictness_for(labels)]
    assert len({normalise(label) for label in labels}) == len(labels)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=8), st.sampled_from(STRICTER))
def test_normalising_twice_is_normalising_once(text: str, strictness: str) -> None:
    normalise = NORMALISERS[strictness]  # type: ignore[index]
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("labels", "strictness"),
    [
        (["bill_balance", "balance"], "loose"),
        (["card payment", "card_payment"], "case"),
        (["US", "us"], "spacing"),
        (["US", "us", "card payment", "card_payment"], "spacing"),
        (["a b", "a  b"], "exact"),
        (["_", "-"], "case"),
        (["ﬁ", "fi"], "exact"),
    ],
)
def test_strictness(labels: list[str], strictness: str) -> None:
    assert strictness_for(labels) == strictness


def test_identical_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="identical"):
        strictness_for(["a", "a"])
