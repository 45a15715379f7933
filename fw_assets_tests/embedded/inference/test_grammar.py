"""Finite grammars expand to their answers; the others are refused with the reason."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.grammar import expand_grammar


@settings(deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=8, unique=True))
def test_alternatives_of_literals_are_the_answers(labels: list[str]) -> None:
    for ascii in (True, False):
        literals = (json.dumps(label, ensure_ascii=ascii) for label in labels)
        assert expand_grammar("root ::= " + " | ".join(literals)) == tuple(labels)


def test_rules_groups_and_options_are_expanded() -> None:
    text = """
        # a comment with "quotes"
        root  ::= "Label: " label ("!" | "?")?
        label ::= "a#1" | "b"
    """
    assert expand_grammar(text) == tuple(f"Label: {x}{y}" for x in ("a#1", "b") for y in ("", "!", "?"))


def test_optional_white_space_is_left_out() -> None:
    assert expand_grammar('root ::= "{" ws "}"\nws ::= [ \\t\\n]*') == ("{}",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('start ::= "a"', "no rule 'root'"),
        ("root ::= ((((", "is not closed"),
        ("root ::= " + "(" * 3000, "nested more than"),
        ('root ::= "\\UFFFFFFFF"', "is no character"),
        ('root ::= "\\U00110000"', "is no character"),
        ("root ::= [a-z]+", "infinitely many answers"),
        ('root ::= "a" root', "leads back to itself"),
        ('root ::= ("a" | "b"', "not closed"),
        ('root ::= "a" other', "no rule 'other'"),
        ('root ::= "a"+', "infinitely many answers"),
        ('root ::= "a" | "b', "cannot read"),
        ('root ::= "a")', "unexpected ')'"),
        (
            "root ::= " + " ".join(["d"] * 5) + "\nd ::= " + " | ".join(f'"{i}"' for i in range(10)),
            "more than 5000",
        ),
    ],
)
def test_a_grammar_that_is_not_finite_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RpcError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        expand_grammar(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("root ::= " + " | ".join(f'"{number}"' for number in range(60_000)), "more than 5000"),
        ("root ::= " + "(" * 100_000, "nested more than 50 deep"),
        ("root ::= " + "(" * 40 + '"a"' + ")" * 40 + "(" * 60, "nested more than 50 deep"),
        ('root ::= "' + "a" * 3_000_000 + '"', "more than 2,000,000 characters"),
        ("root ::= " + " ".join(["a"] * 9) + '\na ::= "x" | ""', None),
        ("root ::= r0" + "".join(f"\nr{n} ::= r{n + 1} r{n + 1}" for n in range(40)) + '\nr40 ::= "x"', "characters"),
        ("root ::= r0" + "".join(f"\nr{n} ::= r{n + 1} r{n + 1}" for n in range(40)) + '\nr40 ::= ""', None),
        ('root ::= "' + '\\"' * 200_000, "cannot read"),
        ("\n" * 1_000_000 + 'root ::= "a"', None),
        ("root ::= " + '"" ' * 200_000, None),
        ("root ::= (" + "|".join(f'"{n}"' for n in range(5000)) + ") " + '"" ' * 100_000, "characters"),
    ],
)
def test_a_grammar_of_any_size_is_decided_at_once(text: str, reason: str | None) -> None:
    started = time.process_time()
    if reason is None:
        assert len(expand_grammar(text)) <= 5000
    else:
        with pytest.raises(RpcError, match=reason) as refusal:
            expand_grammar(text)
        assert len(str(refusal.value)) < 400
    assert time.process_time() - started < 10
