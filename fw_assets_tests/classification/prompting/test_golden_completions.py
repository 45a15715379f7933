"""Every kind of completion seen in practice, and what it counts as."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.prompting.answer_parser import ParsedAnswer, outcome_of, parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.outcomes import OUTCOMES
from fw_assets_tests.classification.prompts import prompt_for

DATA = Path(__file__).parent / "data"
PROMPTS = json.loads((DATA / "prompts.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (DATA / "completions.jsonl").read_text("utf-8").split("\n") if line
]


def parsed(case: dict[str, Any]) -> ParsedAnswer:
    fields = {name: case.get(name) for name in ("text", "finish_reason", "error", "refusal")}
    return parse_answer(prompt_for(**PROMPTS[case["prompt"]]), Completion(**fields))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['prompt']}-{case['why'][:40]}")
def test_outcome(case: dict[str, Any]) -> None:
    answer = parsed(case)
    assert (outcome_of(answer, case["gold"]), list(answer.labels)) == (case["outcome"], case["predicted"])


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "lenient_outcome" in case],
    ids=lambda case: f"{case['prompt']}-{case['why'][:40]}",
)
def test_lenient_outcome(case: dict[str, Any]) -> None:
    answer = parsed(case)
    assert answer.kind == "off_label"
    if answer.lenient_labels:
        outcome = outcome_of(ParsedAnswer(kind="valid", labels=answer.lenient_labels), case["gold"])
    else:
        outcome = answer.kind
    assert outcome == case["lenient_outcome"]


def test_the_file_covers_every_outcome() -> None:
    counted = Counter(case["outcome"] for case in CASES)
    assert len(CASES) >= 120
    assert set(counted) == set(OUTCOMES)
    assert min(counted.values()) >= 3


def test_every_completion_has_exactly_one_outcome() -> None:
    for case in CASES:
        answer = parsed(case)
        assert outcome_of(answer, case["gold"]) in OUTCOMES
        assert (answer.kind == "valid") or not answer.labels
        assert not answer.lenient_labels or answer.kind == "off_label"
