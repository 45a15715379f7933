from __future__ import annotations

import io

import pytest
from rich.console import Console

from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view, show
from fw_assets.report.schema.confidence import NullControl
from fw_assets.report.schema.dataset import SplitGroups
from fw_assets.report.schema.looks import Look, Looks
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.answer import first_screen
from fw_assets.report.sections.looks import extra_reads, looks_sentence, ordinal, reads_sentence
from fw_assets_tests.report.samples import sample_report


def seen(number: int, extra: int = 0) -> Report:
    earlier = tuple(
        Look(test_digest="5f5f", plan=f"p{i}", dataset="tickets", at=f"2026-11-0{i}T09:00:00", extra_reads=extra)
        for i in range(1, number)
    )
    return sample_report(looks=Looks(number=number, earlier=earlier))


def test_the_first_look_is_not_worth_a_word() -> None:
    assert looks_sentence(seen(1)) == looks_sentence(sample_report()) == ""


def test_the_second_look_is_the_first_thing_that_a_report_says() -> None:
    report = seen(2)
    question, reply = first_screen(report).rows[0]
    assert question == "Are the test rows fresh?"
    assert reply.startswith("2nd look at these 300 test rows: the plan p1 of tickets was read on 2026-11-01.")
    console = Console(file=io.StringIO(), width=200)
    show(report_view(report), console)
    assert isinstance(console.file, io.StringIO)
    for text in (render_markdown(report), render_html(report), console.file.getvalue()):
        assert "2nd look at these 300 test rows" in text


@pytest.mark.parametrize(("number", "advised"), [(4, False), (5, True), (9, True)])
def test_the_fifth_look_recommends_fresh_rows(number: int, advised: bool) -> None:
    sentence = looks_sentence(seen(number))
    assert ("Label fresh test rows" in sentence) == advised
    assert (f"and {number - 4} plan" in sentence) == (number > 4)


def partly(shared: list[int | None], shown: int) -> Report:
    report = seen(len(shared) + 1)
    assert report.looks is not None
    earlier = [item.model_copy(update={"shared": n}) for item, n in zip(report.looks.earlier, shared, strict=True)]
    return report.model_copy(
        update={"looks": report.looks.model_copy(update={"earlier": tuple(earlier), "seen": shown})}
    )


def test_rows_that_were_shown_before_are_counted() -> None:
    once = looks_sentence(partly([40], 40))
    assert once.startswith("40 of these 300 test rows were shown before, once each on average: the plan p1 of tickets")
    assert "was read on 2026-11-01 (40 of them). What was changed" in once
    often = looks_sentence(partly([280, None, 290, 270], 295))
    assert often.startswith("295 of these 300 test rows were shown before, 3.9 times each on average: ")
    assert "Label fresh test rows" in often
    assert "Label fresh" not in looks_sentence(partly([3] * 6, 5))
    assert looks_sentence(partly([None], 300)).startswith("2nd look at these 300 test rows")
    alike = partly([40], 40).model_copy(update={"groups": SplitGroups(train=9, validation=9, test=25)})
    assert looks_sentence(alike).startswith("40 of these 300 test rows, 25 distinct, were shown before, once")


def test_reads_of_the_same_run_are_counted() -> None:
    report = sample_report()
    assert reads_sentence(report).startswith("The test rows were read once per model")
    first = report.candidates[0]
    assert first.base is not None
    control = NullControl(rows=300, gained=1, lost=2, p_value=1.0)
    base = first.base.model_copy(update={"null_control": control})
    more = report.model_copy(update={"candidates": (first.model_copy(update={"base": base}), *report.candidates[1:])})
    assert extra_reads(more) == extra_reads(report) + (first.base.null_control is None)
    assert "1 time for the null control" in reads_sentence(more)
    assert "read them 6 more times" in looks_sentence(seen(4, extra=2))


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th")
    ]
