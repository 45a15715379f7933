from __future__ import annotations

from typing import Any

import pytest

from fw_assets.report.advice.headline import headline
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult
from fw_assets.report.schema.report import DeploymentResult, Report, WinnerResult
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
            "Use none of these models: minilm-ngram as it is does no better than always answering sales (28.3%).",
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
        "minilm-ngram is the best of these models as it is, with 35.0% of 300 test rows right; fine-tune before you "
        "decide."
    )
    alone = told.model_copy(update={"candidates": plain[:1]})
    assert headline(alone) == "minilm-ngram has 35.0% of 300 test rows right as it is; fine-tune before you decide."


def test_the_headline_goes_by_the_costs_of_mistakes_where_there_are_any() -> None:
    report = with_mistakes()
    assert report.mistakes is not None
    assert "mistakes cost " in headline(report)
    assert " for 1,000 rows" in headline(report)
    assert "rows right" not in headline(report)


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
