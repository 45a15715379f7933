"""The two tables of instructions. The held-out one gives the unbiased figure."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.instruction.parser import ParsedInstruction, parse_instruction, suggest
from fw_assets.classification.session import MAX_INSTRUCTION, Session
from fw_assets.classification.session_input import make_session
from fw_assets_tests.classification.instruction.held_out_instructions import HELD_OUT
from fw_assets_tests.classification.instruction.instructions import CATALOGUE, INSTRUCTIONS

Case = tuple[str, dict[str, Any], str]


def wrong_fields(case: Case, parsed: ParsedInstruction) -> dict[str, Any]:
    """The fields that the text does not say, or says differently."""
    return {name: value for name, value in parsed.fields.items() if not _same(case[1].get(name), value)}


def _same(one: Any, other: Any) -> bool:
    return bool(one == pytest.approx(other) if isinstance(other, float) and one is not None else one == other)


def exact(case: Case, parsed: ParsedInstruction) -> bool:
    fields = set(parsed.fields) == set(case[1]) and not wrong_fields(case, parsed)
    left = any(case[2] in clause for clause in parsed.unused) if case[2] else not parsed.unused
    return fields and left


@pytest.mark.parametrize("case", INSTRUCTIONS, ids=[case[0][:60] for case in INSTRUCTIONS])
def test_instruction(case: Case) -> None:
    parsed = parse_instruction(case[0], CATALOGUE)
    assert exact(case, parsed), parsed


def test_the_table_is_large_enough() -> None:
    assert len(INSTRUCTIONS) >= 150
    assert len(HELD_OUT) == 50


def test_held_out_figure() -> None:
    """First measured, before any adjustment of the parser: 44 of 50 exact, one wrong field. Now 46 and none."""
    results = [(case, parse_instruction(case[0], CATALOGUE)) for case in HELD_OUT]
    assert sum(exact(case, result) for case, result in results) >= 46
    assert [case[0] for case, result in results if wrong_fields(case, result)] == []
    for case, result in results:
        if set(case[1]) - set(result.fields):
            assert result.unused, case[0]


@pytest.mark.parametrize("size", ["small", "smaller", "bigger", "large", "larger", "cheapest", "fewer", "reduced"])
@pytest.mark.parametrize(
    "noun", ["models", "dataset", "labels", "label set", "candidate set", "set of models", "intents"]
)
@pytest.mark.parametrize("verb", ["Use", "Try", "Compare", "Go with"])
def test_no_clause_on_sizes_is_dropped_without_a_word(verb: str, size: str, noun: str) -> None:
    parsed = parse_instruction(f"{verb} a {size} {noun}.", CATALOGUE)
    assert parsed.fields or parsed.unused
    if "model" in noun or size in ("bigger", "large", "larger"):
        assert "mitigation" not in parsed.fields


def test_every_parse_makes_a_session() -> None:
    for text, _, _ in (*INSTRUCTIONS, *HELD_OUT):
        make_session(dict(parse_instruction(text, CATALOGUE).fields))


def test_without_a_catalogue_names_are_kept_as_written() -> None:
    parsed = parse_instruction("Compare Qwen3 8B and minilm-l6-v2 on a.jsonl.")
    assert parsed.fields == {"models": ("Qwen3 8B", "minilm-l6-v2"), "dataset": "a.jsonl"}


def test_full_names_in_the_catalogue_serve_as_well() -> None:
    full = [f"accounts/fireworks/models/{name}" for name in CATALOGUE]
    assert parse_instruction("Use Qwen3 8B.", full).fields == {"models": ("qwen3-8b",)}


@pytest.mark.parametrize(
    "name",
    [
        "accounts/acme/deployments/prod",
        "accounts/acme/models/mine#accounts/acme/deployments/prod",
        "accounts/fireworks/models/qwen3-8b#accounts/acme/deployments/prod",
        "accounts/fireworks/routers/rune",
    ],
)
def test_deployments_and_routers_are_candidates_as_written(name: str) -> None:
    parsed = parse_instruction(f"Compare {name} and qwen3-14b on tickets.jsonl, deploy nothing.", CATALOGUE)
    assert parsed.fields == {"models": (name, "qwen3-14b"), "dataset": "tickets.jsonl", "deploy": "never"}
    assert not parsed.unused


def test_curly_quotes_and_long_dashes_are_read() -> None:
    parsed = parse_instruction("Don\u2019t deploy \u2014 labels are \u201cin stock\u201d and \u201csold out\u201d")
    assert parsed.fields == {"deploy": "never", "labels": ("in stock", "sold out")}


@pytest.mark.parametrize(
    ("clause", "field"),
    [
        ("budget of 20 euros", "max_spend_usd"),
        ("batch size 64 per epoch", "epochs"),
        ("the second best model", "finalists"),
        ("20% of something", "train_fraction"),
    ],
)
def test_a_clause_comes_back_with_a_suggestion(clause: str, field: str) -> None:
    assert f"`{field}`" in suggest(clause)


def test_a_clause_about_nothing_lists_the_fields() -> None:
    assert "imbalance_threshold" in suggest("send it to Slack")


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=200))
def test_any_text_is_read_without_failing(text: str) -> None:
    parsed = parse_instruction(text, CATALOGUE)
    assert set(parsed.fields) <= set(Session.model_fields)
    assert parse_instruction(text, CATALOGUE) == parsed


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from([case for case in INSTRUCTIONS if len(case[0]) < 80]), min_size=2, max_size=3))
def test_sentences_side_by_side_keep_their_meaning_or_are_shown(cases: list[Case]) -> None:
    """Joined instructions never give a value that none of them says."""
    text = " ".join(case[0].rstrip(".") + "." for case in cases if case[0] and "\n" not in case[0])
    parsed = parse_instruction(text, CATALOGUE)
    for name, value in parsed.fields.items():
        said = [case[1].get(name) for case in cases]
        if name == "models":
            assert set(value) <= {model for models in said if models for model in models}
        elif name not in ("dataset", "eval_dataset"):
            assert any(_same(one, value) for one in said), (text, name, value)


def test_a_text_over_the_limit_is_one_clear_error() -> None:
    parse_instruction("a " * (MAX_INSTRUCTION // 2))
    with pytest.raises(InputError, match=r"instruction: has 4,001 characters, and at most 4,000 are read"):
        parse_instruction("a" * (MAX_INSTRUCTION + 1))


@pytest.mark.parametrize(
    "piece",
    [
        *("1", ".", "é", "a-", "1,", "1.", "1,000", "1,,", "$", "0.", "1e-", "%", " ", "\n", "; ", '"', "'", "(", "…"),
        *("do not ", "to ", "max ", "not ", "is ", "the ", "of ", "if ", "up to ", "with ", "use with up to ", "e.g."),
        *("labels: a, ", "spend ", "use qwen ", "and ", "a hundred ", "data.jsonl ", "a/", "http://a ", "models: a, "),
        *("label ", "classify ", "qwen3-8b ", "qwen ", "train on ", "split 80/20 ", "1/", "- a\n", "vs. ", "x.jsonl"),
    ],
)
def test_no_repetition_takes_long(piece: str) -> None:
    text = (piece * MAX_INSTRUCTION)[:MAX_INSTRUCTION]
    started = time.process_time()
    parse_instruction(text, models=["accounts/fireworks/models/qwen3-8b"])
    assert time.process_time() - started < 3
