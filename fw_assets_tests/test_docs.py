"""The documents say what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.session import Session
from fw_assets_tests.documented import documents


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_generated_blocks_are_current(path: Path) -> None:
    assert path.read_text("utf-8") == documents()[path], "run `make docs`"


def test_every_session_field_says_what_it_means() -> None:
    assert [name for name, field in Session.model_fields.items() if not field.description] == []
