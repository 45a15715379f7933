"""Forms of a tuned language model: its adapter, the merged weights, and these as a GGUF file."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter, load_adapter, save_adapter
from fw_assets.embedded.engine.language_model.language_model import LanguageModel
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, describe, public_source
from fw_assets.embedded.engine.language_model.scorers import scorer_of
from fw_assets.embedded.engine.scorers import Scorer, load_tuned
from fw_assets.embedded.engine.tuned_model import HEAD_FILE
from fw_assets.embedded.exporting.gguf_file import write_gguf
from fw_assets.embedded.exporting.merged_weights import LABELS_FILE, check_mergeable, write_merged


def export(
    files: Path,
    base: LanguageModelFolder,
    form: Literal["adapter", "merged", "gguf"],
    folder: Path,
    cache: Path,
    *,
    exact: bool,
) -> tuple[Scorer, TunedAdapter]:
    """Write the form into `folder`; a scorer over what was written, and the tuned model.

    Raises:
        EngineError: the model has no such form.
        WeightsError: the base model's files are missing or changed.
    """
    tuned = load_adapter(files)
    tuned = replace(tuned, base_source=public_source(tuned.base_source) or public_source(base.source))
    if form == "adapter":
        save_adapter(tuned, folder)
        return load_tuned(folder, cache), tuned
    check_mergeable(tuned)
    if form == "merged":
        write_merged(tuned, base, folder, exact=exact)
        if tuned.head is not None:
            shutil.copyfile(files / HEAD_FILE, folder / HEAD_FILE)
        model = LanguageModel(describe(base.name, folder, base.source), torch.float32, "cpu")
        return _scorer(model, tuned), tuned
    if tuned.head is not None:
        raise EngineError(
            "its labels are read by a head, which a GGUF file has no place for. Set FW_PORTABLE_ADAPTERS=1, fine-tune "
            "again under another `--name`, and export that; or take `--format merged`"
        )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "model.gguf"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".merged-") as merged:
        write_merged(tuned, base, Path(merged), exact=True)
        write_gguf(Path(merged), target, exact=exact)
        shutil.copyfile(Path(merged) / LABELS_FILE, folder / LABELS_FILE)
    return _scorer(LanguageModel(base, torch.float32, "cpu", target), tuned), tuned


def _scorer(model: LanguageModel, tuned: TunedAdapter) -> Scorer:
    """The scorer of weights that hold the adapter already."""
    adapter = Adapter(tuned.adapter.rank, tuned.adapter.scale, tuned.adapter.first_layer, {})
    return scorer_of(model, replace(tuned, adapter=adapter))
