from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from safetensors.torch import load_file, save_file

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, describe
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation


def _configure(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps(config | changes), "utf-8")


def _drop_a_layer(folder: Path) -> None:
    path = folder / "model.safetensors"
    kept = {name: tensor for name, tensor in load_file(path).items() if "layers.3." not in name}
    save_file(kept, path, {"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_drop_a_layer, r"9 of the weights that config.json asks for are missing, such as model.layers.3"),
        (lambda folder: _configure(folder, num_hidden_layers=8), "18 of the weights that config.json asks for"),
        (lambda folder: _configure(folder, hidden_size=48), "of different models"),
        (lambda folder: _configure(folder, model_type="zork"), "model type `zork`"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}", "utf-8"), "cannot load it"),
    ],
    ids=["a layer is missing", "fewer layers", "another width", "an unknown type", "no tokenizer"],
)
def test_a_folder_whose_files_do_not_fit_together_is_one_error(
    damage: Callable[[Path], None], told: str, folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["llama"].folder, tmp_path / "files")
    damage(folder)
    with pytest.raises(WeightsError, match=told) as raised:
        LanguageModel(describe("mine", folder, str(folder)), torch.float32, "cpu")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("template", "told"), [("{% for", "cannot be rendered"), ("hello", "leaves the user's text out")]
)
def test_a_template_that_is_none_is_one_error(
    template: str, told: str, folders: dict[str, LanguageModelFolder], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["llama"].folder, tmp_path / "files")
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    with pytest.raises(EngineError, match=told):
        LanguageModel(describe("mine", folder, str(folder)), torch.float32, "cpu").prompts.encode(
            conversation("where is my card"), 100
        )
