"""Fixtures: a platform with a language model of which only the description is there, and adapters that were trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from fw_assets.embedded.engine.language_model.model_folders import add
from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.file_checksums import write_checksum
from fw_assets.embedded.records.model_documents import tuned_document
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets_tests.embedded.conftest import Client, wait

BASE = "accounts/fireworks/models/tiny"
LABELS = ("billing", "bill of sale", "sales")


@pytest.fixture
def platform(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(tmp_path / "language-models"))
    folder = tmp_path / "weights"
    folder.mkdir()
    config = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 512}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "tokenizer.json").write_text("{}", "utf-8")
    save_file({"w": np.zeros((2, 2), np.float32)}, folder / "model.safetensors")
    add("tiny", folder, "owner/tiny@main")
    return client


Tuned = Callable[..., str]


@pytest.fixture
def tuned(platform: Client) -> Tuned:
    def make(id: str, rank: int = 8, **manifest: Any) -> str:
        """The name of a tuned model with a deployment, whose files are those that a job leaves."""
        home = open_platform(platform.home)
        folder = home.model_folder(id)
        folder.mkdir(parents=True)
        (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": rank}), "utf-8")
        save_file({id: np.zeros((2, 2), np.float32)}, folder / "adapter_model.safetensors")
        content = {
            "format": 3,
            "base_model": "tiny",
            "base_digest": "0" * 64,
            "labels": list(LABELS),
            "multi_label": False,
            "spec": {"base_model": "tiny", "lora_rank": rank, "max_context_length": 512},
            "readout": "generate",
            "answers": {},
            "fields": [],
            "adapted_prefix": True,
            "temperature": 1.0,
            "notes": {"answer": {"key": None, "many": False, "spaced": True}},
        }
        (folder / "manifest.json").write_text(json.dumps(content | manifest), "utf-8")
        for file in list(folder.iterdir()):
            write_checksum(file)
        job = {"name": f"accounts/local/supervisedFineTuningJobs/{id}", "baseModel": BASE, "loraRank": rank}
        name = f"accounts/local/models/{id}"
        assert find_base_model("tiny").language_model is not None
        with home.database.write() as connection:
            documents.insert(connection, "models", "local", id, tuned_document(home, {**job, "outputModel": name}))
        platform.post(
            f"/v1/accounts/local/deployments?deploymentId={id}-up", {"baseModel": name, "deploymentShape": "default"}
        )
        path = f"/v1/accounts/local/deployments/{id}-up"
        wait(lambda: platform.get(path), lambda document: document["state"] == "READY")
        return name

    return make
