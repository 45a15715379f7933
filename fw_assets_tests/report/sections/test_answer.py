from __future__ import annotations

from typing import Any

from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema import report as m
from fw_assets.report.sections.answer import first_screen, listing, spending
from fw_assets.report.sections.caveats import caveats
from fw_assets_tests.report.samples import report


def compared(made: m.Report, **changes: Any) -> m.Report:
    """The report with other figures in its first comparison."""
    first = made.candidates[0]
    assert first.comparison is not None
    comparison = first.comparison.model_copy(update=changes)
    changed = first.model_copy(update={"comparison": comparison})
    return made.model_copy(update={"candidates": (changed, *made.candidates[1:])})


def test_a_real_improvement() -> None:
    made = report(unit_price=1.0)
    assert made.answer.startswith("Fine-tuning helped: minilm-ngram went from 35.0% to 91.7% of 300 test rows right")
    assert made.answer.endswith("The fine-tuned model is deployed.")
    assert dict(first_screen(made))["Did it help?"] == "Yes."


def test_no_evidence_says_what_this_many_rows_can_show() -> None:
    made = compared(report(), verdict="no evidence of a difference", adjusted_p_value=0.38)
    replies = dict(first_screen(made))
    assert replies["Did it help?"] == "Not measurably."
    assert "cannot be told from chance: p = 0.38" in replies["Is it real?"]
    assert "about 3.4 points" in replies["Is it real?"]


def test_keeping_the_base_model() -> None:
    base = "accounts/fireworks/models/minilm-ngram"
    made = report(
        winner=m.WinnerResult(model=base, kind="base", base_model=base),
        deployment=m.DeploymentResult(decision="keep-base", why="No tuned model was better on validation."),
        snippets=None,
    )
    assert made.answer.endswith("Keep the base model; nothing was deployed.")
    kept = dict(first_screen(made))["What now?"]
    assert f"Keep using {base}. No tuned model" in kept
    assert "batch" not in kept
    only = made.model_copy(update={"deployment": made.deployment.model_copy(update={"batch_only": True})})
    assert "run again with inference set to deployment" in dict(first_screen(only))["What now?"]
    assert "answers in batch jobs only" in render_markdown(only)
    assert "## Use it" not in render_markdown(made)


def test_a_benchmark_alone() -> None:
    made = report()
    plain = tuple(
        c.model_copy(update={"tuned": None, "comparison": None, "sweep": (), "finalist": False})
        for c in made.candidates
    )
    best = plain[0].model
    made = report(
        status="benchmark",
        candidates=plain,
        winner=m.WinnerResult(model=best, kind="base", base_model=best),
        deployment=m.DeploymentResult(decision="not-asked"),
        snippets=None,
    )
    assert made.answer.startswith(
        "minilm-ngram is the most accurate of 3 base models, with 35.0% of 300 test rows right"
    )
    assert made.answer.endswith("Nothing was fine-tuned, as asked.")
    text = render_markdown(made)
    assert "how good are the base models?" in text
    assert "## Best model" in text
    assert "Fine-tuned" not in text.split("## What was asked")[0]


def test_an_unfinished_run_gives_no_verdict() -> None:
    made = report(
        status="incomplete",
        incomplete=("the ceiling of $2.00 was reached",),
        winner=None,
        deployment=m.DeploymentResult(decision="incomplete"),
        snippets=None,
    )
    assert made.answer == (
        "This run is incomplete: the ceiling of $2.00 was reached. No verdict is given. Nothing was deployed."
    )
    replies = dict(first_screen(made))
    assert "Did it help?" not in replies
    assert "nothing is paid twice" in replies["What now?"]
    assert "incomplete" in render_markdown(made)


def test_deployment_that_was_not_wanted() -> None:
    made = report(
        deployment=m.DeploymentResult(decision="not-asked", why="Deployment was not asked for."), snippets=None
    )
    assert made.answer.endswith("The fine-tuned model is ready; it was not deployed, as asked.")
    assert "Set deploy to if-better or always" in dict(first_screen(made))["What now?"]


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


def test_unknown_prices_are_never_zero() -> None:
    made = report(
        cost=m.Cost(
            lines=(m.CostEntry(line="a", stage="sweep", estimated_usd=None, actual_usd=None),),
            estimated_usd=0.0,
            actual_usd=0.0,
            estimated_complete=False,
            actual_complete=False,
        )
    )
    assert spending(made).startswith("$0.00 or more (a price is unknown); the plan said $0.00 or more.")
    assert "| `a` |  | unknown | unknown | unknown | unknown |" in render_markdown(made)


def test_long_lists_are_cut() -> None:
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing(["a", "b", "c", "d"], 2) == "a, b and 2 more"


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
