"""Resource ids: client and embedded platform refuse the same ones, each by a copy of the rule."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.store.resource_names import check_id as check_at_server
from fw_assets.fireworks._names import check_id


@given(st.text("abz019-A_é \n", max_size=66) | st.text(max_size=5))
@example("a" * 63)
@example("a" * 64)
@example("a\n")
def test_both_sides_know_the_same_ids(text: str) -> None:
    try:
        accepted = check_id(text) == text
    except ValueError:
        accepted = False
    if accepted:
        assert check_at_server(text, "id") == text
    else:
        with pytest.raises(RpcError):
            check_at_server(text, "id")
