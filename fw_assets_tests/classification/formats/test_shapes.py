"""Shapes of rows that are not all alike."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.shapes import find_shape

CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "greeting"}]}


@pytest.mark.parametrize("odd", [{}, {"messages": 3}, {"messages": "hi"}, {"messages": []}, {"messages": None}])
def test_chat_rows_stay_chat_rows_beside_odd_ones(odd: dict[str, Any]) -> None:
    assert find_shape([CHAT, CHAT, odd], ReadingOptions(), {}, "rows.jsonl") is None
