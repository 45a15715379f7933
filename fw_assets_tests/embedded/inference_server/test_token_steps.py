"""What the tokens of an answer say of the labels that were not chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded.inference_server.token_steps import TokenStep, chat_steps, label_scores
from fw_assets_tests.inference_servers import written

weights = st.dictionaries(st.text("abc ", min_size=1, max_size=8), st.integers(1, 40), min_size=1, max_size=6)


def scores(weighed: dict[str, float]) -> tuple[str, dict[str, float]]:
    answer, steps = written(weighed)
    read = [TokenStep(token, top.get(token, 0.0), top) for token, top in steps]
    labels = list(weighed)
    return answer, dict(zip(labels, np.exp(label_scores(read, labels, answer)).tolist(), strict=True))


@given(weights)
def test_they_are_probabilities_and_the_answer_has_its_own(weighed: dict[str, float]) -> None:
    answer, found = scores(weighed)
    whole = sum(weighed.values())
    assert sum(found.values()) == pytest.approx(1)
    assert found[answer] == pytest.approx(weighed[answer] / whole)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=2))
def test_labels_that_begin_differently_have_the_probabilities_of_their_beginnings(weighed: dict[str, float]) -> None:
    _, found = scores({f"{name}label": weight for name, weight in weighed.items()})
    whole = sum(weighed.values())
    assert found == pytest.approx({f"{name}label": weight / whole for name, weight in weighed.items()})


def test_labels_behind_another_token_share_its_probability() -> None:
    _, found = scores({"sales": 6, "billing": 1, "bill of sale": 3})
    assert found == pytest.approx({"sales": 0.6, "billing": 0.2, "bill of sale": 0.2})


def test_a_label_that_another_begins_with_ends_by_the_end_of_the_turn() -> None:
    for answer in ("card", "card arrival"):
        _, found = scores({"card": 3, "card arrival": 2, answer: 7})
        assert found[answer] == pytest.approx(7 / (9 if answer == "card" else 10))


def test_what_is_not_listed_is_less_likely_than_what_is() -> None:
    step = TokenStep("a", math.log(0.5), {"a": math.log(0.5), "b": math.log(0.2), "x": math.log(0.1)})
    found = dict(zip("abcd", np.exp(label_scores([step], ["a", "b", "c", "d"], "a")).tolist(), strict=True))
    assert found["c"] == found["d"] < found["b"] < found["a"]


def test_without_probabilities_the_answer_has_them_all() -> None:
    found = label_scores(chat_steps({"message": {"content": "b"}}), ["a", "b"], "b")
    assert found[1] == pytest.approx(0, abs=1e-6)
    assert np.isfinite(found).all()


def test_tokens_that_do_not_spell_the_answer_change_nothing() -> None:
    steps = [TokenStep("Ġb", -0.1, {"Ġb": -0.1, "Ġa": -2.5})]
    assert np.exp(label_scores(steps, ["a", "b"], "b"))[1] > 0.5
