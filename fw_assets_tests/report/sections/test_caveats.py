from __future__ import annotations

import pytest

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.plan.long_rows import LongRows
from fw_assets.report.assembly.dataset import dataset_summary
from fw_assets.report.schema.comparison import LabelDifference
from fw_assets.report.sections.caveats import caveats, majority_note
from fw_assets_tests.report.samples import sample_report
from fw_assets_tests.report.workflow import planned


def test_a_model_near_the_majority_is_called_that() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.tuned is not None
    tuned = first.tuned.model_copy(update={"majority_accuracy": 0.905})
    report = sample_report(candidates=(first.model_copy(update={"tuned": tuned}), *report.candidates[1:]))
    (note,) = [text for text in caveats(report) if "most frequent label" in text]
    assert (
        note == "The fine-tuned model's 91.7% is not shown to be better than always answering the most frequent label "
        "(90.5%)."
    )


@pytest.mark.parametrize(
    ("accuracy", "interval", "said"),
    [
        (0.625, (0.31, 0.86), "62.5% is not shown to be better than"),
        (0.375, (0.14, 0.69), "37.5% is not shown to be better than"),
        (0.30, (0.1, 0.6), "30.0% is not shown to be better than"),
        (0.30, (0.28, 0.32), "30.0% is worse than"),
        (0.40, (0.38, 0.42), "40.0% is hardly better than"),
    ],
)
def test_what_is_not_shown_of_a_constant_answer_is_not_said(
    accuracy: float, interval: tuple[float, float], said: str
) -> None:
    base = sample_report().candidates[0].base
    assert base is not None
    figures = {"accuracy": accuracy, "interval": interval, "majority_accuracy": 0.375}
    assert said in majority_note(base.model_copy(update=figures), "base")


def test_unanswered_rows_and_unjudged_labels_are_mentioned() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.base is not None
    base = first.base.model_copy(update={"outcomes": {"correct": 1, "failed": 2}, "labels_without_rows": ("x", "y")})
    report = sample_report(candidates=(first.model_copy(update={"base": base}), *report.candidates[1:]))
    text = " ".join(caveats(report))
    assert "2 test rows got no answer from the base model" in text
    assert "2 labels have no test row and could not be judged: x and y." in text


def test_a_tuned_model_that_answers_like_its_base_is_suspected() -> None:
    report = sample_report()
    second = report.candidates[1]
    assert second.base is not None
    assert second.comparison is not None
    same = second.comparison.model_copy(update={"gained": 0, "lost": 0, "flips": ()})
    copied = second.model_copy(update={"tuned": second.base, "comparison": same})
    report = sample_report(candidates=(report.candidates[0], copied))
    assert any("minilm-l6-v2 answers every label's rows as its base model" in text for text in caveats(report))
    perfect = second.base.model_copy(update={"accuracy": 1.0})
    copied = copied.model_copy(update={"base": perfect, "tuned": perfect})
    report = sample_report(candidates=(report.candidates[0], copied))
    assert not any("adapter" in text for text in caveats(report))
    assert not any("adapter" in text for text in caveats(sample_report()))


@pytest.mark.parametrize(("alpha", "named"), [(0.05, False), (0.2, True)])
def test_the_labels_that_lost_are_those_of_the_gates_alpha(alpha: float, named: bool) -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.base is not None
    assert first.tuned is not None
    assert first.comparison is not None
    label = report.labels[0]
    worse = first.tuned.per_label | {label: first.tuned.per_label[label].model_copy(update={"f1": 0.01})}
    change = LabelDifference.model_validate(
        {"gained": 1, "lost": 9, "difference": -0.3, "interval": (-0.5, 0.1), "p_value": 0.1, "loss_p_value": 0.1}
    )
    comparison = first.comparison.model_copy(update={"per_label": {label: change}})
    changed = first.model_copy(
        update={"tuned": first.tuned.model_copy(update={"per_label": worse}), "comparison": comparison}
    )
    asked = report.asked.model_copy(update={"gate": GatePolicy(alpha=alpha)})
    notes = caveats(report.model_copy(update={"asked": asked, "candidates": (changed, *report.candidates[1:])}))
    assert any("Fine-tuning lost F1 on 1 label" in note for note in notes) == named


def test_variants_of_test_rows_in_training_are_a_caution_with_their_number() -> None:
    report = sample_report()
    data = report.data.model_copy(update={"variants_in_test": 75, "variants_in_train": 210})
    (note,) = [text for text in caveats(report.model_copy(update={"data": data})) if "variants" in text]
    assert note.startswith(
        f"{75 / report.rows.test:.1%} of the test rows (75) have variants among the training rows (210)"
    )
    assert not any("variants" in text for text in caveats(report))


def test_large_groups_that_no_test_row_is_of_are_a_caution() -> None:
    report = sample_report()
    shares = {"large_share": 0.24, "large_test_share": 0.0}
    data = report.data.model_copy(update={"large_groups_outside": 2, "large_group_rows": 480, **shares})
    (note,) = [text for text in caveats(report.model_copy(update={"data": data})) if "large group" in text]
    assert note == (
        "480 rows in 2 large groups of near-copies are all outside the test rows: such groups hold 24% of all rows and "
        "0% of the test rows, so that the figures say little of them."
    )
    assert not any("large group" in text for text in caveats(report))


def test_large_groups_are_counted_from_the_split_where_their_share_is_amiss() -> None:
    plan, _, _ = planned()
    amiss = {"large_groups": 2, "large_group_rows": 480, "large_share": 0.24}
    for test_share, groups in ((0.0, 2), (0.24, 0)):
        split = plan.label_set.split.model_copy(update={**amiss, "large_test_share": test_share})
        summary = dataset_summary(plan.inspected, plan.label_set.model_copy(update={"split": split}))
        assert summary.large_groups_outside == groups


def test_rows_that_a_model_read_in_part_are_mentioned() -> None:
    long = LongRows(model="minilm-l6-v2", context_length=512, rows={"train": 3, "validation": 1, "test": 2})
    report = sample_report(long_rows=(long,))
    tests, learned = report.rows.test, f"{report.rows.train:,}"
    assert (
        f"2 of {tests} test rows and 3 of {learned} training rows are longer than the context of minilm-l6-v2 (512 "
        "tokens): what lies beyond was not learned from, and such test rows were answered from their beginning, or not "
        "at all." in caveats(report)
    )
    alike = long.model_copy(update={"model": "char-ngram"})
    (note,) = [text for text in caveats(sample_report(long_rows=(long, alike))) if "longer than the context" in text]
    assert "of minilm-l6-v2 and char-ngram (512 tokens)" in note
