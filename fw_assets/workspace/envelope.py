"""Envelope of a stored value, `{"inputs": ..., "digest": ..., "value": {...}}`, and its path in the workspace.

Inputs and digest come first, so that both can be read without the value.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from fw_assets.classification.errors import input_error

Fields = TypeVar("Fields", bound=msgspec.Struct)


class Header(msgspec.Struct, frozen=True):
    """Digests of what a stored value was made from, and of the value."""

    inputs: str
    digest: str


class _Stored(msgspec.Struct):
    value: msgspec.Raw


MAX_NAME_BYTES = 255
"""Of a file's name, on every usual file system."""
HEADER_BYTES = 512
"""So many bytes from the start of a stored value hold its header."""
_header_decoder = msgspec.json.Decoder(Header)


def encode(inputs: str, digest: str, value: str) -> str:
    """The stored form of a value that is JSON already."""
    return f'{{"inputs":{msgspec.json.encode(inputs).decode()},"digest":"{digest}","value":{value}}}\n'


def decode_header(start: bytes, *, whole: bool = False) -> Header | None:
    """The header of a stored value that starts so; None if `start` is too short to hold it.

    Args:
        whole: `start` is the whole stored value.
    """
    if whole:
        return _header_decoder.decode(start)
    header, value, _ = start.partition(b',"value":')
    return _header_decoder.decode(header + b"}") if value else None


def decode_value(raw: bytes) -> Any:
    """The value as plain data."""
    return msgspec.json.decode(raw)["value"]


def decode_fields(raw: bytes, kind: type[Fields]) -> Fields:
    """The fields of the value that `kind` names."""
    return msgspec.json.decode(msgspec.json.decode(raw, type=_Stored).value, type=kind)


def slug(name: str) -> str:
    """A file name for a model or dataset: the last part of a resource name, special characters replaced."""
    last = name.rsplit("/", 1)[-1]
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in last) or "_"


def is_folder_name(name: str) -> bool:
    """Whether a name is that of one folder in the workspace that is not hidden."""
    return (
        bool(name)
        and name[0] != "."
        and "/" not in name
        and "\0" not in name
        and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES
    )


def asset_path(asset: str, dataset: str, model: str | None = None) -> tuple[str, ...]:
    """The path of an asset's value.

    Raises:
        InputError: no dataset can have that name: a partition key that was typed, or a word on the command line.
    """
    if not is_folder_name(dataset):
        raise input_error(f"{dataset[:80]!r} is not the name of a dataset", kind="workspace", field="name")
    return (dataset, "assets", f"{asset}.json") if model is None else (dataset, "assets", asset, f"{slug(model)}.json")
