from __future__ import annotations

from fw_assets.report.sections.caveats import caveats
from fw_assets_tests.report.samples import report


def test_a_model_near_the_majority_is_called_that() -> None:
    made = report()
    first = made.candidates[0]
    assert first.tuned is not None
    tuned = first.tuned.model_copy(update={"majority_accuracy": 0.905})
    made = report(candidates=(first.model_copy(update={"tuned": tuned}), *made.candidates[1:]))
    (note,) = [text for text in caveats(made) if "most frequent label" in text]
    assert (
        note == "The fine-tuned model's 91.7% is hardly better than always answering the most frequent label (90.5%)."
    )


def test_unanswered_rows_and_unjudged_labels_are_mentioned() -> None:
    made = report()
    first = made.candidates[0]
    assert first.base is not None
    base = first.base.model_copy(update={"outcomes": {"correct": 1, "failed": 2}, "labels_without_rows": ("x", "y")})
    made = report(candidates=(first.model_copy(update={"base": base}), *made.candidates[1:]))
    found = " ".join(caveats(made))
    assert "2 test rows got no answer from the base model" in found
    assert "2 labels have no test row and could not be judged: x and y." in found


def test_a_tuned_model_that_answers_like_its_base_is_suspected() -> None:
    made = report()
    second = made.candidates[1]
    assert second.base is not None
    assert second.comparison is not None
    same = second.comparison.model_copy(update={"gained": 0, "lost": 0, "flips": ()})
    copied = second.model_copy(update={"tuned": second.base, "comparison": same})
    made = report(candidates=(made.candidates[0], copied))
    assert any("minilm-l6-v2 answers every label's rows as its base model" in text for text in caveats(made))
    assert not any("adapter" in text for text in caveats(report()))
