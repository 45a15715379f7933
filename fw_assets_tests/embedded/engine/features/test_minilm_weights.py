from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.features.minilm_weights import (
    find_weights,
    verified_weights,
    weights_available,
)
from fw_assets.embedded.engine.scorers import load_base
from fw_assets_tests.embedded.engine.conftest import needs_weights


def test_a_named_folder_without_the_files_counts_as_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FW_MINILM_PATH", str(tmp_path))
    assert not weights_available()
    with pytest.raises(WeightsError, match="run `fw-assets setup`"):
        load_base("minilm-ngram", tmp_path / "cache")


def test_files_with_other_content_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    monkeypatch.setenv("FW_MINILM_PATH", str(tmp_path))
    with pytest.raises(WeightsError, match=r"model\.safetensors: sha256 .* is not that of the published file"):
        verified_weights(tmp_path / "cache")


@needs_weights
def test_the_published_files_are_verified_once(cache: Path) -> None:
    assert verified_weights(cache) == find_weights()
    assert len(list((cache / "verified").iterdir())) == 2
