"""Accuracy by similarity: bins, copies counted once, the test beside other exact ones, and what the report says."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import fisher_exact

from fw_assets.classification.intervals import wilson
from fw_assets.report.advice.headline import headline
from fw_assets.report.assembly.similarity import NEAR, similarity_result
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.rendering.terminal import report_view, show
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.similarity import SimilarityResult
from fw_assets.report.sections.answer import answer, answer_parts, questions
from fw_assets.report.sections.candidates import ordered
from fw_assets.report.sections.similarity import cautions, similarity
from fw_assets_tests.report.samples import sample_report


def result_of(similarities: NDArray[np.float64], correct: NDArray[np.bool_], copies: int = 1) -> SimilarityResult:
    """The result of so many copies of every row."""
    groups = np.repeat(np.arange(similarities.size, dtype=np.uint64), copies)
    return similarity_result(
        "char-ngram", "fine-tuned", np.repeat(similarities, copies), groups, np.repeat(correct, copies), 900
    )


def shares(right: int, rows: int, other_right: int, other_rows: int, copies: int = 1) -> SimilarityResult:
    """The result where so many of the far rows are right, and so many of the near ones."""
    correct = np.concatenate((np.arange(rows) < right, np.arange(other_rows) < other_right))
    return result_of(np.concatenate((np.full(rows, 0.1), np.full(other_rows, 0.8))), correct, copies)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(2, 8), st.data())
def test_copies_count_once(rows: int, others: int, copies: int, data: st.DataObject) -> None:
    right, other_right = data.draw(st.integers(0, rows)), data.draw(st.integers(0, others))
    once, copied = (shares(right, rows, other_right, others, number) for number in (1, copies))
    assert once.p_value is not None
    assert copied.p_value is not None
    assert copied.p_value >= once.p_value - 1e-9 or once.p_value > 0.5
    assert (copied.far_rows, copied.far_groups, copied.near_groups) == (rows * copies, rows, others)
    for item, same in zip(copied.bins, once.bins, strict=True):
        if item.interval and same.interval:
            assert item.interval[1] - item.interval[0] >= same.interval[1] - same.interval[0] - 1e-9


def test_eight_copies_of_a_difference_by_chance_are_no_evidence() -> None:
    p_value = shares(13, 20, 16, 20, copies=8).p_value
    assert p_value is not None
    assert p_value > 0.1
    copied = fisher_exact([[8 * 13, 8 * 7], [8 * 16, 8 * 4]], alternative="less").pvalue
    assert copied < 0.005, "which is what counting copies as rows would say"


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_side_of_the_test_is_that_of_the_difference(rows: int, others: int, data: st.DataObject) -> None:
    right, other_right = data.draw(st.integers(0, rows)), data.draw(st.integers(0, others))
    p_value = shares(right, rows, other_right, others).p_value
    assert p_value is not None
    assert (p_value < 0.5) <= (right / rows < other_right / others)
    exact = fisher_exact([[right, rows - right], [other_right, others - other_right]], alternative="less").pvalue
    if p_value < 0.05:
        assert exact < 0.11, "of the same order as another exact test where every row is distinct"


def test_intervals_of_distinct_rows_are_wilsons() -> None:
    result = shares(5, 9, 20, 30)
    share = wilson(5, 9)
    assert result.bins[0].interval == pytest.approx((share.low, share.high))


def test_every_row_is_in_one_bin() -> None:
    similarities = np.array([0.0, 0.2, 0.59, NEAR, 0.99, 1.0])
    result = result_of(similarities, np.array([False, True, True, True, True, False]))
    assert [item.rows for item in result.bins] == [1, 1, 1, 1, 2]
    assert (result.near_rows, result.far_rows, result.train_rows) == (3, 3, 900)
    assert [item.accuracy for item in result.bins] == [0, 1, 1, 1, 0.5]


def test_the_report_says_when_far_rows_are_answered_worse() -> None:
    content = sample_report().model_copy(update={"similarity": (shares(46, 52, 267, 270),)})
    (said,) = cautions(content)
    assert "98.9% of the 270 test rows with a near twin in training, and on 88.5% of the 52 others" in said
    assert said.endswith("expect between 77.0% and 94.6% on new texts.")
    markdown = render_markdown(content)
    assert "near twin in training" in markdown
    assert "\n## Rows near to training rows, and others" in markdown, "a part of its own, not of the slices"
    assert "Rows near to training rows, and others" in render_html(content)
    assert cautions(content.model_copy(update={"similarity": (shares(52, 52, 270, 270),)})) == ()


def near_and_far(far_right: int) -> Report:
    """The report whose fine-tuned winner has so many of the 52 far rows right, and 267 of the 270 near ones."""
    sample = sample_report()
    name = sample.candidates[0].model
    tuned = shares(far_right, 52, 267, 270).model_copy(update={"model": name})
    base = shares(30, 52, 150, 270).model_copy(update={"model": name, "kind": "base"})
    content = sample.model_copy(update={"similarity": (base, tuned)})
    return content.model_copy(update={"answer": answer(content)})


def test_the_headline_says_what_to_expect_on_new_texts() -> None:
    content = near_and_far(46)
    figures = (
        "is right on 98.9% of the 270 test rows that are near to training rows, and on 88.5% of the 52 test rows that "
        "are not"
    )
    expected = "expect between 77.0% and 94.6% on new texts."
    head, _ = answer_parts(content)
    assert figures in head
    assert expected in head
    assert head.index("Fine-tuning helped") < head.index(figures) < head.index("is deployed"), "beside the figure"
    out = io.StringIO()
    show(report_view(content), Console(file=out, width=2_000))
    for text in (render_markdown(content), render_html(content), out.getvalue()):
        assert text.index(figures) < text.index(expected)
        assert "with a near twin in training" not in text, "said once"
        assert "The test rows flatter it: 98.9% right on those near to training rows, 88.5% on those that are" in text
        assert "so that between 77.0% and 94.6% is to be expected on new texts" in text
    assert "<dt>On new texts</dt><dd><b>77.0–94.6%</b>" in render_html(content)
    assert "(between 77.0% and 94.6% on new texts)" in headline(content)
    reply = dict(questions(content))["And on new texts?"]
    assert reply.startswith("Between 77.0% and 94.6%: the 95% interval of its share on the 52 test rows")
    assert "which is 88.5%, where it has 57.7% without tuning" in reply


def test_a_report_of_before_has_the_share_alone() -> None:
    content = near_and_far(46)
    old = tuple(item.model_copy(update={"far_interval": None}) for item in content.similarity)
    content = content.model_copy(update={"similarity": old})
    content = content.model_copy(update={"answer": answer(content)})
    assert "expect about 88.5% on new texts." in content.answer
    assert dict(questions(content))["And on new texts?"].startswith(
        "About 88.5%: that is its share on the 52 test rows"
    )
    assert "<dt>On new texts, about</dt><dd><b>88.5%</b>" in render_html(content)
    assert "88.5% on those that are not, which is what to expect on new texts." in render_markdown(content)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 8), st.data())
def test_the_interval_of_far_rows_is_that_of_their_groups(rows: int, copies: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, rows))
    result, once = shares(right, rows, 20, 30, copies), shares(right, rows, 20, 30)
    assert result.far_interval is not None
    assert once.far_interval is not None
    assert result.far_interval[0] <= once.far_interval[0] + 1e-9 <= right / rows + 2e-9
    assert right / rows <= once.far_interval[1] + 1e-9 <= result.far_interval[1] + 2e-9


EXPECTED = "Expect new texts to be answered as the less similar rows are."


def test_what_new_texts_are_answered_as_is_said_where_a_difference_is_shown() -> None:
    sample = sample_report()
    worse, alike = shares(46, 52, 267, 270), shares(51, 52, 267, 270)
    near = result_of(np.full(40, 0.7), np.arange(40) < 30)
    far = result_of(np.full(40, 0.1), np.arange(40) < 30)
    untuned = worse.model_copy(update={"kind": "base"})
    for results, said in (((worse,), True), ((alike, worse), True), ((alike, near, far, untuned), False)):
        content = sample.model_copy(update={"similarity": results})
        for text in (render_markdown(content), render_html(content)):
            assert "Similarity is that of a test row to its nearest training row" in text
            assert (EXPECTED in text) == said


def test_free_models_have_their_figure_on_new_texts_too() -> None:
    content = near_and_far(46)
    free = shares(45, 52, 200, 270).model_copy(update={"model": "tfidf", "kind": "baseline"})
    poor = free.model_copy(update={"model": "majority", "far_accuracy": 0.25})
    content = content.model_copy(update={"similarity": (poor, free, *content.similarity)})
    reply = dict(questions(content))["And on new texts?"]
    assert "57.7% without tuning, and TF-IDF with logistic regression, which is free, 86.5%." in reply
    assert [row[:2] for row in similarity(content).rows][-1] == ("TF-IDF with logistic regression", "baseline")
    assert "The fine-tuned tfidf" not in render_markdown(content)


def test_the_headline_says_nothing_of_new_texts_where_far_rows_are_answered_as_well() -> None:
    content = near_and_far(52)
    assert "new texts" not in content.answer
    assert "And on new texts?" not in dict(questions(content))
    assert "flatter it" not in render_markdown(content)
    assert "On new texts" not in render_html(content)


def test_an_answer_from_before_keeps_its_caution() -> None:
    content = near_and_far(46).model_copy(update={"answer": sample_report().answer})
    assert len(cautions(content)) == 1


def test_the_report_says_how_many_rows_are_distinct() -> None:
    content = sample_report().model_copy(update={"similarity": (shares(10, 40, 39, 40, copies=2),)})
    (said,) = cautions(content)
    assert "of the 80 test rows, 40 distinct, with a near twin in training, and on 25.0% of the 80 others, 40" in said
    assert [row[3] for row in similarity(content).rows] == ["80 (40 distinct)", "80 (40 distinct)"]


def test_models_come_in_the_order_of_the_other_tables() -> None:
    content = sample_report()
    names = [item.model for item in ordered(content)]
    plain = shares(5, 9, 20, 30)
    results = [plain.model_copy(update={"model": n, "kind": k}) for k in ("fine-tuned", "base") for n in sorted(names)]
    rows = similarity(content.model_copy(update={"similarity": tuple(results)})).rows
    kinds = [(name, kind) for name in names for kind in ("base", "fine-tuned")]
    assert [(row[0], row[1]) for row in rows[::2]] == [(name.rsplit("/", 1)[-1], kind) for name, kind in kinds]


def test_an_adapter_is_called_one() -> None:
    sample = sample_report()
    first = sample.candidates[0].model_copy(update={"adapter_of": "accounts/fireworks/models/other"})
    result = shares(5, 9, 20, 30).model_copy(update={"model": first.model, "kind": "base"})
    report = sample.model_copy(update={"candidates": (first, *sample.candidates[1:]), "similarity": (result,)})
    assert {row[1] for row in similarity(report).rows} == {"adapter"}


def test_nothing_is_said_without_training_rows_or_in_older_reports() -> None:
    assert "Rows near to training rows" not in render_markdown(sample_report())
    alone = result_of(np.array([0.9]), np.array([True]))
    assert alone.p_value is None
    assert alone.far_accuracy is None
