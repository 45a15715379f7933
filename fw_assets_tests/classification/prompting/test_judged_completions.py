"""Completions as models write them, in fourteen languages, each with the label that a careful reader takes from it.

They were judged by reading before the parser was written for them; `label` is null where a reader takes none or is not
sure. The parser may miss a label that a reader finds, never credit one that a reader does not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.completion import Completion
from fw_assets_tests.classification.prompts import prompt_for

DATA = Path(__file__).parent / "data"
PROMPTS = json.loads((DATA / "judged_prompts.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = [json.loads(line) for line in (DATA / "judged.jsonl").read_text("utf-8").splitlines()]
MAX_MISSED_SHARE = 0.02


def read(case: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The strict labels of a completion, and those of the strict or the lenient match."""
    answer = parse_answer(prompt_for(**PROMPTS[case["prompt"]]), Completion(text=case["text"], finish_reason="stop"))
    return set(answer.labels), set(answer.labels or answer.lenient_labels)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_label_is_credited_that_a_reader_would_not_take(prompt: str) -> None:
    for case in CASES:
        if case["prompt"] == prompt:
            judged = set(case["label"] or ())
            strict, lenient = read(case)
            assert strict <= judged, case
            assert lenient <= judged, case


def test_few_labels_are_missed_that_a_reader_finds() -> None:
    labelled = [case for case in CASES if case["label"]]
    missed = [case for case in labelled if read(case)[1] != set(case["label"])]
    assert len(CASES) >= 650
    assert len(missed) <= MAX_MISSED_SHARE * len(labelled), missed
