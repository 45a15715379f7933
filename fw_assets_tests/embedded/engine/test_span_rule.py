"""Free texts that are copied out of the text."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from fw_assets.embedded.engine.span_rule import learn_span_rule, shape_of

DRAW = random.Random(2)
ORDERS = [f"A-{DRAW.randrange(10_000, 99_999)}" for _ in range(40)]
TEXTS = [f"please look at {order}, it is {i} days late" for i, order in enumerate(ORDERS)]


@pytest.mark.parametrize(
    ("word", "shape"), [("A-48213", "A-0"), ("coffee", "a"), ("iPhone12", "aAa0"), ("#7/b", "#0/a"), ("", "")]
)
def test_shapes(word: str, shape: str) -> None:
    assert shape_of(word) == shape


def test_what_is_in_the_text_is_copied() -> None:
    rule = learn_span_rule(TEXTS, ORDERS)
    assert (rule.shape, rule.share) == ("A-0", 1.0)
    assert rule.find("where is (B-123)?") == "B-123"


def test_nothing_is_made_up_where_nothing_can_be_copied() -> None:
    assert learn_span_rule(TEXTS, ORDERS).find("where is it?") == ""
    assert learn_span_rule(TEXTS, [f"summary {i}" for i in range(40)]).find("where is it?") == ""


def test_what_the_rows_without_it_say_is_said_without_it() -> None:
    rule = learn_span_rule([*TEXTS, *["no order here"] * 20], [*ORDERS, *["none"] * 20])
    assert [rule.find(text) for text in ("see C-9", "see nothing")] == ["C-9", "none"]


def test_a_constant_that_is_right_more_often_wins() -> None:
    rule = learn_span_rule(TEXTS, ["n/a"] * 30 + ORDERS[30:])
    assert rule.find(TEXTS[0]) == "n/a"
    assert rule.share == 0.75


def test_the_last_word_of_the_shape_may_be_the_right_one() -> None:
    texts = [f"not {first} but {second}" for first, second in pairwise(ORDERS)]
    assert learn_span_rule(texts, ORDERS[1:]).find("not A-1 but A-2") == "A-2"


def test_no_rows_teach_nothing() -> None:
    assert learn_span_rule([], []).find("A-1") == ""
