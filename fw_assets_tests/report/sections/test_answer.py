from __future__ import annotations

from typing import Any

import pytest

from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.power import power_result
from fw_assets.report.schema.report import DeploymentResult, Report, WinnerResult
from fw_assets.report.sections.answer import next_step, question, questions
from fw_assets.report.sections.small_numbers import power_sentence
from fw_assets_tests.report.samples import sample_report
from fw_assets_tests.report.verdict_reports import KnownRun, verdict_report


def compared(report: Report, **changes: Any) -> Report:
    """The report with other figures in its first comparison."""
    first = report.candidates[0]
    assert first.comparison is not None
    comparison = first.comparison.model_copy(update=changes)
    changed = first.model_copy(update={"comparison": comparison})
    return report.model_copy(update={"candidates": (changed, *report.candidates[1:])})


def test_a_real_improvement() -> None:
    report = sample_report(unit_price=1.0)
    assert report.answer.startswith("Fine-tuning helped: minilm-ngram went from 35.0% to 91.7% of 300 test rows right")
    assert report.answer.endswith("The fine-tuned model is deployed.")
    assert dict(questions(report))["Did it help?"] == (
        "Yes. Compared is the fine-tuned minilm-ngram with its own base model."
    )


def test_the_gain_over_another_model_is_said_in_english() -> None:
    report = verdict_report(KnownRun(texts=200, gained=60, lost=5))
    assert report.choice is not None
    assert " points of accuracy, 9" in dict(questions(report))["By how much?"]
    other = report.candidates[0].model_copy(update={"model": "accounts/fireworks/models/other", "tuned": None})
    choice = report.choice.model_copy(update={"first": "other"})
    report = report.model_copy(update={"choice": choice, "candidates": (*report.candidates, other)})
    said = dict(questions(report))["By how much?"]
    assert (
        " points of accuracy over other, the model that needs no tuning and was best on the validation rows, 9" in said
    )
    assert "the best model" not in render_markdown(report)
    helped = dict(questions(report))["Did it help?"]
    assert helped == (
        "Yes. Compared is the fine-tuned qwen3-8b with other, the model that needs no tuning and was best on the "
        "validation rows."
    )
    unknown = choice.model_copy(update={"verdict": "cannot be told"})
    helped = dict(questions(report.model_copy(update={"choice": unknown})))["Did it help?"]
    assert helped.endswith(" qwen3-8b became better than its own base.")


def test_what_cannot_be_told_says_what_this_many_rows_can_show() -> None:
    report = compared(sample_report(), verdict="cannot be told", adjusted_p_value=0.38)
    replies = dict(questions(report))
    assert replies["Did it help?"].startswith("It cannot be told on 300 test rows. Compared is the fine-tuned")
    assert "It cannot be told: p = 0.38 (exact McNemar test on 300 test rows)" in replies["Is it real?"]
    assert "about 3.4 points" in replies["Is it real?"]


def test_the_power_is_that_of_the_observed_discordance() -> None:
    report = compared(sample_report(), verdict="cannot be told", adjusted_p_value=0.38)
    power = power_result(191, 85 / 191, observed=True)
    reply = dict(questions(report.model_copy(update={"power": power})))["Is it real?"]
    shown = f"{100 * (power.difference or 0):.1f}"
    assert f"191 independent test rows show a true difference of {shown} points in four of five runs" in reply
    bound = f"{100 * power.discordance:.1f}"
    assert f"right on {bound}% of the rows (the upper 80% bound of the 44.5% seen here)" in reply
    more = (power.rows_wanted or 0) - 191
    assert reply.endswith(f"Label {more:,} more test rows to see 3 points.")


def test_five_rows_can_never_show_anything() -> None:
    assert power_sentence(power_result(5)).startswith("No difference can ever be shown with 5 independent test rows")
    assert power_result(5).difference is None
    assert "Label" not in power_sentence(power_result(10_000))


def test_groups_of_unequal_size_are_not_called_independent_rows() -> None:
    equal, unequal = power_result(55, groups=55), power_result(21, groups=55)
    assert power_sentence(equal).startswith("55 independent test rows show a true difference of ")
    assert power_sentence(unequal).startswith(
        "55 distinct test rows, worth at least 21 independent ones of equal weight, show a true difference of "
    )
    assert "points in at least four of five runs" in power_sentence(unequal)
    assert "at least" not in power_sentence(equal)
    assert power_sentence(power_result(4, groups=55)).startswith("With 55 distinct test rows, worth at least 4 ")
    assert unequal.difference == power_result(21).difference
    assert f"Label at most {(unequal.rows_wanted or 0) - 21:,} more test rows" in power_sentence(unequal)


def test_models_that_never_differ_are_not_said_to_differ_never() -> None:
    few, many = power_result(8, 0.0, observed=True), power_result(99, 0.0, observed=True)
    assert (few.discordance, many.discordance) == pytest.approx((0.182, 0.0161), abs=0.001)
    assert many.rows_wanted == power_result(99, many.discordance).rows_wanted
    assert "and not on 1.6%, the upper 80% bound of none seen here)" in power_sentence(many)
    assert power_sentence(many).endswith(" to see 3 points, which takes 3.0% of such rows at least.")
    assert "at least." not in power_sentence(power_result(99, 0.2, observed=True))


@pytest.mark.parametrize("rows", [20, 41, 120])
def test_more_rows_are_wanted_the_more_of_them_differ(rows: int) -> None:
    results = [power_result(rows, count / rows, observed=True) for count in range(rows // 2)]
    wanted = [item.rows_wanted or 0 for item in results]
    assert wanted == sorted(wanted)
    assert min(wanted) >= (power_result(rows, 0.03).rows_wanted or 0), "what the difference itself implies"
    differences = [item.difference or 0.0 for item in results]
    assert differences == sorted(differences)
    assert all(item.discordance > (item.observed_discordance or 0.0) for item in results)


def test_a_row_more_without_a_difference_is_no_reason_to_label_more() -> None:
    (one, none, two) = (
        power_result(*seen, observed=True).rows_wanted or 0 for seen in ((40, 1 / 40), (41, 0), (40, 0.05))
    )
    assert none - 41 < one - 40 < two - 40


def test_reports_of_before_say_what_their_figure_was() -> None:
    now = power_result(99, 0.2, observed=True)
    old = now.model_copy(update={"observed_discordance": None, "discordance": 0.2})
    none = old.model_copy(update={"discordance": 0.03, "at_most": True})
    assert "right on 20.0% of the rows (as they do here)" in power_sentence(old)
    assert "the most that fits these rows, of which it is none" in power_sentence(none)


def test_base_models_are_named_where_the_discordance_is_theirs() -> None:
    models = ("small", "large")
    known, high = (power_result(200, share, observed=True, models=models) for share in (0.3, 0.01))
    bound = power_result(200, 0.3, observed=True, models=models, observed_discordance=0.25)
    assert "right on 30.0% of the rows (the upper 80% bound of the 25.0% of small and large on the" in power_sentence(
        bound
    )
    assert "right on 30.0% of the rows (as of small and large on the validation rows)" in power_sentence(known)
    assert "and not on 1.0%, as of small and large on the validation rows)" in power_sentence(high)


@pytest.mark.parametrize("rows", [8, 99])
def test_no_rows_are_wanted_for_a_gain_above_every_row(rows: int) -> None:
    perfect = power_sentence(power_result(rows, 0.0, observed=True, accuracy=1.0))
    assert "Label" not in perfect
    assert perfect.endswith(" Above 100.0% there is no room for a gain so large.")
    nearly = power_sentence(power_result(rows, 0.2, observed=True, accuracy=0.96))
    assert "Label" in nearly
    assert nearly.count("no room") == 1
    assert "no room" not in power_sentence(power_result(rows, 0.2, observed=True, accuracy=0.1))


def test_keeping_the_base_model() -> None:
    base = "accounts/fireworks/models/minilm-ngram"
    report = sample_report(
        winner=WinnerResult(model=base, kind="base", base_model=base),
        deployment=DeploymentResult(decision="keep-base", why="No tuned model was better on validation."),
        snippets=None,
    )
    assert report.answer.endswith("Keep minilm-ngram, which needs no tuning; nothing was deployed.")
    kept = dict(questions(report))["What now?"]
    assert f"Keep using {base}. No tuned model" in kept
    assert "batch" not in kept
    only = report.model_copy(update={"deployment": report.deployment.model_copy(update={"batch_only": True})})
    assert "run again with inference set to deployment" in dict(questions(only))["What now?"]
    assert "answers in batch jobs only" in render_markdown(only)
    assert "## Use it" not in render_markdown(report)


def test_a_benchmark_alone() -> None:
    report = sample_report()
    plain = tuple(
        c.model_copy(update={"tuned": None, "comparison": None, "sweep": (), "finalist": False})
        for c in report.candidates
    )
    best = plain[0].model
    report = sample_report(
        status="benchmark",
        asked=report.asked.model_copy(update={"mode": "benchmark"}),
        candidates=plain,
        winner=WinnerResult(model=best, kind="base", base_model=best),
        deployment=DeploymentResult(decision="not-asked"),
        snippets=None,
    )
    assert report.answer.startswith(
        "minilm-ngram, chosen among 3 base models on validation rows, has 35.0% right on 300 test rows"
    )
    assert report.answer.endswith("Nothing was fine-tuned, as asked.")
    text = render_markdown(report)
    assert "how good are the base models?" in text
    assert "## Best model" in text
    assert "Fine-tuned" not in text.split("## What was asked")[0]


def test_a_benchmark_of_adapters_alone_is_asked_and_advised_as_one() -> None:
    report = sample_report()
    adapters = tuple(
        c.model_copy(update={"tuned": None, "comparison": None, "finalist": False, "adapter_of": "accounts/a/models/b"})
        for c in report.candidates
    )
    names = tuple(item.model for item in adapters)
    asked = report.asked.model_copy(update={"mode": "benchmark", "models": names})
    winner = WinnerResult(model=names[0], kind="base", base_model=names[0], adapter_of="accounts/a/models/b")
    for status in ("benchmark", "incomplete"):
        changes: dict[str, Any] = {"status": status, "candidates": adapters, "asked": asked, "winner": winner}
        told = report.model_copy(update=changes | {"deployment": DeploymentResult(decision="not-asked")})
        assert question(told).startswith("How well do minilm-ngram, ")
        assert question(told).endswith(", as they are?")
        alone = told.model_copy(update={"asked": asked.model_copy(update={"models": names[:1]})})
        assert question(alone).startswith("How well does minilm-ngram assign")
        assert question(alone).endswith(", as it is?")
        assert "none" not in question(told)
        if status == "benchmark":
            now = dict(questions(told))["What now?"]
            assert "name a base model too, and run again without the benchmark-only mode" in now
    not_asked = DeploymentResult(decision="not-asked")
    plain = report.model_copy(update={"status": "benchmark", "asked": asked, "deployment": not_asked})
    assert dict(questions(plain))["What now?"].startswith("Run again without the benchmark-only mode")


def test_an_unfinished_run_gives_no_verdict() -> None:
    report = sample_report(
        status="incomplete",
        incomplete=("the ceiling of $2.00 was reached",),
        winner=None,
        deployment=DeploymentResult(decision="incomplete"),
        snippets=None,
    )
    assert report.answer == (
        "This run is incomplete: the ceiling of $2.00 was reached. No verdict is given. Nothing was deployed."
    )
    replies = dict(questions(report))
    assert "Did it help?" not in replies
    assert replies["What now?"] == "Run the same command again. What exists is taken up, and nothing is paid twice."
    dearer = report.model_copy(update={"remedy": "Plan fewer rows."})
    assert next_step(dearer) == "Plan fewer rows. What exists is taken up, and nothing is paid twice."
    reason = "sweep/m: up to $1.0000 more would pass the approved $2.0000 ($1.5000 spent, $0.0000 reserved)"
    assert "with `--approve` and a higher ceiling" in next_step(report.model_copy(update={"incomplete": (reason,)}))
    assert "incomplete" in render_markdown(report)


def test_deployment_that_was_not_wanted() -> None:
    report = sample_report(
        deployment=DeploymentResult(decision="not-asked", why="Deployment was not asked for."), snippets=None
    )
    assert report.answer.endswith("The fine-tuned model is ready; it was not deployed, as asked.")
    assert "Set deploy to if-better or always" in dict(questions(report))["What now?"]


@pytest.mark.parametrize(("gained", "said"), [(1, "(1 row gained, 2 lost, on"), (2, "(2 rows gained, 2 lost, on")])
def test_one_row_is_one_row(gained: int, said: str) -> None:
    report = sample_report()
    first = report.candidates[0]
    assert first.comparison is not None
    changed = first.model_copy(update={"comparison": first.comparison.model_copy(update={"gained": gained, "lost": 2})})
    report = report.model_copy(update={"candidates": (changed, *report.candidates[1:])})
    assert said in dict(questions(report))["By how much?"]
