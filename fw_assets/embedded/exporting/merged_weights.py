"""A language model with its adapter added to the weights, as a Hugging Face folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter, check_base
from fw_assets.embedded.engine.language_model.model_folders import LanguageModelFolder, verified
from fw_assets.embedded.engine.language_model.pretrained import Pretrained
from fw_assets.embedded.engine.tuned_model import HEAD_FILE

TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "*.jinja")
LABELS_FILE = "labels.json"
_TYPES = {"bf16": torch.bfloat16, "f16": torch.float16}


def check_mergeable(tuned: TunedAdapter) -> None:
    """Refuse an adapter that the base model's instructions pass by: merged, it would read them otherwise.

    Raises:
        EngineError: saying how to train one that can be merged.
    """
    if not tuned.adapted_prefix:
        raise EngineError(
            "its adapter was trained for this platform's own way of serving, where the base model alone reads the "
            "instructions; no other program can do that. Set FW_PORTABLE_ADAPTERS=1, fine-tune again under another "
            "`--name`, and export that; or take `--format adapter`"
        )


def write_merged(tuned: TunedAdapter, base: LanguageModelFolder, folder: Path, *, exact: bool) -> None:
    """Write the merged model, its tokenizer, and its labels with what is written for each.

    Args:
        exact: in float32, not in the base model's type.

    Raises:
        EngineError: it cannot be merged.
        WeightsError: the base model's files are missing or changed.
    """
    check_mergeable(tuned)
    check_base(tuned, base.digest)
    source = verified(base).folder
    network = Pretrained(source, torch.float32).network
    modules = dict(network.named_modules())
    with torch.no_grad():
        for name, (down, up) in tuned.adapter.pairs.items():
            modules[name].weight += tuned.adapter.scale * (up.float().cpu() @ down.float().cpu())
    folder.mkdir(parents=True, exist_ok=True)
    network.to(torch.float32 if exact else _TYPES.get(base.dtype, torch.float32)).save_pretrained(folder)
    for path in sorted({path for pattern in TOKENIZER_FILES for path in source.glob(pattern) if path.is_file()}):
        shutil.copyfile(path, folder / path.name)
    facts = {
        "labels": list(tuned.labels),
        "answers": {label: tuned.answers.get(label, label) for label in tuned.labels},
        "fields": [asdict(item) for item in tuned.fields],
        "multi_label": tuned.multi_label,
        "readout": tuned.readout if tuned.head is None else f"head: {HEAD_FILE}",
    }
    (folder / LABELS_FILE).write_text(json.dumps(facts, ensure_ascii=False, indent=1), "utf-8")
