"""Text of states, instructions and descriptions that are JSON."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.embedded.decisions.plain_text import plain_text
from fw_assets.embedded.errors import RpcError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("refund\nme", "refund\nme"),
        ("", ""),
        ({"ticket": "refund me"}, "refund me"),
        (
            {"ticket": "refund me", "amount": 4.5, "paid": True, "by": None},
            "ticket: refund me\namount: 4.5\npaid: true",
        ),
        (["one", "two"], "one\ntwo"),
        ({"lines": ["one", {"deep": 2}]}, "lines: one\ndeep: 2"),
        ({}, ""),
        (
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
            "c",
        ),
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "c"}]}, "c"),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert plain_text(value, "state") == text


def test_what_is_nested_too_deep_is_refused() -> None:
    value: Any = "x"
    for _ in range(33):
        value = [value]
    with pytest.raises(RpcError, match="nested more than 32"):
        plain_text(value, "state")
