"""Baselines, confidence, unconstrained rows, cost and learning curve in the renderings."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fw_assets.report.assembly.snippets import python_snippet
from fw_assets.report.plots import confidence as plots
from fw_assets.report.plots.charts import standalone
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view
from fw_assets.report.schema.confidence import CostPoint, mark_dominated
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.confidence import is_needed
from fw_assets_tests.report.samples import INTENTS, report, request_body
from fw_assets_tests.report.supplementary_samples import beside, confidence


def shown(made: Report) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(report_view(made))
    return console.export_text()


def test_the_baselines_stand_in_the_same_table_everywhere() -> None:
    made = beside(report())
    for text in (render_markdown(made), render_html(made), shown(made)):
        assert "TF-IDF with logistic regression" in text
        assert "always the most frequent label" in text
    assert "No language model is needed" not in made.answer


@pytest.mark.parametrize("verdict", ["worse", "no evidence of a difference"])
def test_the_answer_says_when_no_language_model_is_needed(verdict: Any) -> None:
    made = beside(report(), verdict=verdict)
    assert is_needed(made) is False
    assert "No language model is needed here: TF-IDF with logistic regression" in made.answer
    for text in (render_markdown(made), render_html(made), shown(made)):
        assert "No language model is needed here" in " ".join(text.split())


def test_what_a_platform_said_is_escaped() -> None:
    made = beside(report(), why="<script>alert(1)</script> | `x`")
    assert "<script>alert(1)" not in render_html(made)
    assert "\\<script>alert(1)" in render_markdown(made)
    assert "not supported" in render_markdown(made)


def test_a_report_without_any_of_it_says_nothing_of_it() -> None:
    for text in (render_markdown(report()), render_html(report())):
        assert "Would more labels help" not in text
        assert "confidence can be trusted" not in text


def test_the_charts_are_well_formed_on_their_own() -> None:
    made = beside(report())
    candidate = made.candidates[0]
    assert candidate.tuned is not None
    assert candidate.tuned.confidence is not None
    charts = [
        plots.reliability(candidate.tuned.confidence),
        plots.risk_coverage(candidate.tuned.confidence),
        plots.cost_accuracy(made.costs),
        plots.learning_curve(candidate.learning),
    ]
    for chart in charts:
        ElementTree.fromstring(standalone(chart))
        assert "nan" not in chart


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, None]), st.sampled_from([0.5, 0.7, 0.9])), max_size=8))
def test_the_points_that_are_not_dominated_are_the_front(pairs: list[tuple[float | None, float]]) -> None:
    points = tuple(
        CostPoint(name=str(i), kind="base", accuracy=a, interval=(0, 1), usd_per_1000=c)
        for i, (c, a) in enumerate(pairs)
    )
    marked = mark_dominated(points)
    front = [p for p in marked if not p.dominated and p.usd_per_1000 is not None]
    known = [p for p in marked if p.usd_per_1000 is not None]
    assert bool(front) == bool(known)
    for point in known:
        better = any(
            (q.usd_per_1000 or 0.0, -q.accuracy) != (point.usd_per_1000 or 0.0, -point.accuracy)
            and (q.usd_per_1000 or 0.0) <= (point.usd_per_1000 or 0.0)
            and q.accuracy >= point.accuracy
            for q in front
        )
        assert point.dominated == better
    assert not any(p.dominated for p in marked if p.usd_per_1000 is None)


@pytest.mark.parametrize(("logprob", "sure"), [(-0.001, True), (-1.2, False)])
def test_the_snippet_leaves_doubtful_rows_to_a_person(
    logprob: float, sure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = confidence(0.85, 3)
    assert fitted.threshold is not None
    code = python_snippet(model="m", body=request_body(INTENTS), account="a", confidence=fitted)
    asked: list[dict[str, Any]] = []

    class Client:
        def __init__(self, **_: Any) -> None:
            self.chat = SimpleNamespace(completions=SimpleNamespace(create=self.create))

        def create(self, **body: Any) -> Any:
            asked.append(body)
            logprobs = SimpleNamespace(content=[SimpleNamespace(logprob=logprob)])
            message = SimpleNamespace(content="billing")
            return SimpleNamespace(choices=[SimpleNamespace(message=message, logprobs=logprobs)])

    monkeypatch.setitem(__import__("sys").modules, "fireworks", SimpleNamespace(Fireworks=Client))
    monkeypatch.setenv("FIREWORKS_API_KEY", "k")
    monkeypatch.setattr("sys.argv", ["predict"])
    scope: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), scope)
    assert scope["predict"]("anything") == ("billing" if sure else None)
    assert asked[0]["logprobs"] is True
    raw = math.exp(logprob)
    calibrated = 1 / (1 + math.exp(-(math.log(raw / (1 - raw)) / fitted.temperature + fitted.shift)))
    assert (calibrated >= fitted.threshold) == sure
