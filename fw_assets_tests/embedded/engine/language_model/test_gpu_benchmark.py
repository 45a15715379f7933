"""The script for a machine with a GPU runs where there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from benchmarks import gpu

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")
WORDS = {"refund": "money back please", "card arrival": "where is my card", "greeting": "good morning to you"}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name, copies in (("train.jsonl", 8), ("test.jsonl", 2)):
        rows = [
            {"messages": [{"role": "user", "content": f"{text} {n}"}, {"role": "assistant", "content": label}]}
            for n in range(copies)
            for label, text in WORDS.items()
        ]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, list[Any]]:
    monkeypatch.setattr(sys, "argv", ["gpu", *given])
    status = gpu.main()
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_part_is_printed(
    dataset: Path, language_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("peft", reason="the extra llm-dev is not installed")
    pytest.importorskip("accelerate", reason="the extra llm-dev is not installed")
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    status, parts = run(monkeypatch, capsys, "tiny", str(gpu.ADAPTERS), "16", str(dataset), "tiny-llama", "2")
    assert status == 0, parts
    names = [part["part"] for part in parts]
    trained = ["training", "peft + Trainer", "scoring"]
    assert names == ["machine", "matrix products", "model", *trained, "epoch", "epoch", dataset.name]
    figures = {part["part"]: part for part in parts}
    for name in trained:
        assert figures[name]["tokens per second"] > 0
        assert figures[name]["share of the card"] > 0
        assert figures[name]["peak memory, GB"] > 0
    assert sum("rows per second" in name for name in figures["scoring"]) == 3
    assert (figures[dataset.name]["test rows"], figures["epoch"]["epoch"]) == (6, 2)
    assert 0 <= figures[dataset.name]["accuracy"] <= 1


def test_a_part_that_fails_takes_no_other_along(
    tmp_path: Path, language_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FW_LANGUAGE_MODELS", str(language_models))
    monkeypatch.setattr(gpu, "training_elsewhere", lambda _: 1 / 0)
    monkeypatch.setattr(gpu, "scoring", lambda _: {"tokens per second": 1.0})
    status, parts = run(monkeypatch, capsys, "tiny", "2", "8", str(tmp_path / "none"), "tiny-llama")
    assert status == 1
    errors = {part["part"]: part["error"] for part in parts if "error" in part}
    assert errors.keys() == {"peft + Trainer", "none"}
    assert errors["peft + Trainer"].startswith("ZeroDivisionError")
    assert str(tmp_path / "none" / "train.jsonl") in errors["none"]
