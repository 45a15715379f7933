"""Accuracy by similarity: bins, the exact test compared with scipy, and what the report says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from fw_assets.report.assembly.similarity import NEAR, fewer_right, similarity_result
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.sections.similarity import cautions
from fw_assets_tests.report.samples import sample_report


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_the_test_is_fishers(rows: int, others: int, data: st.DataObject) -> None:
    right, other_right = data.draw(st.integers(0, rows)), data.draw(st.integers(0, others))
    table = [[right, rows - right], [other_right, others - other_right]]
    expected = fisher_exact(table, alternative="less").pvalue
    assert fewer_right(right, rows, other_right, others) == pytest.approx(expected)


def test_every_row_is_in_one_bin() -> None:
    similarity = np.array([0.0, 0.2, 0.59, NEAR, 0.99, 1.0])
    result = similarity_result("m", "base", similarity, np.array([False, True, True, True, True, False]), 10)
    assert [item.rows for item in result.bins] == [1, 1, 1, 1, 2]
    assert (result.near_rows, result.far_rows, result.train_rows) == (3, 3, 10)
    assert [item.accuracy for item in result.bins] == [0, 1, 1, 1, 0.5]


def test_the_report_says_when_far_rows_are_answered_worse() -> None:
    near, far = np.full(270, 0.8), np.full(52, 0.1)
    correct = np.concatenate((np.arange(270) >= 3, np.arange(52) >= 6))
    result = similarity_result("char-ngram", "fine-tuned", np.concatenate((near, far)), correct, 900)
    content = sample_report().model_copy(update={"similarity": (result,)})
    (said,) = cautions(content)
    assert "98.9% of the 270 test rows with a near twin in training, and on 88.5% of the 52 others" in said
    markdown = render_markdown(content)
    assert "near twin in training" in markdown
    assert "### Rows near to training rows, and others" in markdown
    assert "Rows near to training rows, and others" in render_html(content)
    even = similarity_result("char-ngram", "fine-tuned", np.concatenate((near, far)), np.ones(322, bool), 900)
    assert cautions(content.model_copy(update={"similarity": (even,)})) == ()


def test_nothing_is_said_without_training_rows_or_in_older_reports() -> None:
    assert "Rows near to training rows" not in render_markdown(sample_report())
    alone = similarity_result("m", "fine-tuned", np.array([0.9]), np.array([True]), 3)
    assert alone.p_value is None
    assert alone.far_accuracy is None
