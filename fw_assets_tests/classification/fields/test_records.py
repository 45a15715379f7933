"""Records as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.fields.records import (
    RepeatedName,
    Scalar,
    normal_form,
    read_record,
    record_json,
    value_text,
)

_WRITABLE = st.characters(exclude_categories=["Cs"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(_WRITABLE)
)


@given(st.dictionaries(st.text(_WRITABLE, min_size=1), SCALARS, min_size=1))
def test_a_record_is_read_as_it_was_written(record: dict[str, Scalar]) -> None:
    assert read_record(record_json(record)) == record


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "billing",
        "[1]",
        '{"a": ',
        '{"": 1}',
        "{" * 100_000 + "}" * 100_000,
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
    ],
)
def test_what_is_no_record(answer: str | None) -> None:
    assert read_record(answer) is None


def test_values_as_people_read_them() -> None:
    assert [value_text(value) for value in ("x", True, 3, None)] == ["x", "true", "3", "null"]


@pytest.mark.parametrize("same", ["A-17 b", "  a-17\tB. ", "“A-17 b”", "Ａ-17 b"])
def test_the_normal_form_does_not_count_spelling(same: str) -> None:
    assert normal_form(same) == "a-17 b"
    assert normal_form("A 17 b") != normal_form(same)


def test_a_name_that_is_written_twice() -> None:
    assert read_record('{"a": 1, "b": [{"c": 2, "c": 2}], "a": 1}') == {"a": 1, "b": [{"c": 2}]}
    for answer in ('{"a": 1, "a": 2}', '{"b": {"a": "x", "a": "y"}}', '{"a": 1, "a": true}'):
        with pytest.raises(RepeatedName, match="a"):
            read_record(answer)
