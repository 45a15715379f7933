"""Sentences on prompting and tuning: what they say for each verdict, and of money."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.report.arms.prompting import asked_otherwise, tuning_or_prompting
from fw_assets.report.arms.ways import ways
from fw_assets.report.schema.comparison import Kind, PairResult
from fw_assets.report.schema.cost import CostEntry, CostPoint
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.answer import questions
from fw_assets_tests.report.samples import sample_report

ARM = "minilm-ngram+knn-8"


def pair(first: str, first_kind: Kind, second: str, second_kind: Kind, **changes: Any) -> PairResult:
    fields: dict[str, Any] = {
        "rows": 300,
        "groups": 300,
        "gained": 20,
        "lost": 11,
        "difference": 0.031,
        "interval": (0.012, 0.05),
        "level": 0.05,
        "p_value": 0.01,
        "adjusted_p_value": 0.01,
        "margin": 0.02,
        "verdict": "better",
    }
    return PairResult(first=first, first_kind=first_kind, second=second, second_kind=second_kind, **(fields | changes))


def with_arm(choice: PairResult | None, *pairs: PairResult, money: float = 0.0, **changes: Any) -> Report:
    report = sample_report()
    base = report.candidates[0]
    arm = base.model_copy(update={"model": f"{base.model}+knn-8", "arm": "knn-8", "tuned": None, "comparison": None})
    lines = tuple(
        CostEntry(line=f"{stage}/minilm-ngram", stage=stage, estimated_usd=money, actual_usd=money)
        for stage in ("sweep", "full-training")
    )
    return report.model_copy(
        update={
            "candidates": (base, arm, *report.candidates[1:]),
            "choice": choice,
            "pairs": pairs,
            "cost": report.cost.model_copy(update={"lines": lines}),
            **changes,
        }
    )


def running(prompted: float | None, tuned: float | None) -> tuple[CostPoint, ...]:
    return (
        CostPoint(name=ARM, kind="base", accuracy=0.8, interval=(0.7, 0.9), usd_per_1000=prompted),
        CostPoint(name="minilm-ngram", kind="tuned", accuracy=0.9, interval=(0.8, 0.95), usd_per_1000=tuned),
    )


def test_what_tuning_bought_for_how_much() -> None:
    choice = pair(ARM, "base", "minilm-ngram", "tuned")
    report = with_arm(choice, money=2.1, costs=running(0.41, 0.1))
    said = tuning_or_prompting(report)
    assert said == (
        "Tuning bought 3.1 points over prompting (minilm-ngram+knn-8; 95% interval +1.2 to +5.0), for $4.20 of "
        "training, and saves $0.3100 for 1,000 answers."
    )
    assert ("Was it worth it?", said) in questions(report)


@pytest.mark.parametrize(
    ("verdict", "difference", "expected"),
    [
        ("worse", -0.031, "Tuning lost 3.1 points against prompting (minilm-ngram+knn-8"),
        ("as good", 0.004, "is not shown (+0.4 points, 95% interval"),
        ("cannot be told", 0.004, "Whether tuning bought anything over prompting (minilm-ngram+knn-8) cannot be told"),
    ],
)
def test_what_is_not_shown_is_not_said(verdict: str, difference: float, expected: str) -> None:
    choice = pair(ARM, "base", "minilm-ngram", "tuned", verdict=verdict, difference=difference)
    report = with_arm(choice, costs=running(0.0, 0.0))
    said = tuning_or_prompting(report)
    assert expected in said
    assert "bought 0" not in said
    assert "$" not in said  # nothing of this run cost anything


@pytest.mark.parametrize(
    ("prompted", "tuned", "expected"),
    [
        (0.1, 0.41, "and costs $0.3100 more for 1,000 answers"),
        (0.1, 0.1, "and 1,000 answers cost the same"),
        (None, 0.1, "what 1,000 answers cost more or less is unknown"),
    ],
)
def test_what_answers_cost_more_or_less(prompted: float | None, tuned: float | None, expected: str) -> None:
    choice = pair(ARM, "base", "minilm-ngram", "tuned")
    assert expected in tuning_or_prompting(with_arm(choice, money=1.0, costs=running(prompted, tuned)))


def test_the_best_way_of_asking_may_be_the_model_as_it_is() -> None:
    said = tuning_or_prompting(with_arm(pair("minilm-l6-v2", "base", "minilm-ngram", "tuned")))
    assert "over prompting (minilm-l6-v2 as it is; " in said


def test_arms_are_held_against_their_own_base_model() -> None:
    ahead = pair("minilm-ngram", "base", ARM, "base")
    assert asked_otherwise(with_arm(None, ahead)) == (
        "Against minilm-ngram as it is: few-shot (knn-8) +3.1 points (95% interval +1.2 to +5.0), which is shown."
    )
    behind = pair(ARM, "base", "minilm-ngram", "base", verdict="cannot be told", interval=(-0.01, 0.05))
    assert "few-shot (knn-8) −3.1 points (95% interval −5.0 to +1.0), which may be chance" in asked_otherwise(
        with_arm(None, behind)
    )
    alike = pair(ARM, "base", "minilm-ngram", "base", gained=0, lost=0, difference=0.0, verdict="as good")
    assert "few-shot (knn-8) has the same rows right" in asked_otherwise(with_arm(None, alike))


def test_without_arms_nothing_is_said() -> None:
    report = sample_report(choice=pair("minilm-ngram", "base", "minilm-ngram", "tuned"))
    assert (asked_otherwise(report), tuning_or_prompting(report)) == ("", "")


def test_the_number_that_the_validation_rows_chose_is_named() -> None:
    report = with_arm(None, pair("minilm-ngram", "base", "minilm-ngram+knn", "base"))
    base, arm, *others = report.candidates
    arm = arm.model_copy(update={"model": f"{base.model}+knn", "arm": "knn", "examples": 4})
    report = report.model_copy(update={"candidates": (base, arm, *others)})
    assert "few-shot (knn, 4 examples) +3.1 points" in asked_otherwise(report)
    assert any("chosen on validation rows (minilm-ngram+knn: 4)" in row[1] for row in ways(report).rows)
