"""Twenty reports whose verdict is known: what each must say, and must not."""

from __future__ import annotations

import functools
import html
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from fw_assets.classification.selection.comparison import compare
from fw_assets.report.advice.headline import headline
from fw_assets.report.assembly.baselines import need
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.report import Report
from fw_assets_tests.classification.prediction_frames import frame
from fw_assets_tests.report.verdict_reports import KnownRun, verdict_report

LARGE = {
    "better": KnownRun(4000, 400, 200),
    "as good": KnownRun(4000, 100, 100),
    "cannot be told": KnownRun(4000, 600, 640),
    "worse": KnownRun(4000, 200, 400),
}
TINY = {
    "better": KnownRun(40, 12, 1),
    "as good": KnownRun(40, 5, 0),
    "cannot be told": KnownRun(40, 3, 2),
    "worse": KnownRun(40, 1, 12),
}
RARE = {
    "better": KnownRun(2000, 48, 2, rare=0.025),
    "as good": KnownRun(2000, 10, 10, rare=0.025),
    "cannot be told": KnownRun(2000, 170, 180, rare=0.025),
    "worse": KnownRun(2000, 2, 90, rare=0.025),
}
GRID = {
    "large": LARGE,
    "tiny": TINY,
    "duplicated": {name: replace(run, copies=8) for name, run in TINY.items()},
    "imbalanced": RARE,
    "tied": {name: replace(run, tied=True) for name, run in LARGE.items()},
}
CASES = [(data, name) for data, runs in GRID.items() for name in runs]

HEADLINES = {
    "better": "Fine-tuning helped: qwen3-8b went from",
    "as good": "Fine-tuning was not shown to help: qwen3-8b went from",
    "cannot be told": "Whether fine-tuning helped cannot be told on",
    "worse": "Fine-tuning hurt: qwen3-8b went from",
}
MAX_HEADLINE = 250
NEVER = ("no evidence", "does as well", "most accurate", "p = 0.0000", "p = 0.00 ", "p = 0 ", "chance: p", "nan")


@functools.cache
def report_of(data: str, verdict: str) -> Report:
    return verdict_report(GRID[data][verdict])


def texts(report: Report) -> tuple[str, str, str]:
    """The report in Markdown, HTML and the terminal, each on one line."""
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(report_view(report))
    page = re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", render_html(report), flags=re.S)
    flat = (" ".join(text.split()) for text in (render_markdown(report), html.unescape(page), console.export_text()))
    one, two, three = flat
    return one, two, three


@pytest.mark.parametrize(("data", "verdict"), CASES)
def test_the_report_says_what_is_shown_and_nothing_else(data: str, verdict: str) -> None:
    report, run = report_of(data, verdict), GRID[data][verdict]
    assert report.choice is not None
    assert report.choice.verdict == verdict
    for text in texts(report):
        assert HEADLINES[verdict] in text
        for other, sentence in HEADLINES.items():
            assert (sentence in text) == (other == verdict)
        assert ("at least as good, within 2 points" in text) == (verdict == "as good")
        # Non-inferiority has one side: nothing is ever called "as good" without "at least".
        assert not re.search(r"(?<!at least )\bas good\b", text, re.IGNORECASE)
        assert not [phrase for phrase in NEVER if phrase in text]
        if run.copies > 1:
            assert f"{run.texts * run.copies} test rows, {run.texts} distinct" in text
            assert "sign-flip test of whole groups" in text
        else:
            assert "distinct" not in text.replace("the fewer the distinct rows", "")
            assert "exact McNemar test on" in text


@pytest.mark.parametrize(("data", "verdict"), CASES)
def test_nothing_is_deployed_that_is_not_shown_to_be_better(data: str, verdict: str) -> None:
    report = report_of(data, verdict)
    deployed = "The fine-tuned model is deployed." in report.answer
    kept = "Keep qwen3-8b, which needs no tuning; nothing was deployed." in report.answer
    losing = bool(report.deployment.losing_labels)
    base = report.candidates[0].base
    assert base is not None
    versus = report.baselines[0].versus
    assert versus is not None
    # Not shown to be above the line, nor to tell labels apart: the balanced accuracy may be that of a constant answer.
    constant = 1 / sum(1 for item in base.per_label.values() if item.support)
    assert base.balanced_accuracy_interval is not None
    learned = versus.verdict == "better" or base.balanced_accuracy_interval[0] > constant
    below = versus.verdict == "worse" or not learned
    assert deployed == (verdict == "better" and not losing)
    assert kept == (not deployed and not below)
    assert ("None of the models that were asked is recommended: qwen3-8b as it is" in report.answer) == (
        not deployed and below
    )


@pytest.mark.parametrize(("data", "verdict"), CASES)
def test_the_bold_headline_says_what_is_shown_and_nothing_else(data: str, verdict: str) -> None:
    report = report_of(data, verdict)
    said, deployment, base = headline(report), report.deployment, report.candidates[0].base
    for text in texts(report):
        assert said.replace(" ", "") in text.replace("\\", "").replace(" ", "")
    assert base is not None
    starts = {
        "deployed": ("Use the fine-tuned qwen3-8b, which is deployed: ",),
        "keep-base": ("Keep qwen3-8b",),
        "keep-none": ("Nothing was deployed: ", "Use none of these models: "),
    }
    assert said.startswith(starts[deployment.decision])
    # A figure above the constant answer by more than what matters is one that cannot be told, or the shown one.
    tuned = report.candidates[0].tuned
    assert tuned is not None
    above = max(base.accuracy, tuned.accuracy) > base.majority_accuracy + report.asked.margin
    assert not ("Use none of these models" in said and above)
    assert ("which is deployed" in said) == (deployment.decision == "deployed")
    assert ("made it worse" in said) <= (verdict == "worse")
    assert ("cannot be told" in said) <= (verdict == "cannot be told" or deployment.decision == "keep-none")
    assert (GRID[data][verdict].copies > 1) == (", 40 distinct, right" in said)
    assert ("balanced accuracy" in said) <= (data == "imbalanced")
    if "right" in said and "Accuracy says little here" in report.answer:
        assert "balanced accuracy" in said
    assert not re.search(r"\bbest\b|does no better|none of these .* is better", said)
    assert len(said) <= MAX_HEADLINE


@pytest.mark.parametrize(("data", "verdict"), CASES)
def test_intervals_and_verdicts_never_disagree(data: str, verdict: str) -> None:
    report = report_of(data, verdict)
    comparison, versus = report.candidates[0].comparison, report.baselines[0].versus
    assert comparison is not None
    assert versus is not None
    judged = [
        (comparison.interval, comparison.judged_p, comparison.verdict),
        (versus.interval, versus.adjusted_p_value or 0.0, versus.verdict),
        *((pair.interval, pair.adjusted_p_value, pair.verdict) for pair in report.pairs),
    ]
    for (low, high), p_value, found in judged:
        assert (low > 0 or high < 0) == (p_value < 0.05) == (found in ("better", "worse"))


@pytest.mark.parametrize("verdict", list(TINY))
def test_copies_of_every_text_say_the_same(verdict: str) -> None:
    few, many = report_of("tiny", verdict), report_of("duplicated", verdict)
    assert few.choice is not None
    assert many.choice is not None
    assert (many.choice.rows, many.choice.groups) == (320, 40)
    figures = {"difference", "interval", "p_value", "adjusted_p_value", "verdict"}
    assert many.choice.model_dump(include=figures) == few.choice.model_dump(include=figures)
    stored = json.loads(many.model_dump_json())
    assert stored["groups"]["test"] == 40
    assert stored["candidates"][0]["base"]["groups"] == 40


@pytest.mark.parametrize("verdict", list(LARGE))
def test_ties_on_validation_are_called_ties(verdict: str) -> None:
    for text in texts(report_of("tied", verdict)):
        assert "tied on validation with qwen3-8b (base) at 80.0%" in text
        assert "taken because its validation loss is lower (0.3000 against 0.4000)" in text


@pytest.mark.parametrize("verdict", list(LARGE))
def test_candidates_that_cannot_be_told_apart_are_called_tied(verdict: str) -> None:
    report = report_of("large", verdict)
    assert bool(report.tied) == (verdict in ("as good", "cannot be told"))
    assert ("Tied, since no two of them can be told apart" in texts(report)[0]) == bool(report.tied)


def test_a_baseline_that_finds_no_rare_row_is_not_as_good() -> None:
    """97.5 % of the rows have one label: the model finds the others and misses a few, so accuracy shows nothing."""
    gold = ["ham"] * 312 + ["spam"] * 8
    always = frame([([label], ["ham"]) for label in gold])
    found = ["spam"] * 5 + ["ham"] * 307 + ["spam"] * 7 + ["ham"]
    model = frame([([label], [given]) for label, given in zip(gold, found, strict=True)])
    versus = compare(always, model, labels=("ham", "spam"), resamples=1000, test_f1=True)
    assert versus.verdict == "as good"
    assert need(versus) == "yes"
    twin = compare(always, always, labels=("ham", "spam"), resamples=1000, test_f1=True)
    assert need(twin) == "cannot be told", "eight rows show nothing of a label"
    many = frame([([label], [label]) for label in ["ham"] * 1000 + ["spam"] * 1000])
    assert need(compare(many, many, labels=("ham", "spam"), resamples=1000, test_f1=True)) == "no"
    assert need(compare(always.tail(1), model.tail(1), labels=("ham", "spam"), resamples=100, test_f1=True)) != "no"


def test_a_handful_of_rows_shows_no_baseline_to_be_enough() -> None:
    few = verdict_report(KnownRun(14, 1, 0, rare=0.3))
    assert few.baselines[0].versus is not None
    assert few.baselines[0].versus.needed == "cannot be told"
    for text in texts(few):
        assert "cannot be told on 14 test rows" in text
        assert "No language model is needed" not in text
