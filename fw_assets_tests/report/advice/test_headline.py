from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.advice.headline import headline
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult, Kind, PairResult
from fw_assets.report.schema.report import DeploymentResult, Report, WinnerResult
from fw_assets.report.sections.answer import answer, questions
from fw_assets_tests.report.imbalance.test_majority import with_figures
from fw_assets_tests.report.imbalance.test_mistakes import with_mistakes
from fw_assets_tests.report.samples import sample_report

MAX_CHARACTERS = 210
"""Two lines of the page at its full width."""
BASE = "accounts/fireworks/models/minilm-ngram"
KEPT = WinnerResult(model=BASE, kind="base", base_model=BASE)


def judged(report: Report, verdict: str) -> Report:
    first = report.candidates[0]
    assert first.comparison is not None
    comparison = first.comparison.model_copy(update={"verdict": verdict})
    changed = first.model_copy(update={"comparison": comparison})
    return report.model_copy(update={"candidates": (changed, *report.candidates[1:])})


def decided(decision: str, **changes: Any) -> DeploymentResult:
    return DeploymentResult.model_validate({"decision": decision, **changes})


def pair(first: str, second: str, verdict: Verdict, kind: Kind) -> PairResult:
    return PairResult(
        first=first,
        first_kind=kind,
        second=second,
        second_kind=kind,
        rows=300,
        groups=None,
        gained=20,
        lost=10,
        difference=0.03,
        interval=(-0.01, 0.08),
        level=0.05,
        p_value=0.1,
        adjusted_p_value=0.1,
        margin=0.02,
        verdict=verdict,
    )


def chosen(validation: float) -> BaselineResult:
    """The free model with 95% on the validation rows, where the other has `validation`."""
    item = free("no")
    versus = item.versus and item.versus.model_copy(update={"validation_accuracy": validation})
    return item.model_copy(update={"validation_accuracy": 0.95, "versus": versus})


def free(needed: str) -> BaselineResult:
    versus = BaselineComparison.model_validate(
        {
            "model": BASE,
            "kind": "tuned",
            "gained": 4,
            "lost": 3,
            "difference": 0.003,
            "interval": (-0.01, 0.02),
            "p_value": 1.0,
            "verdict": "as good",
            "needed": needed,
        }
    )
    return BaselineResult(
        name="tfidf",
        method="",
        accuracy=0.914,
        interval=(0.88, 0.94),
        macro_f1=0.9,
        balanced_accuracy=0.9,
        validation_accuracy=0.9,
        versus=versus,
    )


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        (
            {},
            "better",
            "Use the fine-tuned minilm-ngram, which is deployed: 91.7% of 300 test rows right, 35.0% without tuning.",
        ),
        (
            {},
            "cannot be told",
            "Use the fine-tuned minilm-ngram, which is deployed: 91.7% of 300 test rows right, 35.0% without tuning, a "
            "difference that these rows cannot tell from chance.",
        ),
        (
            {"baselines": (free("no"),)},
            "better",
            "Weigh TF-IDF with logistic regression first, which is local and free: 91.4% right, and the fine-tuned "
            "minilm-ngram, which is deployed, 91.7%.",
        ),
        (
            {"baselines": (chosen(0.92),)},
            "better",
            "Use TF-IDF with logistic regression, which is local and free: 91.4% right, and the fine-tuned "
            "minilm-ngram, which is deployed, 91.7%.",
        ),
        (
            {"baselines": (chosen(0.99),)},
            "better",
            "Weigh TF-IDF with logistic regression first, which is local and free: 91.4% right, and the fine-tuned "
            "minilm-ngram, which is deployed, 91.7%.",
        ),
        (
            {"baselines": (free("cannot be told"),)},
            "better",
            "Use the fine-tuned minilm-ngram, which is deployed: 91.7% of 300 test rows right, 35.0% without tuning; "
            "TF-IDF with logistic regression, which is free and not told from it, 91.4%.",
        ),
        (
            {"deployment": decided("not-asked")},
            "better",
            "Deploy the fine-tuned minilm-ngram when you want it served, which was not asked for: 91.7% of 300 test "
            "rows right, 35.0% without tuning.",
        ),
        (
            {"deployment": decided("keep-base"), "winner": KEPT},
            "cannot be told",
            "Keep minilm-ngram as it is; whether fine-tuning helped cannot be told: 91.7% of 300 test rows right, "
            "35.0% without tuning.",
        ),
        (
            {"deployment": decided("keep-base"), "winner": KEPT},
            "worse",
            "Keep minilm-ngram as it is; fine-tuning made it worse: 91.7% of 300 test rows right, 35.0% "
            "without tuning.",
        ),
        (
            {"deployment": decided("keep-base", losing_labels=("billing", "sales"))},
            "better",
            "Keep minilm-ngram, or serve the fine-tuned minilm-ngram all the same (deploy: always): 91.7% of 300 test "
            "rows right, 35.0% without tuning, but 2 labels lost F1.",
        ),
        (
            {"deployment": decided("keep-none")},
            "better",
            "Nothing was deployed: minilm-ngram as it is (35.0%) is not shown to beat always answering sales (28.3%); "
            "the fine-tuned minilm-ngram is shown to be better, with 91.7% of 300 test rows right, but it did not pass "
            "the gate.",
        ),
    ],
)
def test_the_headline_says_what_to_do(changes: dict[str, Any], verdict: str, said: str) -> None:
    report = judged(sample_report(**changes), verdict)
    assert headline(report) == said
    assert f"**{said}**" in render_markdown(report).split("\n")[2].replace("\\", "")
    assert f"<h1>{said}</h1>" in render_html(report)


def test_an_unfinished_run_is_to_be_run_again() -> None:
    reason = "the ceiling of $2.00 was reached" + ", and more was said of it" * 20
    report = sample_report(
        status="incomplete", incomplete=(reason,), winner=None, deployment=decided("incomplete"), snippets=None
    )
    assert headline(report).startswith("Run it again: the ceiling of $2.00 was reached")
    assert headline(report).endswith("so that there is no verdict.")
    assert len(headline(report)) <= MAX_CHARACTERS


def test_a_benchmark_says_to_fine_tune() -> None:
    report = sample_report()
    plain = tuple(c.model_copy(update={"tuned": None, "comparison": None}) for c in report.candidates)
    told = report.model_copy(
        update={"status": "benchmark", "candidates": plain, "winner": KEPT, "deployment": decided("not-asked")}
    )
    assert headline(told) == (
        "minilm-ngram, which the validation rows chose, has 35.0% of 300 test rows right as it is; fine-tune before "
        "you decide."
    )
    alone = told.model_copy(update={"candidates": plain[:1]})
    assert headline(alone) == "minilm-ngram has 35.0% of 300 test rows right as it is; fine-tune before you decide."


def test_the_headline_goes_by_the_costs_of_mistakes_where_there_are_any() -> None:
    report = with_mistakes()
    assert report.mistakes is not None
    assert "mistakes cost " in headline(report)
    assert " for 1,000 rows" in headline(report)
    assert "rows right" not in headline(report)
    # The free model is compared by accuracy alone: nothing is said of it.
    assert "%" not in headline(report.model_copy(update={"baselines": (free("cannot be told"),)}))


@pytest.mark.parametrize(
    ("verdict", "interval", "said"),
    [
        ("cannot be told", (-40, 200), "; TF-IDF with logistic regression, which is free and not told from it, 185."),
        ("better", (20, 200), "450 without tuning."),
        (
            "as good",
            (-19, 19),
            "Weigh TF-IDF with logistic regression first, which is local and free: mistakes cost 185 ",
        ),
    ],
)
def test_the_free_model_is_compared_by_the_costs_too(
    verdict: Verdict, interval: tuple[float, float], said: str
) -> None:
    report = with_mistakes()
    assert report.mistakes is not None
    assert report.mistakes.choice is not None
    costs = report.mistakes.choice.model_copy(
        update={"first": "tfidf", "before": 185.0, "saved": 65.0, "interval": interval, "verdict": verdict}
    )
    # By accuracy it would be another answer.
    report = report.model_copy(
        update={
            "mistakes": report.mistakes.model_copy(update={"free": costs}),
            "baselines": (free("no" if verdict == "better" else "yes"),),
        }
    )
    assert said in headline(report)
    assert "%" not in headline(report)
    reply = dict(questions(report))["Is a language model needed?"]
    assert "120 in place of 185 for 1,000 rows" in reply
    assert "macro-F1" not in reply


@pytest.mark.parametrize(
    ("verdict", "second", "said"),
    [
        ("cannot be told", "minilm-l6-v2", "; the fine-tuned minilm-l6-v2 (90.3%) is not told from it."),
        ("as good", "minilm-l6-v2", "; the fine-tuned minilm-l6-v2 (90.3%) is not told from it."),
        ("better", "minilm-l6-v2", "; the fine-tuned minilm-l6-v2 (90.3%) is shown to be better on the test rows."),
        ("better", "minilm-ngram", "without tuning."),
    ],
)
def test_a_runner_up_that_may_be_as_good_is_named(verdict: Verdict, second: str, said: str) -> None:
    other = {"minilm-l6-v2": "minilm-ngram", "minilm-ngram": "minilm-l6-v2"}[second]
    report = sample_report(pairs=(pair(other, second, verdict, "tuned"),))
    assert headline(report).endswith(said)
    apart = verdict == "better" and second == "minilm-ngram"
    assert ("On the test rows" in answer(report)) is not apart


def test_accuracy_does_not_stand_alone_near_the_most_frequent_label() -> None:
    report = with_figures(sample_report(), majority=0.96, base=0.7, tuned=0.98, balanced=0.81)
    assert headline(report).startswith(
        "Use the fine-tuned minilm-ngram, which is deployed: 98.0% (balanced accuracy 81.0%) of 300 test rows right, "
    )
    assert "balanced" not in headline(with_figures(sample_report(), majority=0.5, base=0.6, tuned=0.98, balanced=0.81))


def test_the_distinct_rows_stand_between_commas() -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.comparison is not None
    changed = first.model_copy(update={"comparison": first.comparison.model_copy(update={"groups": 199})})
    report = report.model_copy(update={"candidates": (changed, *report.candidates[1:])})
    assert "91.7% of 300 test rows, 199 distinct, right, 35.0% without tuning" in headline(report)


@pytest.mark.parametrize("decision", ["deployed", "not-asked", "keep-base", "keep-none"])
@pytest.mark.parametrize("verdict", ["better", "as good", "cannot be told", "worse"])
def test_names_of_any_length_fit_into_two_lines(decision: str, verdict: str) -> None:
    long = "accounts/fireworks/models/" + "very-long-name-" * 12
    report = judged(sample_report(), verdict)
    first = report.candidates[0].model_copy(update={"model": long})
    winner = WinnerResult(model=f"{long}-tuned", kind="tuned", base_model=long, untuned=long)
    report = report.model_copy(
        update={"candidates": (first, *report.candidates[1:]), "winner": winner, "deployment": decided(decision)}
    )
    assert len(headline(report)) <= MAX_CHARACTERS + 40
