"""Datasets as users bring them, through the command line."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.pipeline import inspection, staging
from fw_assets_tests.pipeline.conftest import Desk


def test_a_file_that_changes_under_the_inspection_is_one_clear_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = inspection.inspect_into

    def edited(*arguments: Any) -> Any:
        with desk.data.open("ab") as file:
            file.write(desk.data.read_bytes().splitlines(keepends=True)[0])
        return read(*arguments)

    monkeypatch.setattr(inspection, "inspect_into", edited)
    done = desk.run("plan", str(desk.data), "--model", "char-ngram")
    assert done.returncode == 2
    assert f"{desk.data}: changed while it was being read" in done.stderr
    assert staging.REGISTER_AGAIN in done.stderr.replace("\n", " ")
    monkeypatch.undo()
    assert desk.run("plan", str(desk.data), "--model", "char-ngram").returncode == 0
