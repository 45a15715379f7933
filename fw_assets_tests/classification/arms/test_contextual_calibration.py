from __future__ import annotations

import json

import pytest

from fw_assets.classification.arms.contextual_calibration import choose_calibration
from fw_assets.classification.prompting.prompt import Prompt, request

PROMPT = Prompt(
    system=None, labels=("a", "b"), answers=("a", "b"), mode="grammar", json_key=None, multi_label=False, max_tokens=16
)
ROW = json.dumps([{"role": "user", "content": "hello"}])


@pytest.mark.parametrize(("right", "without", "used"), [(5, 4, True), (4, 5, False), (5, 5, True)])
def test_what_is_right_more_often_is_used_and_the_default_at_a_tie(right: int, without: int, used: bool) -> None:
    chosen = choose_calibration(10, right, without)
    assert chosen is not None
    assert chosen.used is used
    assert (chosen.accuracy, chosen.accuracy_without) == (right / 10, without / 10)


def test_nothing_is_chosen_without_rows() -> None:
    assert choose_calibration(0, 0, 0) is None


def test_a_prompt_with_the_default_calibration_sends_no_field_and_keeps_its_digest() -> None:
    assert "calibration" not in request(PROMPT, ROW)
    assert PROMPT.calibrated("both").calibrated(None).digest == PROMPT.digest
    assert PROMPT.calibrated("none").digest != PROMPT.digest


def test_the_field_is_sent_only_where_decoding_is_constrained() -> None:
    both = PROMPT.calibrated("both")
    assert request(both, ROW)["calibration"] == "both"
    assert "calibration" not in request(both.unconstrained(), ROW)
    assert "calibration" not in request(both.model_copy(update={"mode": "decision"}), ROW)
