"""Keys protect something, or the platform says that they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.embedded.store.secret_files import BrokenSecretError, api_key, signing_key


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    assert api_key(tmp_path) == api_key(tmp_path)
    assert signing_key(tmp_path) == signing_key(tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("content", ["", "\n", "   \n", "short", "x" * 31])
def test_an_empty_or_short_key_is_refused(tmp_path: Path, content: str) -> None:
    for name, read in (("api_key", api_key), ("signing_key", signing_key)):
        (tmp_path / name).write_text(content)
        with pytest.raises(BrokenSecretError, match=f"{name} holds"):
            read(tmp_path)
