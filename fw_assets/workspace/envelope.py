"""A value as it is stored: `{"inputs": ..., "digest": ..., "value": {...}}`, and where it lies.

What it was made from and what it is come first, so that both are read without the value.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Part = TypeVar("Part", bound=msgspec.Struct)


class Header(msgspec.Struct, frozen=True):
    """What a stored value was made from and what it is, without the value."""

    inputs: str
    digest: str


class _Stored(msgspec.Struct):
    value: msgspec.Raw


HEADER_BYTES = 512
"""A stored value begins with its inputs and its digest: so much of it holds both, and no more has to be read."""
_head = msgspec.json.Decoder(Header)


def encode(inputs: str, digest: str, value: str) -> str:
    """A value, given as JSON, as it is stored."""
    return f'{{"inputs":{msgspec.json.encode(inputs).decode()},"digest":"{digest}","value":{value}}}\n'


def decode_header(start: bytes, *, whole: bool = False) -> Header | None:
    """The head of a stored value that begins so; None where more than that has to be read."""
    if whole:
        return _head.decode(start)
    head, value, _ = start.partition(b',"value":')
    return _head.decode(head + b"}") if value else None


def decode_value(raw: bytes) -> Any:
    """A stored value as plain data."""
    return msgspec.json.decode(raw)["value"]


def decode_fields(raw: bytes, kind: type[Part]) -> Part:
    """The fields of a stored value that `kind` names."""
    return msgspec.json.decode(msgspec.json.decode(raw, type=_Stored).value, type=kind)


def slug(name: str) -> str:
    """A file name for a model or dataset name: the last part of a resource name, `/` and the like replaced."""
    last = name.rsplit("/", 1)[-1]
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in last) or "_"


def asset_path(asset: str, dataset: str, model: str | None = None) -> tuple[str, ...]:
    """Where a value lies in the workspace."""
    return (dataset, "assets", f"{asset}.json") if model is None else (dataset, "assets", asset, f"{slug(model)}.json")
