from __future__ import annotations

from dataclasses import replace

import pytest

from fw_assets.classification.session import Session
from fw_assets.report.assembly.candidates import same_model
from fw_assets.report.assembly.report import build_report
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.report import Report
from fw_assets_tests.report.workflow import EXAMPLE, MODELS, finished


def checked(report: Report) -> Report:
    """The report, after both renderings and a round trip through JSON."""
    assert render_markdown(report)
    assert render_html(report)
    assert Report.model_validate_json(report.model_dump_json()) == report
    return report


def test_a_whole_run() -> None:
    arguments = finished()
    report = checked(build_report(**arguments))
    assert report.status == "complete"
    assert report.plan_digest == arguments["plan"].digest
    assert report.answer.startswith("Fine-tuning helped: qwen3-8b")
    first, second = report.candidates
    assert first.finalist
    assert first.base is not None
    assert first.tuned is not None
    assert first.comparison is not None
    assert first.base.rows == report.rows.test == sum(first.base.outcomes.values())
    assert first.base.outcomes["correct"] / first.base.rows == pytest.approx(first.base.accuracy)
    assert first.tuned.model == "accounts/acme/models/fwa-qwen3-8b"
    assert not second.finalist
    assert second.tuned is None
    assert second.comparison is None
    assert report.winner is not None
    assert (report.winner.kind, report.winner.base_model) == ("tuned", MODELS[0])
    assert report.deployment.decision == "deployed"
    assert report.deployment.usd_per_hour == 8.0
    assert report.snippets is not None
    assert "logprobs" not in report.snippets.curl


def test_the_hourly_price_is_the_deployments_own() -> None:
    arguments = finished()
    quoted = replace(arguments["deployment"], usd_per_hour=3.5)
    assert build_report(**{**arguments, "deployment": quoted}).deployment.usd_per_hour == 3.5
    # Without a quote it is what the plan says of this model, and not of the dearest candidate.
    plan = arguments["plan"]
    lines = tuple(
        line.model_copy(
            update={
                "parts": tuple(
                    part.model_copy(update={"price": part.price.model_copy(update={"usd": 99.0})})
                    if part.item == "deployment-hour"
                    else part
                    for part in line.parts
                )
            }
        )
        if line.stage == "deployment"
        else line
        for line in plan.estimate.lines
    )
    dear = plan.model_copy(update={"estimate": plan.estimate.model_copy(update={"lines": lines})})
    assert build_report(**{**arguments, "plan": dear}).deployment.usd_per_hour == 8.0


def test_the_accounts_own_deployment_is_told_from_ours() -> None:
    arguments = finished()
    plan, served = arguments["plan"], arguments["deployment"]
    assert not build_report(**arguments).deployment.adopted
    first = plan.models[0]
    assert first.entry is not None
    entry = first.entry.model_copy(update={"deployment": served.id})
    own = plan.model_copy(update={"models": (first.model_copy(update={"entry": entry}), *plan.models[1:])})
    assert build_report(**{**arguments, "plan": own}).deployment.adopted


def test_flips_are_the_rows_that_the_comparison_counts() -> None:
    comparison = build_report(**finished()).candidates[0].comparison
    assert comparison is not None
    ways = [flip.direction for flip in comparison.flips]
    assert (ways.count("gained"), ways.count("lost")) == (comparison.gained, comparison.lost)
    assert all(flip.text for flip in comparison.flips)
    assert all((flip.gold == flip.tuned) == (flip.direction == "gained") for flip in comparison.flips)


def test_totals_are_the_sums_of_the_lines_and_leave_out_what_never_started() -> None:
    cost = build_report(**finished()).cost
    assert cost.estimated_usd == pytest.approx(sum(line.estimated_usd or 0 for line in cost.lines), abs=1e-9)
    assert cost.actual_usd == pytest.approx(sum(line.actual_usd or 0 for line in cost.lines), abs=1e-9)
    assert "sweep/qwen3-4b" in cost.not_started
    assert "sweep/qwen3-4b" not in [line.line for line in cost.lines]


def test_a_tuned_model_that_is_no_better_keeps_the_base() -> None:
    report = checked(build_report(**finished(base=0.9, tuned=0.5)))
    assert report.deployment.decision == "keep-base"
    assert report.winner is not None
    assert report.winner.kind == "base"
    assert "Keep qwen3-8b, which needs no tuning" in report.answer
    assert report.snippets is None


def test_a_benchmark() -> None:
    session = Session(dataset=str(EXAMPLE), models=MODELS, mode="benchmark", finalists=1)
    report = checked(build_report(**finished(session, tuned=None)))
    assert report.status == "benchmark"
    assert "qwen3-8b, chosen among 2 base models on validation rows, has" in report.answer
    assert "most accurate" not in report.answer


def test_deployment_that_was_not_wanted() -> None:
    session = Session(dataset=str(EXAMPLE), models=MODELS, deploy="never", finalists=1)
    report = checked(build_report(**finished(session)))
    assert report.deployment.decision == "not-asked"
    assert report.answer.endswith("The fine-tuned model is ready; it was not deployed, as asked.")


def test_rows_without_an_answer_make_the_run_incomplete() -> None:
    report = checked(build_report(**finished(failed=3)))
    assert report.status == "incomplete"
    assert report.deployment.decision == "incomplete"
    assert "3 of 191 test rows got no answer from qwen3-8b (base)" in report.incomplete[0]
    assert "No verdict is given" in report.answer


def test_a_run_that_stopped_early_reports_what_there_is() -> None:
    arguments = finished()
    missing = dict.fromkeys(("finalists", "winner", "gate", "deployment"))
    stopped = {**arguments, **missing, "candidates": [], "cost_rows": []}
    report = checked(build_report(**{**stopped, "incomplete": ["the ceiling of $1.00 was reached"]}))
    assert report.status == "incomplete"
    assert report.winner is None


def test_a_winner_that_is_no_candidate_is_a_mistake() -> None:
    arguments = finished()
    with pytest.raises(ValueError, match="none of the candidates"):
        build_report(**{**arguments, "candidates": []})


def test_models_are_the_same_with_and_without_their_account() -> None:
    assert same_model("accounts/a/models/m", "m")
    assert same_model("m", "m")
    assert not same_model("accounts/a/models/m", "accounts/b/models/m")


def test_the_mitigation_that_was_approved_is_named() -> None:
    report = build_report(**finished(), mitigation="weight")
    assert report.asked.mitigation == "none"
    assert "| Imbalance mitigation | weight, in the training rows only |" in render_markdown(report)
    assert "Imbalance mitigation" not in render_markdown(build_report(**finished()))
