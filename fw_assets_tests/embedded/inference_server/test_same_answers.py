"""The answers of a served model are those that the platform itself gives, base and fine-tuned, adapters as written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("peft", reason="the extra llm-dev is not installed")

from fw_assets_tests.embedded.conftest import Client, grammar
from fw_assets_tests.embedded.endpoints.test_language_models import BASE, WORDS, ask, deploy, platform, rows, tune
from fw_assets_tests.embedded.inference_server.served_tiny_model import TinyModelServer, tiny_model_server

__all__ = ["platform"]
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")

MANY = [*WORDS, *(f"{word} {n}" for word in ("account", "billing", "technical") for n in range(6))]


@pytest.fixture
def server(language_models: Path) -> Iterator[TinyModelServer]:
    with tiny_model_server(language_models / "files") as server:
        yield server


def probabilities(client: Client, model: str, text: str, labels: list[str]) -> dict[str, float]:
    fields: dict[str, Any] = {"logprobs": True, "top_logprobs": 5, "response_format": grammar(*labels)}
    (token,) = ask(client, model, text, **fields)["choices"][0]["logprobs"]["content"]
    return {top["token"]: float(np.exp(top["logprob"])) for top in token["top_logprobs"]}


def test_a_base_model_scores_labels_as_it_does_here(
    platform: Client, server: TinyModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(WORDS.values())
    here = [probabilities(platform, BASE, text, list(WORDS)) for text in texts]
    written = [ask(platform, BASE, text, max_tokens=6)["choices"][0]["message"] for text in texts]
    monkeypatch.setenv("FW_INFERENCE_URL", server.url)
    monkeypatch.setenv("FW_INFERENCE_MODEL", "served-tiny")
    there = [probabilities(platform, BASE, text, list(WORDS)) for text in texts]
    for one, other in zip(here, there, strict=True):
        assert other == pytest.approx(one, abs=2e-5)
    assert [ask(platform, BASE, text, max_tokens=6)["choices"][0]["message"] for text in texts] == written
    assert set(server.calls) == {"/v1/completions"}


def test_a_fine_tuned_model_answers_as_it_does_here(
    platform: Client, server: TinyModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_INFERENCE_URL", server.url)
    monkeypatch.setenv("FW_INFERENCE_MODEL", "served-tiny")
    platform.dataset("train", rows())
    tune(platform, "one")
    model = deploy(platform, "one")
    texts = [*WORDS.values(), "something else"]
    there = [probabilities(platform, model, text, list(WORDS)) for text in texts]
    many = [probabilities(platform, model, text, MANY) for text in texts]
    free = [ask(platform, model, text)["choices"][0]["message"] for text in texts]
    assert server.calls.count("/v1/load_lora_adapter") == 1
    monkeypatch.delenv("FW_INFERENCE_URL")
    for text, one in zip(texts, there, strict=True):
        assert one == pytest.approx(probabilities(platform, model, text, list(WORDS)), abs=2e-5)
    for text, one in zip(texts, many, strict=True):
        here = probabilities(platform, model, text, MANY)
        best = max(here, key=lambda label: here[label])
        assert max(one, key=lambda label: one[label]) == best
    assert [ask(platform, model, text)["choices"][0]["message"] for text in texts] == free


def test_a_server_that_tells_no_prompts_chooses_alike(
    platform: Client, language_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tiny_model_server(language_models / "files", tells_prompts=False) as server:
        monkeypatch.setenv("FW_INFERENCE_URL", server.url)
        monkeypatch.setenv("FW_INFERENCE_MODEL", "tiny-llama=served-tiny")
        there = probabilities(platform, BASE, "where is my card", list(WORDS))
        assert sum(there.values()) == pytest.approx(1)
        assert set(there) == set(WORDS)
        assert server.calls.count("/v1/completions") == 2
