"""Keys protect something, or the platform says that they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.embedded.store.secret_files import BrokenSecretError, api_key, signing_key


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    assert api_key(tmp_path) == api_key(tmp_path)
    assert signing_key(tmp_path) == signing_key(tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"   \n", b"short", b"x" * 31, b"\0" * 64, b"\xff" * 64, b"a" * 40 + b"\n" + b"b" * 40, b"a b" * 40],
)
def test_what_protects_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    for name, read in (("api_key", api_key), ("signing_key", signing_key)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BrokenSecretError, match=f"{name} holds"):
            read(tmp_path)
