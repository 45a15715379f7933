from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view, show
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.slices import SliceChangeResult, SliceResult, Slices, UnjudgedSlice
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.sections.slices import notes, slice_cautions, slices
from fw_assets_tests.report.hostile import LABELS
from fw_assets_tests.report.samples import sample_report


def judged(name: str, worse: bool, change: str = "cannot be told", field: str = "tier") -> SliceResult:
    return SliceResult(
        field=field,
        name=name,
        rows=80,
        groups=60,
        accuracy=0.5,
        interval=(0.4, 0.6),
        rest_accuracy=0.9,
        difference=-0.4,
        difference_interval=(-0.6, -0.1 if worse else 0.1),
        p_value=0.001,
        adjusted_p_value=0.004 if worse else 0.9,
        verdict="worse" if worse else "cannot be told",
        shown_worse=worse,
        change=SliceChangeResult.model_validate(
            {
                "before": 0.8,
                "after": 0.5,
                "gained": 1,
                "lost": 25,
                "difference": -0.3,
                "interval": (-0.5, -0.1),
                "p_value": 0.0001,
                "adjusted_p_value": 0.0003,
                "verdict": change,
            }
        ),
    )


def report_of(*results: SliceResult, **update: Any) -> Report:
    fields: dict[str, Any] = {
        "model": "char-ngram",
        "kind": "tuned",
        "tuned": "char-ngram",
        "comparisons": 4,
        "changes": 3,
        "min_groups": 20,
        "margin": 0.02,
        "results": results,
    }
    return sample_report(slices=Slices.model_validate(fields | update))


def shown(report: Report) -> tuple[str, str, str]:
    console = Console(file=io.StringIO(), width=300)
    show(report_view(report), console)
    assert isinstance(console.file, io.StringIO)
    return render_markdown(report), render_html(report), console.file.getvalue()


def test_a_report_without_slices_has_no_section() -> None:
    assert all("By slice" not in text for text in shown(sample_report()))


def test_every_form_has_the_slices_and_how_they_were_judged() -> None:
    small = UnjudgedSlice(field="tier", name="free", rows=9, groups=8)
    report = report_of(judged("gold", worse=True), unjudged=(small,), notes=("id has 90 values",))
    for text in shown(report):
        assert "By slice" in text
        assert "gold" in text
    said = " ".join(notes(report))
    assert "hold together for all 4 comparisons" in said
    assert "20 distinct test rows" in said
    assert "tier = free (9 test rows, 8 distinct)" in said
    assert "id has 90 values." in said
    assert slices(report).rows[0][2:6] == ("80 (60 distinct)", "50.0% (40.0–60.0%)", "90.0%", "−40.0 (−60.0 to −10.0)")


def test_the_terminal_has_no_empty_table_and_the_column_that_its_note_explains() -> None:
    small = UnjudgedSlice(field="tier", name="free", rows=9, groups=8)
    _, _, terminal = shown(report_of(unjudged=(small,)))
    assert "Not judged, for lack of rows" in terminal
    assert "Against the rest" not in terminal
    _, _, terminal = shown(report_of(judged("gold", worse=True)))
    assert terminal.count("Fine-tuning") > terminal.count("“Fine-tuning”")
    (head,) = [line for line in terminal.splitlines() if "Against the rest" in line]
    assert "Fine-tuning" in head


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (judged("gold", worse=True), "The fine-tuned char-ngram is right on 50.0% of the rows with tier = gold"),
        (judged("gold", worse=False), None),
        (judged("gold", worse=False, change="worse"), "Fine-tuning made char-ngram worse on the rows with tier = gold"),
    ],
)
def test_what_is_shown_to_be_worse_is_a_caution(result: SliceResult, said: str | None) -> None:
    report = report_of(result)
    cautions = slice_cautions(report)
    assert [text for text in caveats(report) if "tier = gold" in text] == list(cautions)
    if said is None:
        assert cautions == ()
    else:
        assert len(cautions) == 1
        assert cautions[0].startswith(said)
        assert "after adjustment for" in cautions[0]


def test_a_base_model_has_no_columns_of_tuning() -> None:
    report = report_of(judged("gold", worse=True).model_copy(update={"change": None}), kind="base", tuned=None)
    assert len(slices(report).rows[0]) == len(slices(report).columns) == 7
    assert slice_cautions(report)[0].startswith("The base model char-ngram is right on")


def test_hostile_values_stay_text() -> None:
    report = report_of(*(judged(name, worse=True, field=name) for name in LABELS))
    markdown, page, terminal = shown(report)
    assert "<script>alert(1)</script>" not in page
    assert "\x1b[31m" not in terminal
    assert "\n# x" not in markdown


def test_a_computed_field_says_what_it_is() -> None:
    report = report_of(judged("Latin", worse=False, field="language"), whats={"language": "script"})
    assert slices(report).rows[0][:2] == ("language (script)", "Latin")
