"""Fields in the report: tables, the headline, cautions, and text that would be markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from fw_assets.classification.metrics.record_scores import record_scores
from fw_assets.classification.selection.record_comparison import compare_records
from fw_assets.report.assembly.fields import fields_result
from fw_assets.report.assembly.pairs import pair_result
from fw_assets.report.fields.sentences import field_cautions, gained_sentence
from fw_assets.report.fields.tables import fields, models, notes
from fw_assets.report.formatting import short
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view, show
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.answer import answer, questions
from fw_assets.report.sections.caveats import caveats
from fw_assets.report.sections.deployment import deployment
from fw_assets.report.sections.verdicts import choice
from fw_assets_tests.classification.records import FIELDS, predictions, record, said
from fw_assets_tests.report.hostile import LABELS
from fw_assets_tests.report.samples import sample_report

NAMES = tuple(field.name for field in FIELDS)
ROWS = 120


def with_fields(gained: int, lost: int, names: tuple[str, ...] = NAMES, *, rival: str = "") -> Report:
    """The sample's best model gains so many topics, loses so many stars, and is never right in notes.

    Args:
        rival: the best model that needs no tuning, where that is not its own base.
    """
    sample = sample_report()
    model = short(next(item.model for item in sample.candidates if item.tuned))
    gold = [record("food", 1, "see A-1")] * ROWS
    before = [record("room" if i < gained else "food", 1, "see a-1") for i in range(ROWS)]
    after = [record("food", 2 if i < lost else 1, "see a-1") for i in range(ROWS)]
    first, second = (predictions(gold, said(*given)) for given in (before, after))
    asked = [field.model_copy(update={"name": name}) for field, name in zip(FIELDS, names, strict=True)]
    base = rival or model
    compared = compare_records([first], [second], names=names, margin=0.02)
    scores = {
        (model, "base"): record_scores([first], asked),
        (model, "tuned"): record_scores([second], asked),
        (base, "base"): record_scores([first], asked),
    }
    pairs = {(model, model): compared, (base, model): compared}
    chosen = pair_result((base, "base"), (model, "tuned"), compared.mean)
    return sample.model_copy(
        update={"fields": fields_result(asked, scores, pairs, 0.02), "choice": chosen}  # type: ignore[arg-type]
    )


def printed(report: Report) -> str:
    out = io.StringIO()
    show(report_view(report), Console(file=out, width=160))
    return out.getvalue()


def test_every_field_has_a_line_with_its_verdict() -> None:
    report = with_fields(60, 30)
    model = models(report)[0]
    table = fields(report, model)
    cells = {row[0]: row for row in table.rows}
    assert list(cells) == [*NAMES, "All fields", "Whole object"]
    assert [cells[name][1] for name in NAMES] == ["3", "4", "free text"]
    assert [cells[name][-1] for name in NAMES] == ["better", "worse", "cannot be told"]
    assert cells["topic"][3].startswith("50.0%")
    assert cells["topic"][4].startswith("100.0%")
    assert "100.0% alike" in cells["note"][4]
    assert cells["All fields"][-1] == "better"


def test_the_answer_is_about_all_fields() -> None:
    report = with_fields(60, 0)
    found = choice(report)
    assert found is not None
    assert (found.fields, found.verdict) == (3, "better")
    assert found.difference == pytest.approx(60 / 360)
    said = answer(report)
    assert "50.0%" in said
    assert "66.7% of all 3 fields of 120 test rows" in said
    assert "better in topic (+50.0 points); not shown to differ in stars (0.0 points) and note (0.0 points)" in said
    asked = dict(questions(report))
    assert asked["Which fields gained?"] == gained_sentence(report)
    assert "values gained" in asked["By how much?"]
    assert "sign-flip test" in asked["Is it real?"]


def test_the_best_model_may_be_held_against_another_base_model() -> None:
    report = with_fields(60, 30, rival="qwen3-32b")
    found = choice(report)
    assert found is not None
    assert not found.own
    assert found.untuned == "qwen3-32b"
    said = answer(report)
    assert "against qwen3-32b is better in topic (+50.0 points); worse in stars (−25.0 points)" in said
    assert "qwen3-32b, the model that needs no tuning and was best on the validation rows" in said
    assert len(models(report)) == len(set(models(report)))
    assert "qwen3-32b" in models(report)
    assert "Macro-F1" in [column.name for column in fields(report, "qwen3-32b").columns]


def test_a_field_that_lost_is_a_caution() -> None:
    (caution,) = field_cautions(with_fields(60, 30))
    assert "worse in stars (−25.0 points, p < 0.0001)" in caution
    assert caution in caveats(with_fields(60, 30))
    assert field_cautions(with_fields(60, 0)) == ()


def test_the_check_by_field_stands_beside_the_decision() -> None:
    rows = [row for lost in (0, 30) for row in deployment(with_fields(60, lost)).rows]
    cells = [text for title, text in rows if title == "Check by field"]
    assert cells == ["None of the 3 fields is shown to be worse, 1 is better.", "stars is shown to be worse."]
    assert "Check by field" not in [row[0] for row in deployment(sample_report()).rows]


def test_all_renderings_have_the_fields() -> None:
    report = with_fields(60, 30)
    for text in (render_markdown(report), render_html(report), printed(report)):
        assert "Per field" in text
        assert "Whole object" in text
        assert "free text" in text


def test_a_report_without_fields_says_nothing_of_them() -> None:
    report = sample_report()
    assert (models(report), notes(report), gained_sentence(report), field_cautions(report)) == ((), (), "", ())
    for text in (render_markdown(report), render_html(report), printed(report)):
        assert "Per field" not in text


def test_names_from_outside_are_no_markup() -> None:
    report = with_fields(60, 30, ("<b>x</b>", "**y**|", LABELS[0]))
    assert "<b>x</b>" not in render_html(report)
    assert Report.model_validate_json(report.model_dump_json()) == report
