"""Envelope of a stored value, `{"inputs": ..., "digest": ..., "sum": ..., "head": ..., "value": {...}}`, and its path.

Inputs and digest come first, so that both can be read without the value. `sum` is the value's checksum, `head` that of
everything before it; a value that an earlier version wrote has neither.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from fw_assets.classification.errors import input_error
from fw_assets.workspace.checksums import ChecksumError, checksum

Fields = TypeVar("Fields", bound=msgspec.Struct)


class Header(msgspec.Struct, frozen=True):
    """Digests of what a stored value was made from, and of the value."""

    inputs: str
    digest: str


class _Header(msgspec.Struct):
    inputs: str
    digest: str
    sum: str | None = None
    head: str | None = None


class _Stored(msgspec.Struct):
    value: msgspec.Raw


MAX_NAME_BYTES = 255
"""Of a file's name, on every usual file system."""
HEADER_BYTES = 512
"""So many bytes from the start of a stored value hold its header."""
_header_decoder = msgspec.json.Decoder(_Header)


def encode(inputs: str, digest: str, value: str) -> str:
    """The stored form of a value that is JSON already."""
    sums = checksum(value.encode("utf-8", "surrogatepass"))
    head = f'{{"inputs":{msgspec.json.encode(inputs).decode()},"digest":"{digest}","sum":"{sums}"'
    return f'{head},"head":"{checksum(head.encode())}","value":{value}}}\n'


def decode_header(start: bytes, *, whole: bool = False) -> Header | None:
    """The header of a stored value that starts so; None if `start` is too short to hold it.

    Args:
        whole: `start` is the whole stored value.

    Raises:
        ChecksumError: it is not what was written.
        msgspec.DecodeError: it is no JSON.
    """
    if not whole and b',"value":' not in start:
        return None
    header = _header(start)
    return Header(header.inputs, header.digest)


def decode_value(raw: bytes) -> Any:
    """The value as plain data; raises as `decode_header`."""
    return msgspec.json.decode(_value(raw))


def decode_fields(raw: bytes, kind: type[Fields]) -> Fields:
    """The fields of the value that `kind` names; raises as `decode_header`."""
    return msgspec.json.decode(_value(raw), type=kind)


def _header(start: bytes) -> _Header:
    head, _, value = start.partition(b',"value":')
    header = _header_decoder.decode(head + b"}" if value else start)
    if header.head is not None and checksum(head.partition(b',"head":')[0]) != header.head:
        raise ChecksumError
    return header


def _value(raw: bytes) -> msgspec.Raw:
    header = _header(raw)
    value = msgspec.json.decode(raw, type=_Stored).value
    if header.sum is not None and checksum(bytes(value)) != header.sum:
        raise ChecksumError
    return value


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
