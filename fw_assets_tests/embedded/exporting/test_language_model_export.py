from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("gguf", reason="the extra llm is not installed")
transformers = pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model.adapter_files import save_adapter
from fw_assets.embedded.engine.language_model.adding import add_language_model
from fw_assets.embedded.engine.language_model.language_model import load
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, describe
from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer
from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
from fw_assets.embedded.exporting.export import ExportFormat, export_model
from fw_assets.embedded.exporting.gguf_file import write_gguf
from fw_assets.embedded.exporting.language_model_export import export
from fw_assets_tests.embedded.engine.language_model.tiny_models import conversation, make_folder
from fw_assets_tests.embedded.engine.language_model.tuning.test_adapter_training import SPEC, train

PORTABLE = AdapterForm(4, True, "generate")
TEXTS = [
    conversation(text)
    for text in (
        "money back please",
        "where is my card",
        "good morning to you",
        "my card and money 7",
        "",
        "żółć 🎉 12345",
    )
]


def base(architecture: str, home: Path) -> LanguageModelFolder:
    return describe(f"tiny-{architecture}", make_folder(architecture, home / architecture), architecture)


def tuned_files(folder: LanguageModelFolder, home: Path, form: AdapterForm) -> Path:
    _, tuned = train(folder, home, form, spec=replace(SPEC, epochs=2, learning_rate=0.02))
    save_adapter(tuned, home / "files")
    return home / "files"


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_merged_weights_and_their_gguf_file_answer_as_the_adapter_does(architecture: str, tmp_path: Path) -> None:
    folder = base(architecture, tmp_path)
    files = tuned_files(folder, tmp_path, PORTABLE)
    expected = load_tuned_scorer(files, folder).log_probabilities(TEXTS, None)
    sizes = {}
    for form, exact, tolerance in (("merged", True, 1e-4), ("gguf", True, 1e-4), ("gguf", False, 0.02)):
        shutil.rmtree(tmp_path / form, ignore_errors=True)
        scorer, _ = export(files, folder, form, tmp_path / form, tmp_path / "cache", exact=exact)  # type: ignore[arg-type]
        found = scorer.log_probabilities(TEXTS, None)
        assert np.abs(found - expected).max() < tolerance, form
        facts = json.loads((tmp_path / form / "labels.json").read_bytes())
        assert (facts["labels"], facts["readout"]) == (list(scorer.labels or ()), "generate")
        sizes[form, exact] = sum(path.stat().st_size for path in (tmp_path / form).glob("model.*"))
    assert sizes["gguf", False] < sizes["gguf", True]
    assert {path.name for path in (tmp_path / "gguf").iterdir()} == {"model.gguf", "labels.json"}


def test_merged_folder_is_a_model_of_its_own(tmp_path: Path) -> None:
    folder = base("llama", tmp_path)
    files = tuned_files(folder, tmp_path, PORTABLE)
    export(files, folder, "merged", tmp_path / "merged", tmp_path / "cache", exact=False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "merged")
    network = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    before = transformers.AutoModelForCausalLM.from_pretrained(folder.folder)
    moved = [
        name
        for (name, new), old in zip(network.named_parameters(), before.parameters(), strict=True)
        if not new.equal(old)
    ]
    assert moved
    assert all(".4." in name or ".5." in name for name in moved)  # the layers that the form adapts
    assert tokenizer.chat_template == transformers.AutoTokenizer.from_pretrained(folder.folder).chat_template


def test_head_goes_with_merged_weights_and_has_no_place_in_gguf(tmp_path: Path) -> None:
    folder = base("llama", tmp_path)
    files = tuned_files(folder, tmp_path, AdapterForm(4, True, "head"))
    expected = load_tuned_scorer(files, folder).log_probabilities(TEXTS, None)
    scorer, _ = export(files, folder, "merged", tmp_path / "merged", tmp_path / "cache", exact=True)
    assert np.abs(scorer.log_probabilities(TEXTS, None) - expected).max() < 1e-4
    assert (tmp_path / "merged" / "head.safetensors").exists()
    with pytest.raises(EngineError, match="FW_PORTABLE_ADAPTERS=1"):
        export(files, folder, "gguf", tmp_path / "gguf", tmp_path / "cache", exact=True)


@pytest.mark.parametrize("form", ["merged", "gguf"])
def test_adapter_that_other_programs_cannot_serve_is_not_merged(form: str, tmp_path: Path) -> None:
    folder = base("llama", tmp_path)
    files = tuned_files(folder, tmp_path, AdapterForm(4, False, "generate"))
    with pytest.raises(EngineError, match=r"reads the instructions.*FW_PORTABLE_ADAPTERS=1"):
        export(files, folder, form, tmp_path / form, tmp_path / "cache", exact=True)  # type: ignore[arg-type]
    assert not (tmp_path / form).exists()


@pytest.mark.parametrize("form", ["adapter", "merged", "gguf"])
def test_no_file_of_an_export_names_a_folder_of_this_machine(
    form: ExportFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "models"))
    added = add_language_model("tiny", str(make_folder("llama", tmp_path / "own-weights", layers=2)))
    spec = replace(SPEC, base_model="tiny", epochs=1)
    _, tuned = train(added, tmp_path, AdapterForm(0, True, "generate"), spec=spec)
    save_adapter(replace(tuned, notes={"answer": {}}), tmp_path / "files")
    out = tmp_path / "out"
    exported = export_model(tmp_path / "files", form, out, tmp_path / "cache", (), exact=True)
    assert (exported.base_model, exported.source, exported.digest) == ("tiny", "", added.digest)
    for path in out.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes(), path.name
    if form == "adapter":
        assert json.loads((out / "adapter_config.json").read_bytes())["base_model_name_or_path"] == "tiny"
        kept, written = (json.loads((folder / "manifest.json").read_bytes()) for folder in (tmp_path / "files", out))
        assert kept | {"base_source": ""} == written
        name = "adapter_model.safetensors"
        assert (out / name).read_bytes() == (tmp_path / "files" / name).read_bytes()


@pytest.mark.parametrize(
    ("source", "base", "revision"),
    [("Qwen/Qwen3-0.6B@c1899de", "Qwen/Qwen3-0.6B", "c1899de"), ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", None)],
)
def test_the_id_of_a_hub_is_what_peft_reads_of_an_adapter(
    source: str, base: str, revision: str | None, tmp_path: Path
) -> None:
    peft = pytest.importorskip("peft")
    folder = describe("tiny", make_folder("llama", tmp_path / "llama", layers=2), source)
    _, tuned = train(folder, tmp_path, AdapterForm(0, True, "generate"), spec=replace(SPEC, epochs=1))
    save_adapter(tuned, tmp_path / "files")
    config = peft.PeftConfig.from_pretrained(tmp_path / "files")
    assert (config.base_model_name_or_path, config.revision) == (base, revision)


@pytest.mark.parametrize("form", ["adapter", "merged", "gguf"])
def test_a_base_model_that_is_gone_or_another_now_is_one_sentence(
    form: ExportFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "models"))
    folder = make_folder("llama", tmp_path / "llama", layers=2)
    added = add_language_model("tiny", str(folder))
    spec = replace(SPEC, base_model="tiny", epochs=1)
    _, tuned = train(added, tmp_path, AdapterForm(0, True, "generate"), spec=spec)
    save_adapter(tuned, tmp_path / "files")
    out = tmp_path / "out"

    def refused(error: type[Exception], words: str) -> None:
        load.cache_clear()  # what a process of its own would not have
        with pytest.raises(error, match=words):
            export_model(tmp_path / "files", form, out, tmp_path / "cache", (), exact=True)
        assert not list(out.rglob("model*"))
        shutil.rmtree(out, ignore_errors=True)

    again = re.escape(f"add it again: fw-assets models add tiny {folder}")
    make_folder("llama", folder, layers=2, initializer_range=0.3)
    refused(WeightsError, rf"its files are not those that were added as tiny; put those back, .*, or {again}")
    add_language_model("tiny", str(folder))
    refused(EngineError, r"trained on other weights of tiny \(\w{12}\) than those that are here")
    shutil.rmtree(folder)
    (tmp_path / "models" / "tiny.json").unlink()
    refused(WeightsError, rf"^tiny, which it was fine-tuned from, is not on this machine; {again}$")


@pytest.mark.parametrize(
    ("architecture", "reason"), [("gemma3", "of gemma3_text"), ("mistral", "of models with sliding attention")]
)
def test_what_gguf_is_not_written_of_is_named(architecture: str, reason: str, tmp_path: Path) -> None:
    folder = base(architecture, tmp_path)
    files = tuned_files(folder, tmp_path, PORTABLE)
    with pytest.raises(EngineError, match=rf"GGUF files {reason}.*convert_hf_to_gguf"):
        export(files, folder, "gguf", tmp_path / "gguf", tmp_path / "cache", exact=True)


@pytest.mark.parametrize(
    ("end", "tokenizer", "reason"), [(2, None, "without a tokenizer.json"), (None, "{}", "without a token that ends")]
)
def test_folder_that_a_gguf_file_cannot_be_made_of_is_named(
    end: int | None, tokenizer: str | None, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "eos_token_id": end}), "utf-8")
    if tokenizer is not None:
        (tmp_path / "tokenizer.json").write_text(tokenizer, "utf-8")
    with pytest.raises(EngineError, match=rf"GGUF files of models {reason}.*convert_hf_to_gguf"):
        write_gguf(tmp_path, tmp_path / "model.gguf")
