"""Fields of turns beside role and text (names, tool calls, weights, parts), which a row's digest leaves out."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fw_assets.classification.values import digest


class _PlainTurn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: str


_decode_plain = msgspec.json.Decoder(list[_PlainTurn]).decode


def turn_fields(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """By id, the digest of the turns of each row whose turns hold more than roles and texts.

    Args:
        rows: id and messages (a JSON array) of each row.
    """
    return {id: digest(msgspec.json.decode(messages), 16) for id, messages in rows if not _is_plain(messages)}


def _is_plain(messages: str) -> bool:
    try:
        _decode_plain(messages)
    except msgspec.ValidationError:
        return False
    return True
