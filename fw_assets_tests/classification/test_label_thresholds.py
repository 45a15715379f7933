from __future__ import annotations

import pytest

from fw_assets.classification.label_thresholds import NOT_FITTED, LabelThresholds
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.decision import decided_anew, decided_confidence, decided_labels, in_reverse
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session

OWN = LabelThresholds(rule="per-label", shared=0.4, by_label=(("a", 0.1), ("b", 0.8)), allow_empty=False)
PROMPT = Prompt(
    system=None,
    labels=("a", "b", "c"),
    answers=None,
    mode="decision",
    json_key="labels",
    multi_label=True,
    max_tokens=8,
)


@pytest.mark.parametrize(
    ("probabilities", "given"),
    [
        ({"a": 0.1, "b": 0.79, "c": 0.4}, ("a", "b", "c")),  # b is the most probable one
        ({"a": 0.09, "b": 0.2, "c": 0.39}, ("c",)),
        ({"a": 0.2, "b": 0.1, "c": 0.1}, ("a",)),
        ({}, ()),
    ],
)
def test_labels_are_given_from_their_thresholds_on(probabilities: dict[str, float], given: tuple[str, ...]) -> None:
    assert OWN.given(probabilities) == given


def test_a_row_may_be_given_no_label_where_training_rows_have_none() -> None:
    free = OWN.model_copy(update={"allow_empty": True})
    assert free.given({"a": 0.05, "b": 0.7, "c": 0.3}) == ()
    assert free.of(("c", "b", "a")) == [0.4, 0.8, 0.1]


def test_a_decision_is_judged_by_the_thresholds_of_its_prompt_whatever_the_order() -> None:
    probabilities = {"a": 0.2, "b": 0.6, "c": 0.1}
    assert decided_labels(PROMPT, probabilities) == NOT_FITTED.given(probabilities) == ("b",)
    assert decided_confidence(PROMPT, probabilities) == pytest.approx(0.8 * 0.6 * 0.9)
    asked = PROMPT.with_thresholds(OWN.model_copy(update={"allow_empty": True}))
    assert decided_labels(asked, probabilities) == ("a",)
    assert decided_confidence(asked, probabilities) == pytest.approx(0.2 * 0.4 * 0.9)
    assert decided_labels(in_reverse(asked), probabilities) == ("a",)
    anew = decided_anew(asked, Completion(text=PROMPT.render(("b",)), confidence=0.4, probabilities=probabilities))
    assert anew.text == asked.render(("a",))
    assert anew.confidence == pytest.approx(0.2 * 0.4 * 0.9)
    failed = Completion(error="gone")
    assert decided_anew(asked, failed) is failed


def test_the_default_leaves_digests_as_they_were() -> None:
    assert "thresholds" not in Session(labels=("a", "b")).digested()
    assert Session(labels=("a", "b"), thresholds="macro-f1").digested()["thresholds"] == "macro-f1"
    with pytest.raises(ValueError, match="per-label"):
        Session.model_validate({"thresholds": "each"})
