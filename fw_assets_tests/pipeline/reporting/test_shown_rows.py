"""Rows that looks share: by text, exact up to the size of a sample, and stored as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.pipeline.reporting.shown_rows import MAX_DIGESTS, ShownRows

TEXTS = st.lists(st.sampled_from([f"text {number}" for number in range(12)]), max_size=30)


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_rows_are_shared_by_their_texts(texts: list[str], others: list[list[str]]) -> None:
    known = {text for other in others for text in other}
    rows = ShownRows.of(texts)
    assert rows.shared(*map(ShownRows.of, others)) == sum(text in known for text in texts)


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=30))
def test_what_is_stored_is_read_back(texts: list[str]) -> None:
    rows = ShownRows.of(texts)
    again = ShownRows.decode(rows.encode())
    assert again is not None
    assert (again.rows, again.level) == (rows.rows, rows.level) == (len(texts), 0)
    assert again.shared(rows) == rows.shared(again) == len(texts)


def test_case_spacing_and_forms_make_no_other_row() -> None:
    assert ShownRows.of(["My card\nhas  a ﬁne"]).shared(ShownRows.of([" my CARD has a fine"])) == 1
    assert ShownRows.of(["my card"]).shared(ShownRows.of(["my cards"])) == 0


def test_many_rows_are_a_sample_that_is_the_same_of_every_set() -> None:
    rows = ShownRows.of(f"row {number}" for number in range(200_000))
    other = ShownRows.of(f"row {number}" for number in range(150_000, 400_000))
    few = ShownRows.of(f"row {number}" for number in range(199_000, 201_000))
    assert max(rows.digests.size, other.digests.size) <= MAX_DIGESTS
    assert len(rows.encode()) <= 16 * MAX_DIGESTS + 16
    assert rows.shared(other) == pytest.approx(50_000, rel=0.1)
    assert rows.shared(rows) == 200_000
    assert few.shared(rows) == pytest.approx(1_000, rel=0.3)


@pytest.mark.parametrize("data", [b"", b"x" * 8, b"x" * 31, np.arange(9, -1, -1, dtype="<u8").tobytes()])
def test_what_is_damaged_is_no_set_of_rows(data: bytes) -> None:
    assert ShownRows.decode(data) is None
