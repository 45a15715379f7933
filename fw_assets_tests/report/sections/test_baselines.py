from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import compare
from fw_assets.classification.selection.paired_tests import holm
from fw_assets.report.advice.headline import headline
from fw_assets.report.assembly.baselines import baseline_results
from fw_assets.report.formatting import points, signed
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.answer import answer, questions
from fw_assets.report.sections.baselines import baseline_sentence, need
from fw_assets_tests.classification.prediction_frames import frame
from fw_assets_tests.report.diagnostics_samples import with_diagnostics
from fw_assets_tests.report.samples import sample_report


def terminal_text(report: Report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report_view(report))
    return console.export_text()


def test_the_baselines_stand_in_the_same_table_everywhere() -> None:
    report = with_diagnostics(sample_report())
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        assert "TF-IDF with logistic regression" in text
        assert "always the most frequent label" in text
    assert "No language model is needed" not in report.answer


def test_the_answer_says_when_no_language_model_is_needed() -> None:
    report = with_diagnostics(sample_report(), needed="no")
    assert need(report) == "no"
    assert "No language model is needed here: TF-IDF with logistic regression" in report.answer
    assert "is ahead by less than 2 points, if at all, which is shown" in report.answer
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        assert "No language model is needed here" in " ".join(text.split())


def test_what_is_not_shown_is_not_said() -> None:
    report = with_diagnostics(sample_report(), needed="cannot be told")
    for text in (render_markdown(report), render_html(report), terminal_text(report)):
        flat = " ".join(text.split())
        assert "Whether a language model is needed cannot be told on 300 test rows" in flat
        assert "No language model is needed" not in flat
        assert "does as well" not in flat


@pytest.mark.parametrize("seed", [7, 22, 45, 97])
def test_macro_f1_is_said_by_the_one_method_that_the_answer_rests_on(seed: int) -> None:
    """The bootstrap's interval leaves 0 out and the adjusted test shows nothing: neither is moved to suit the other."""
    random, labels = np.random.default_rng(seed), ("a", "b", "c")
    gold = random.integers(0, 3, 40)
    first, second = (
        frame([([labels[row]], [labels[given]]) for row, given in zip(gold, answers, strict=True)])
        for answers in (np.where(random.random(40) < right, gold, random.integers(0, 3, 40)) for right in (0.8, 0.5))
    )
    compared = compare(first, second, labels=labels, resamples=1000, test_f1=True)
    found, p = compared.macro_f1_difference, compared.macro_f1_p
    assert found is not None
    assert p is not None
    scores = score(first, labels, False)
    (result,) = baseline_results(
        [BaselineScores(name="tfidf", method="-", validation=scores, test=scores)], "m", "base", compared
    )
    versus = result.versus
    assert versus is not None
    assert found.high < 0
    assert versus.macro_f1_interval == (found.low, found.high)
    adjusted = holm([compared.p_value, p])[1]
    assert versus.macro_f1_p_value == pytest.approx(adjusted)
    assert adjusted > 0.05
    said = baseline_sentence(sample_report().model_copy(update={"baselines": (result,)}))
    figures = said.partition("macro-F1 ")[2]
    assert figures.endswith(", randomisation test).")
    assert "interval" not in figures


def test_that_a_model_is_not_ahead_rests_on_the_interval_alone() -> None:
    said = baseline_sentence(with_diagnostics(sample_report(), needed="no")).partition("macro-F1 ")[2]
    assert said == "+0.002, bootstrap 95% interval −0.008 to +0.012."


@pytest.mark.parametrize(
    ("first", "measures"), [(True, "worse by accuracy and better"), (False, "better by accuracy and worse")]
)
def test_measures_that_disagree_are_no_lack_of_rows(first: bool, measures: str) -> None:
    """One answers `a` always, the other finds every `b` and misses many `a`: both differences are shown."""
    labels, gold = ("a", "b"), ["a"] * 270 + ["b"] * 30
    always = frame([([label], ["a"]) for label in gold])
    finds = frame([([label], ["a" if row < 190 else "b"]) for row, label in enumerate(gold)])
    pair = (always, finds) if first else (finds, always)
    compared = compare(*pair, labels=labels, resamples=500, test_f1=True)
    scores = score(pair[0], labels, False)
    found = [BaselineScores(name="tfidf", method="-", validation=scores, test=scores)]
    (result,) = baseline_results(found, "minilm-ngram", "tuned", compared)
    assert result.versus is not None
    assert result.versus.needed == "depends"
    earlier = result.model_copy(update={"versus": result.versus.model_copy(update={"needed": "cannot be told"})})
    for baseline in (result, earlier):
        report = sample_report().model_copy(update={"baselines": (baseline,)})
        assert need(report) == "depends"
        said = baseline_sentence(report)
        assert said.startswith("Whether a language model is needed depends on the measure that matters: ")
        assert f"{measures} by macro-F1, both shown on 300 test rows, than TF-IDF" in said
        assert said in answer(report)
        reply = dict(questions(report))["Is a language model needed?"]
        assert reply.startswith("It depends on the measure that matters: the fine-tuned minilm-ngram is ")
        assert "cannot be told" not in reply
        assert f"; it is {measures} by macro-F1 than TF-IDF with logistic regression, which is free" in headline(report)


@pytest.mark.parametrize(
    ("accuracy", "macro_f1", "p", "shown"),
    [
        (-0.172, 0.112, 0.004, "macro-F1 alone"),
        (0.02, 0.112, 0.004, "macro-F1 alone"),
        (0.1, 0.112, 0.004, "accuracy and macro-F1"),
        (0.1, 0.01, 0.6, "accuracy alone"),
        (0.1, -0.01, 0.6, "accuracy alone"),
    ],
)
def test_a_model_is_ahead_by_the_measures_that_show_it(accuracy: float, macro_f1: float, p: float, shown: str) -> None:
    report = with_diagnostics(sample_report())
    best = next(item for item in report.baselines if item.versus)
    assert best.versus is not None
    found = {
        "needed": "yes",
        "verdict": "better" if accuracy > 0.05 else "cannot be told",
        "difference": accuracy,
        "macro_f1_difference": macro_f1,
        "macro_f1_interval": (macro_f1 - 0.05, macro_f1 + 0.05),
        "macro_f1_p_value": p,
    }
    versus = best.versus.model_copy(update=found)
    said = baseline_sentence(report.model_copy(update={"baselines": (best.model_copy(update={"versus": versus}),)}))
    assert " is ahead of TF-IDF with logistic regression, " in said
    assert f", shown by {shown}: accuracy {points(accuracy)} points, " in said
    assert f"; macro-F1 {signed(macro_f1, 3)} (" in said


def test_a_benchmark_says_nothing_of_models_that_were_not_tuned() -> None:
    report = with_diagnostics(sample_report(), needed="no").model_copy(update={"status": "benchmark", "choice": None})
    said = baseline_sentence(report)
    assert said.startswith("No untuned language model is needed here, and tuning was not tried: TF-IDF with logistic")
    assert "No language model" not in answer(report)
    untuned = report.model_copy(
        update={
            "candidates": tuple(
                item.model_copy(update={"tuned": None, "comparison": None}) for item in report.candidates
            )
        }
    )
    reply = dict(questions(untuned))["Is a language model needed?"]
    assert reply.startswith("Not an untuned one; tuning was not tried: TF-IDF with logistic regression")


def test_a_macro_f1_that_no_row_moves_is_said_in_words() -> None:
    report = with_diagnostics(sample_report(), needed="no")
    best = next(item for item in report.baselines if item.versus)
    assert best.versus is not None
    versus = best.versus.model_copy(update={"macro_f1_difference": 0.0, "macro_f1_interval": (0.0, 0.0)})
    report = report.model_copy(update={"baselines": (best.model_copy(update={"versus": versus}),)})
    assert "a difference in macro-F1 of 0.000 that has no interval, since no row moves it" in baseline_sentence(report)
