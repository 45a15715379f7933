"""Headline where no model is recommended: what is not shown is not told as if it were."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.selection.power import exact_power
from fw_assets.report.advice.headline import headline
from fw_assets.report.schema.comparison import BaselineResult
from fw_assets.report.schema.report import Report, WinnerResult
from fw_assets_tests.report.advice.test_headline import KEPT, decided, free, judged
from fw_assets_tests.report.imbalance.test_majority import with_figures
from fw_assets_tests.report.samples import sample_report


def none(base: float, tuned: float, line: float, verdict: str = "cannot be told", **changes: Any) -> Report:
    report = with_figures(sample_report(), majority=line, base=base, tuned=tuned, balanced=base)
    fields = {"deployment": decided("keep-none"), "winner": KEPT} | changes
    return judged(report.model_copy(update=fields), verdict)


def shown(accuracy: float, low: float) -> BaselineResult:
    return free("cannot be told").model_copy(update={"accuracy": accuracy, "interval": (low, 0.8), "versus": None})


@pytest.mark.parametrize(("base", "tuned"), [(0.462, 0.385), (0.385, 0.462), (0.29, 0.462)])
def test_a_figure_above_the_constant_answer_is_one_that_cannot_be_told(base: float, tuned: float) -> None:
    said = headline(none(base, tuned, 0.308))
    title = "minilm-ngram as it is" if base > tuned else "the fine-tuned minilm-ngram"
    assert said.startswith(f"Nothing was deployed: whether {title}, with 46.2% of 300 test rows right, is better than ")
    assert " cannot be told" in said
    assert "no better" not in said
    assert "none of these" not in said


def test_the_rows_that_would_do_are_named() -> None:
    report = none(0.33, 0.2, 0.3)
    first = report.candidates[0]
    assert first.base is not None
    rows = {name: item.model_copy(update={"accuracy": 0.0}) for name, item in first.base.per_label.items()}
    base = first.base.model_copy(update={"per_label": rows})
    report = report.model_copy(update={"candidates": (first.model_copy(update={"base": base}), *report.candidates[1:])})
    # Right on none of the rows of that label: all that either has right, it has right alone.
    said = headline(report)
    wanted = int(said.split("about ")[1].split(" ")[0].replace(",", ""))
    assert exact_power(wanted, 0.03, 0.63) >= 0.8 > exact_power(wanted - 1, 0.03, 0.63)
    assert f"about {wanted:,} independent test rows would show such a difference." in said


@pytest.mark.parametrize(
    ("base", "tuned", "relation"),
    [
        (0.2, 0.1, "minilm-ngram as it is, with 20.0% of 300 test rows right, is worse than always"),
        (0.29, 0.1, "minilm-ngram as it is, with 29.0% of 300 test rows right, is no higher than always"),
        (0.31, 0.31, "minilm-ngram as it is, with 31.0% of 300 test rows right, is at most 2 points above always"),
        (
            0.29,
            0.31,
            "the fine-tuned minilm-ngram, with 31.0% of 300 test rows right, is at most 2 points above always",
        ),
    ],
)
def test_none_is_advised_where_no_figure_is_above_it_by_what_matters(base: float, tuned: float, relation: str) -> None:
    assert headline(none(base, tuned, 0.3)).startswith(f"Use none of these models: {relation}")


def test_a_free_model_is_offered_where_it_is_shown_to_be_above_the_constant_answer() -> None:
    offer = "; TF-IDF with logistic regression, which is free, has 53.8%."
    assert headline(none(0.2, 0.2, 0.3, baselines=(shown(0.538, 0.4),))).endswith(offer)
    assert "TF-IDF" not in headline(none(0.2, 0.2, 0.3, baselines=(shown(0.538, 0.29),)))


@pytest.mark.parametrize(
    ("winner", "losing", "why"),
    [
        (KEPT, (), "the validation rows chose the former"),
        (None, ("sales",), "1 label lost F1"),
        (None, (), "it did not pass the gate"),
    ],
)
def test_a_fine_tuned_model_that_is_shown_to_be_better_is_named(
    winner: WinnerResult | None, losing: tuple[str, ...], why: str
) -> None:
    kept = {"deployment": decided("keep-none", losing_labels=losing)}
    report = none(0.24, 0.593, 0.28, "better", winner=winner or sample_report().winner, **kept)
    said = headline(report)
    assert said.startswith("Nothing was deployed: minilm-ngram as it is (24.0%) is not shown to beat always answering ")
    assert said.endswith(
        f"the fine-tuned minilm-ngram is shown to be better, with 59.3% of 300 test rows right, but {why}."
    )
