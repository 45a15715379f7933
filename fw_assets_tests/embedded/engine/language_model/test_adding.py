"""What cannot be used is refused when it is added, and not when it is first asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

import torch
from safetensors.torch import load_file, save_file

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model import model_folders
from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, added_models


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "home"))
    return tmp_path / "home"


def _configure(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), "utf-8")


def _set_template(folder: Path, text: str, **tokens: None) -> None:
    (folder / "chat_template.jinja").write_text(text, "utf-8")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | tokens), "utf-8")


def _renumber_a_token(folder: Path) -> None:
    path = folder / "tokenizer.json"
    content = json.loads(path.read_bytes())
    vocabulary = content["model"]["vocab"]
    vocabulary[next(reversed(vocabulary))] = len(vocabulary) + 400
    path.write_text(json.dumps(content), "utf-8")


def _spoil_a_weight(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["model.layers.2.mlp.up_proj.weight"][3, 5] = torch.nan
    save_file(tensors, path, {"format": "pt"})


def _lose_a_shard(folder: Path) -> None:
    index = {"metadata": {}, "weight_map": {"model.embed_tokens.weight": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")


def _name_no_shards(folder: Path) -> None:
    _lose_a_shard(folder)
    (folder / "model.safetensors.index.json").write_text("{}", "utf-8")


def _leave_a_dangling_link(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "blobs" / "0123")


def _leave_a_gguf_file_alone(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / "model-q4.gguf").write_bytes(b"GGUF")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "another width": (
        lambda folder: _configure(folder, hidden_size=128),
        r"of different models: .* asks for \(\d+, 128",
    ),
    "another vocabulary": (lambda folder: _configure(folder, vocab_size=300), r"embed_tokens.* asks for \(300, "),
    "more layers": (
        lambda folder: _configure(folder, num_hidden_layers=8),
        "18 of the weights that config.json asks for",
    ),
    "fewer layers": (lambda folder: _configure(folder, num_hidden_layers=3), "fewer layers than there are weights of"),
    "heads that do not divide": (lambda folder: _configure(folder, num_attention_heads=5), "cannot load it"),
    "an unknown type": (lambda folder: _configure(folder, model_type="zork"), "model type `zork`"),
    "no room": (lambda folder: _configure(folder, max_position_embeddings=1), "leaves no room for a conversation"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{}", "utf-8"), "cannot load it"),
    "another's tokenizer": (_renumber_a_token, "its tokenizer is of another model: it has token"),
    "a value that is no number": (_spoil_a_weight, r"model\.layers\.2\.mlp\.up_proj\.weight has a value"),
    "a shard that is missing": (_lose_a_shard, "model-00002-of-00002"),
    "a template that raises": (
        lambda folder: _set_template(folder, "{{ raise_exception('never') }}"),
        "rendered: never",
    ),
    "no template": (lambda folder: _set_template(folder, "{% for x %}"), "cannot be rendered: expected token"),
    "a template without the text": (lambda folder: _set_template(folder, "hello"), "leaves the user's text out"),
    "a template that divides by zero": (
        lambda folder: _set_template(folder, "{{ messages[0].content }}{{ 1 / 0 }}"),
        "cannot be rendered: division by zero",
    ),
    "a template that adds what cannot be added": (
        lambda folder: _set_template(folder, "{{ messages + 1 }}"),
        "cannot be rendered: can only concatenate",
    ),
    "a template without an end": (
        lambda folder: _set_template(folder, "{% for i in range(10**12) %}x{% endfor %}"),
        "cannot be rendered: Range too big",
    ),
    "no layers": (lambda folder: _configure(folder, num_hidden_layers=0), "asks for no layers"),
    "a link to nowhere": (_leave_a_dangling_link, r"model\.safetensors: a link to a file that is not there"),
    "a GGUF file alone": (_leave_a_gguf_file_alone, "a GGUF file, and no config.json: a language model is added from"),
    "an index of nothing": (_name_no_shards, "weight_map has to be an object that names files"),
    "no end": (
        lambda folder: _set_template(folder, "{% for m in messages %}{{ m.content }}{% endfor %}", eos_token=None),
        "no token that ends a text",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_whose_parts_do_not_fit_together_is_refused(
    name: str, folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    damage, told = BROKEN[name]
    folder = shutil.copytree(folders["llama"].folder, tmp_path / "files")
    damage(folder)
    with pytest.raises((EngineError, WeightsError), match=told) as raised:
        add_language_model("mine", str(folder))
    assert str(raised.value).startswith(str(folder))
    assert "\n" not in str(raised.value)
    assert added_models() == {}


def test_a_whole_folder_of_each_architecture_is_added(folder: LanguageModelFolder) -> None:
    model = add_language_model("mine", str(folder.folder))
    assert added_models() == {"mine": model}


def test_weights_in_another_form_beside_those_that_are_loaded_do_not_count(
    folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["llama"].folder, tmp_path / "files")
    alone = add_language_model("alone", str(folder))
    shutil.copy(folder / "model.safetensors", folder / "consolidated.safetensors")
    assert add_language_model("beside", str(folder)).parameters == alone.parameters
    tensors = load_file(folder / "model.safetensors")
    shards: dict[str, dict[str, torch.Tensor]] = {
        "model-00001-of-00002.safetensors": {},
        "model-00002-of-00002.safetensors": {},
    }
    for place, (name, tensor) in enumerate(sorted(tensors.items())):
        shards[sorted(shards)[place % 2]][name] = tensor
    for name, own in shards.items():
        save_file(own, folder / name, {"format": "pt"})
    index = {"metadata": {}, "weight_map": {each: name for name, own in shards.items() for each in own}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    (folder / "model.safetensors").unlink()
    assert add_language_model("sharded", str(folder)).parameters == alone.parameters


@pytest.mark.parametrize(
    ("name", "told"),
    [("model.gguf", "a file, and no folder: a language model is added from its"), ("config.json", "name its folder: ")],
)
def test_a_file_is_no_folder(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(EngineError, match=told):
        add_language_model("mine", str(tmp_path / name))


def test_without_the_extra_a_folder_is_added_unchecked(
    folders: dict[str, LanguageModelFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folders, "PACKAGES", ("a-package-that-is-not-there",))
    folder = shutil.copytree(folders["llama"].folder, tmp_path / "files")
    _spoil_a_weight(folder)
    assert add_language_model("mine", str(folder)).name == "mine"


def test_four_bits_without_their_package_are_refused_with_its_command(
    folders: dict[str, LanguageModelFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folders, "FOUR_BIT_PACKAGE", "a-package-that-is-not-there")
    with pytest.raises(WeightsError, match=r"--four-bit: .* missing: run `pip install 'fw-assets\[llm-4bit\]'`"):
        add_language_model("mine", str(folders["llama"].folder), four_bit=True)
    assert added_models() == {}
