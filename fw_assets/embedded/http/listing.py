"""Lists: `filter`, `orderBy`, `pageSize`, `pageToken`, `readMask`, and the envelope they come in."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fw_assets.embedded.errors import invalid
from fw_assets.embedded.http.filters import camel_case, field_value, parse_filter

DEFAULT_PAGE = 50
MAX_PAGE = 200


class _Token(msgspec.Struct, array_like=True):
    query: str
    offset: int
    last: str


def page(
    key: str, documents: Sequence[Mapping[str, Any]], query: Mapping[str, str], default_order: str = "name"
) -> dict[str, Any]:
    """One page of `documents` as `{key: [...], "nextPageToken", "totalSize"}`.

    A page size over 200 is taken as 200. A token only continues the query that it came from, and goes on
    after the last item it showed even when earlier ones are gone.

    Raises:
        ApiError: INVALID_ARGUMENT for a parameter that cannot be read.
    """
    size = _page_size(query.get("pageSize", ""))
    wanted = parse_filter(query.get("filter", ""))
    found = _ordered([document for document in documents if wanted(document)], query.get("orderBy") or default_order)
    asked = hashlib.sha256(f"{query.get('filter', '')}\0{query.get('orderBy', '')}".encode()).hexdigest()[:12]
    start = _start(query.get("pageToken", ""), asked, [str(document.get("name", "")) for document in found])
    shown = found[start : start + size]
    more = start + size < len(found)
    token = _Token(asked, start + size, str(shown[-1].get("name", ""))) if more else None
    return {
        key: [masked(document, query.get("readMask", "")) for document in shown],
        "nextPageToken": base64.urlsafe_b64encode(msgspec.json.encode(token)).decode() if token else "",
        "totalSize": len(found),
    }


def masked(document: Mapping[str, Any], mask: str) -> dict[str, Any]:
    """The fields of `document` that a read mask names (`state,jobProgress.percent`); all when it is empty."""
    paths = [path.strip() for path in mask.split(",") if path.strip()]
    if not paths or "*" in paths:
        return dict(document)
    result: dict[str, Any] = {}
    for path in paths:
        parts = [camel_case(part) for part in path.split(".")]
        source: Any = document
        target = result
        for index, part in enumerate(parts):
            if not isinstance(source, Mapping) or part not in source:
                break
            source = source[part]
            if index == len(parts) - 1:
                target[part] = source
            else:
                target = target.setdefault(part, {})
    return result


def _page_size(text: str) -> int:
    if not text:
        return DEFAULT_PAGE
    if not text.isdecimal():
        raise invalid(f"pageSize: {text!r} is not a number from 1 to {MAX_PAGE}", "pageSize")
    return min(int(text) or DEFAULT_PAGE, MAX_PAGE)


def _ordered(documents: list[Mapping[str, Any]], order: str) -> list[Mapping[str, Any]]:
    documents.sort(key=lambda document: str(document.get("name", "")))
    for term in reversed(order.split(",")):
        path, _, direction = term.strip().partition(" ")
        if not path or direction.strip().lower() not in ("", "asc", "desc"):
            raise invalid(f"orderBy: cannot read {order!r}; expected something like 'createTime desc'", "orderBy")
        documents.sort(
            key=lambda document, path=path: _sort_key(field_value(document, path)),  # type: ignore[misc]
            reverse=direction.strip().lower() == "desc",
        )
    return documents


def _sort_key(value: Any) -> tuple[int, float, str]:
    # int64 fields are text on the wire and still sort as numbers.
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()):
        return (0, float(value), "")
    return (1, 0.0, str(value))


def _start(text: str, asked: str, names: list[str]) -> int:
    if not text:
        return 0
    try:
        token = msgspec.json.decode(base64.urlsafe_b64decode(text.encode()), type=_Token)
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError):
        raise invalid("pageToken: this is not a token that a list call returned", "pageToken") from None
    if token.query != asked:
        raise invalid("pageToken: the token belongs to a list with another filter or orderBy", "pageToken")
    return names.index(token.last) + 1 if token.last in names else min(token.offset, len(names))
