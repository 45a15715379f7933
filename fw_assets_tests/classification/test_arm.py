from __future__ import annotations

import pytest

from fw_assets.classification.arm import arm_name, arm_of, read_arm, without_arm


@pytest.mark.parametrize("name", ["accounts/fireworks/models/qwen3-8b", "endpoints/near", "c++", "a+b", ""])
@pytest.mark.parametrize("arm", ["descriptions", "decision", "knn", "knn-1", "knn-64"])
def test_a_row_is_named_by_its_model_and_its_arm(name: str, arm: str) -> None:
    row = arm_name(name, read_arm(arm))
    assert row.endswith(f"+{arm}")
    assert (without_arm(row), str(arm_of(row))) == (name, arm)
    assert (without_arm(name), arm_of(name)) == (name, None)


@pytest.mark.parametrize("text", ["", "few-shot", "description", "decision s", "knn-0", "knn-65", "knn8", "knn-08"])
def test_another_name_is_answered_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="zero-shot, descriptions"):
        read_arm(text)
