from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from fw_assets.classification.prompting.label_probabilities import label_probabilities, why_none
from fw_assets.classification.prompting.prompt import Prompt


@dataclass
class Token:
    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


def prompt(*labels: str, json_key: str | None = None, multi_label: bool = False) -> Prompt:
    answers = None if json_key else labels
    mode = "json_schema" if json_key else "grammar"
    return Prompt(
        system=None,
        labels=labels,
        answers=answers,
        mode=mode,
        json_key=json_key,
        multi_label=multi_label,
        max_tokens=16,
    )


def shares(**probabilities: float) -> tuple[tuple[str, float], ...]:
    return tuple((text, math.log(value)) for text, value in probabilities.items())


def test_alternatives_that_begin_one_label_each_are_its_probability() -> None:
    token = Token("bil", math.log(0.6), shares(bil=0.6, sal=0.2, other=0.1))
    assert label_probabilities(prompt("billing", "sales"), [token]) == pytest.approx({"billing": 0.75, "sales": 0.25})


def test_the_text_before_the_label_is_certain() -> None:
    tokens = [Token('{"label": "', 0.0), Token("a", math.log(0.9), shares(a=0.9, b=0.1)), Token('"}', 0.0)]
    assert label_probabilities(prompt("a", "b", json_key="label"), tokens) == pytest.approx({"a": 0.9, "b": 0.1})
    tokens[0] = Token('{"label":"', 0.0)
    assert label_probabilities(prompt("a", "b", json_key="label"), tokens) == pytest.approx({"a": 0.9, "b": 0.1})


def test_a_label_that_begins_another_is_told_only_where_both_are_whole() -> None:
    whole = Token("bill", math.log(0.5), shares(bill=0.5, billing=0.5))
    assert label_probabilities(prompt("bill", "billing"), [whole]) == pytest.approx({"bill": 0.5, "billing": 0.5})
    begun = Token("bil", math.log(0.5), shares(bil=0.5, x=0.5))
    assert label_probabilities(prompt("bill", "billing"), [begun]) is None


def test_there_are_none_without_alternatives_for_every_label() -> None:
    assert label_probabilities(prompt("a", "b"), [Token("a", 0.0)]) is None
    assert label_probabilities(prompt("a", "b"), [Token("a", 0.0, shares(a=0.9, x=0.1))]) is None
    assert label_probabilities(prompt("a", "b", multi_label=True), [Token("a", 0.0, shares(a=0.9, b=0.1))]) is None
    assert why_none(prompt("a", "b"), 5) == ""
    assert "there are 6 labels" in why_none(prompt(*"abcdef"), 5)
    assert "lists of labels" in why_none(prompt("a", "b", multi_label=True), 5)
