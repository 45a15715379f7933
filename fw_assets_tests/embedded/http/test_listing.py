"""Pages, filters, order and masks."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded.errors import ApiError
from fw_assets.embedded.http.filters import parse_filter
from fw_assets.embedded.http.listing import masked, page

DOCUMENTS: list[dict[str, Any]] = [
    {
        "name": f"n{i}",
        "state": "READY" if i % 2 else "CREATING",
        "exampleCount": str(i),
        "public": i == 3,
        "a": {"b": i},
    }
    for i in range(12)
]


def names(query: dict[str, str]) -> list[str]:
    return [document["name"] for document in page("things", DOCUMENTS, query)["things"]]


@given(st.integers(1, 15))
def test_pages_follow_each_other_without_gap_or_repeat(size: int) -> None:
    seen: list[str] = []
    token = ""
    while True:
        shown = page("things", DOCUMENTS, {"pageSize": str(size), "pageToken": token, "orderBy": "exampleCount desc"})
        seen += [document["name"] for document in shown["things"]]
        assert shown["totalSize"] == 12
        token = shown["nextPageToken"]
        if not token:
            break
    assert seen == [f"n{i}" for i in range(11, -1, -1)]


def test_a_token_goes_on_after_its_last_item_when_others_vanish() -> None:
    first = page("things", DOCUMENTS, {"pageSize": "3", "orderBy": "exampleCount"})
    after = page(
        "things",
        DOCUMENTS[1:],
        {"pageSize": "1", "pageToken": first["nextPageToken"], "orderBy": "exampleCount"},
    )
    assert after["things"][0]["name"] == "n3"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state=READY", {1, 3, 5, 7, 9, 11}),
        ('state="READY" AND exampleCount > 6', {7, 9, 11}),
        ("state=READY exampleCount<=3", {1, 3}),
        ("NOT state=READY AND (exampleCount=2 OR a.b = 4)", {2, 4}),
        ("state != READY OR public=true", {0, 2, 3, 4, 6, 8, 10}),
        ("example_count >= 11", {11}),
        ("state:CREAT", {0, 2, 4, 6, 8, 10}),
        ("missing=x", set()),
        ("", set(range(12))),
    ],
)
def test_filters_select(text: str, found: set[int]) -> None:
    assert {int(name[1:]) for name in names({"filter": text})} == found


@pytest.mark.parametrize("text", ["state", "state=", "(state=READY", "state=READY)", "= READY", "a=b OR", '"x'])
def test_filters_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ApiError, match="cannot read"):
        parse_filter(text)


@given(st.text())
def test_any_text_is_a_filter_or_a_refusal(text: str) -> None:
    with contextlib.suppress(ApiError):
        assert parse_filter(text)({"state": "READY"}) in (True, False)


def test_orders_combine() -> None:
    assert names({"orderBy": "state desc, example_count desc", "pageSize": "2"}) == ["n11", "n9"]


@pytest.mark.parametrize(
    "query",
    [{"pageSize": "x"}, {"pageToken": "x"}, {"pageToken": "WzEsMiwzXQ=="}, {"orderBy": "name sideways"}],
)
def test_parameters_that_cannot_be_read_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError):
        names(query)


def test_a_token_of_another_query_is_refused() -> None:
    token = page("things", DOCUMENTS, {"pageSize": "2"})["nextPageToken"]
    with pytest.raises(ApiError, match="another filter"):
        names({"pageToken": token, "filter": "state=READY"})


def test_masks_keep_what_they_name() -> None:
    document = {"state": "READY", "a": {"b": 1, "c": 2}, "jobProgress": {"percent": 3}}
    assert masked(document, "state, a.b,job_progress.percent,no.such") == {
        "state": "READY",
        "a": {"b": 1},
        "jobProgress": {"percent": 3},
    }
    assert masked(document, "") == document
