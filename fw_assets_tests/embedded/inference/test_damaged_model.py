"""Damaged weights refuse requests with the sentence that says so, and not as a passing failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.embedded.engine.features.minilm_weights import find_weights
from fw_assets_tests.embedded.conftest import Client

GRAMMAR = {"type": "grammar", "grammar": 'root ::= "billing" | "sales"'}


def refusal(client: Client, model: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": "?"}], "response_format": GRAMMAR}
    answer = client.call("POST", "/inference/v1/chat/completions", body, status=400)
    assert answer["error"]["code"] == "FAILED_PRECONDITION"
    return str(answer["error"]["message"])


def test_weights_with_one_flipped_byte(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = find_weights()
    if files is None:
        pytest.skip("the MiniLM weights are not on this machine")
    folder = tmp_path / "weights"
    folder.mkdir()
    content = bytearray(files.weights.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / files.weights.name).write_bytes(content)
    (folder / files.tokenizer.name).write_bytes(files.tokenizer.read_bytes())
    monkeypatch.setenv("FW_MINILM_PATH", str(folder))
    assert "is not that of the published file" in refusal(client, "accounts/fireworks/models/minilm-l6-v2")
