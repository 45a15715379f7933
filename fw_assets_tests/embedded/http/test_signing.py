"""A signed URL opens the file that it was made for; a right signature on another path opens nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.http.signing import SIGNED_PREFIX, check_signed, signed_url
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform, open_platform


def taken_apart(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    return unquote(parts.path).removeprefix(SIGNED_PREFIX), dict(parse_qsl(parts.query, keep_blank_values=True))


def checked(platform: EmbeddedPlatform, path: Path) -> Path:
    relative, query = taken_apart(signed_url(platform, "http://platform", path, "GET"))
    return check_signed(platform, "GET", relative, query)[0]


@pytest.mark.parametrize("path", ["datasets/d/data.jsonl", "models/m/model.safetensors", "jobs/kind/j/metrics.jsonl"])
def test_the_files_that_are_transferred(tmp_path: Path, path: str) -> None:
    platform = open_platform(tmp_path)
    assert checked(platform, platform.home / path) == (tmp_path / path).resolve()


@pytest.mark.parametrize(
    "path",
    [
        "api_key",
        "platform.sqlite",
        "datasets",
        "datasets/../api_key",
        "datasets/d/../../signing_key",
        "cache/graph.onnx",
        "datasets/../../elsewhere/file",
        "datasets/d/.data.jsonl.part",
    ],
)
def test_nothing_else_opens_even_with_a_right_signature(tmp_path: Path, path: str) -> None:
    platform = open_platform(tmp_path)
    with pytest.raises(RpcError, match="leaves the folders"):
        checked(platform, platform.home / path)


def test_a_link_inside_a_folder_leads_nowhere_else(tmp_path: Path) -> None:
    platform = open_platform(tmp_path / "home")
    folder = platform.dataset_folder("d")
    folder.mkdir(parents=True)
    (folder / "data.jsonl").symlink_to("/etc/hostname")
    with pytest.raises(RpcError, match="leaves the folders"):
        checked(platform, folder / "data.jsonl")


def test_a_changed_path_or_query_is_refused(tmp_path: Path) -> None:
    platform = open_platform(tmp_path)
    relative, query = taken_apart(signed_url(platform, "http://p", platform.home / "datasets/d/a.jsonl", "GET"))
    for path, fields in (
        ("datasets/d/b.jsonl", query),
        (relative, query | {"expires": "99999999999"}),
        (relative, query | {"X-Goog-Signature": "é"}),
        (relative, {}),
    ):
        with pytest.raises(RpcError, match="does not match"):
            check_signed(platform, "GET", path, fields)
