"""Pages, filters, orders and masks."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.listing import apply_read_mask, page

DOCUMENTS: list[dict[str, Any]] = [
    {"name": f"n{i:02}", "state": "READY" if i % 2 else "CREATING", "createTime": f"t{11 - i:02}", "public": i == 3}
    for i in range(12)
]


def numbers(query: dict[str, str]) -> list[int]:
    return [int(document["name"][1:]) for document in page("things", DOCUMENTS, query)["things"]]


@settings(deadline=None)
@given(st.integers(1, 15))
def test_pages_follow_each_other_without_gap_or_repeat(size: int) -> None:
    names: list[str] = []
    token = ""
    for _ in range(len(DOCUMENTS)):
        answer = page("things", DOCUMENTS, {"pageSize": str(size), "pageToken": token, "orderBy": "name desc"})
        names += [document["name"] for document in answer["things"]]
        assert answer["totalSize"] == 12
        token = answer["nextPageToken"]
        if not token:
            break
    assert names == [f"n{i:02}" for i in range(11, -1, -1)]


def test_a_token_continues_after_its_last_item_when_earlier_ones_are_gone() -> None:
    first = page("things", DOCUMENTS, {"pageSize": "3"})
    second = page("things", DOCUMENTS[1:], {"pageSize": "1", "pageToken": first["nextPageToken"]})
    assert second["things"][0]["name"] == "n03"


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("state=READY", {1, 3, 5, 7, 9, 11}),
        ('state = "READY"', {1, 3, 5, 7, 9, 11}),
        ("public=true", {3}),
        ("missing=x", set()),
        ("", set(range(12))),
    ],
)
def test_filters_select(text: str, selected: set[int]) -> None:
    assert set(numbers({"filter": text})) == selected


@pytest.mark.parametrize("text", ["state", "state=", "(state=READY)", "a=b AND c=d", "state!=READY", "= READY", '"x'])
def test_other_filters_are_refused(text: str) -> None:
    with pytest.raises(RpcError, match="cannot read"):
        numbers({"filter": text})


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_filter_or_a_refusal(text: str) -> None:
    with contextlib.suppress(RpcError):
        numbers({"filter": text})


@pytest.mark.parametrize("text", ["createTime", "createTime asc", "name desc"])
def test_lists_are_ordered_by_one_field(text: str) -> None:
    assert numbers({"orderBy": text, "pageSize": "2"}) == [11, 10]


@pytest.mark.parametrize(
    "query",
    [{"pageSize": "x"}, {"pageToken": "x"}, {"pageToken": "WzEsMiwzXQ=="}, {"orderBy": "name sideways"}],
)
def test_parameters_that_cannot_be_read_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(RpcError):
        numbers(query)


def test_a_token_of_another_query_is_refused() -> None:
    token = page("things", DOCUMENTS, {"pageSize": "2"})["nextPageToken"]
    with pytest.raises(RpcError, match="another filter"):
        numbers({"pageToken": token, "filter": "state=READY"})


def test_masks_keep_the_fields_that_they_name() -> None:
    document = {"state": "READY", "jobProgress": {"percent": 3}, "name": "n"}
    assert apply_read_mask(document, {"readMask": "state, jobProgress,missing"}) == {
        "state": "READY",
        "jobProgress": {"percent": 3},
    }
    assert apply_read_mask(document, {}) == document
