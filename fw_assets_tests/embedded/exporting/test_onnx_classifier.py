from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.features.minilm_weights import WEIGHTS_ADVICE, weights_available
from fw_assets.embedded.engine.scorers import load_tuned
from fw_assets.embedded.engine.training import train
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec
from fw_assets.embedded.exporting.export import export_model
from fw_assets.embedded.exporting.onnx_scorer import OnnxScorer

WORDS = {"refund": "money back please", "card arrival": "where is my card", "greeting": "good morning to you"}
TEXTS = ["money back for my card", "good morning", "", "naïve Größe 你好 🎉 12345", "word " * 900]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the encoder's graph, which is built once."""
    return tmp_path_factory.mktemp("cache")


def tuned_files(home: Path, cache: Path, base: str, *, multi_label: bool) -> Path:
    rows = [
        TrainingRow(f"{text} {number}", (label,), tokens=10) for number in range(8) for label, text in WORDS.items()
    ]
    if multi_label:
        rows += [TrainingRow("money back please, where is my card", ("card arrival", "refund"), tokens=10)] * 3
        rows += [TrainingRow("no label at all", (), tokens=10)]
    spec = TrainingSpec(base, lora_rank=4, learning_rate=0.01, epochs=2, batch_size=8, max_context_length=256)
    notes = {"answer": {"key": "labels" if multi_label else None, "many": multi_label, "spaced": True}}
    train(spec, rows, rows[:6], home / "files", cache, multi_label, lambda record: None, notes)
    return home / "files"


@pytest.mark.parametrize(
    ("base", "multi_label"),
    [("char-ngram", False), ("char-ngram", True), ("minilm-l6-v2", False), ("minilm-ngram", True)],
)
def test_graph_gives_the_model_s_probabilities(base: str, multi_label: bool, cache: Path, tmp_path: Path) -> None:
    if base.startswith("minilm") and not weights_available():
        pytest.skip(WEIGHTS_ADVICE)
    files = tuned_files(tmp_path, cache, base, multi_label=multi_label)
    written = export_model(files, "onnx", tmp_path / "onnx", cache, [])
    assert written.licence == ("apache-2.0" if base.startswith("minilm") else "")
    model, exported = load_tuned(files, cache), OnnxScorer(tmp_path / "onnx", {})
    expected = np.exp(model.log_probabilities(TEXTS, None))
    assert np.abs(np.exp(exported.log_probabilities(TEXTS, None)) - expected).max() < 5e-3  # a unit of float16
    assert exported.predict_sets(TEXTS, None) == model.predict_sets(TEXTS, None)
    some = ("greeting", "refund")
    rest = np.exp(model.log_probabilities(TEXTS, some)) - np.exp(exported.log_probabilities(TEXTS, some))
    assert np.abs(rest).max() < 5e-3


def test_export_stands_alone(cache: Path, tmp_path: Path) -> None:
    files = tuned_files(tmp_path, cache, "char-ngram", multi_label=False)
    export_model(files, "onnx", tmp_path / "onnx", cache, [])
    assert "fw_assets" not in (tmp_path / "onnx" / "classify.py").read_text("utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "onnx" / "classify.py"), "money back please 3", "good morning to you 1"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [["refund"], ["greeting"]]


def test_exported_model_answers_requests(cache: Path, tmp_path: Path) -> None:
    files = tuned_files(tmp_path, cache, "char-ngram", multi_label=False)
    grammar = {"type": "grammar", "grammar": 'root ::= "refund" | "card arrival" | "greeting" | "never seen"'}
    bodies = [
        json.dumps({"model": "m", "messages": [{"role": "user", "content": text}], "response_format": grammar}).encode()
        for text in WORDS.values()
    ]
    for form in ("onnx", "adapter"):
        exported = export_model(files, form, tmp_path / form, cache, bodies)
        assert exported.answers == tuple(WORDS)
        assert exported.kind == "encoders"


@pytest.mark.parametrize("form", ["merged", "gguf"])
def test_form_that_a_small_model_has_not_is_refused(form: str, cache: Path, tmp_path: Path) -> None:
    files = tuned_files(tmp_path, cache, "char-ngram", multi_label=False)
    with pytest.raises(EngineError, match="--format adapter or onnx"):
        export_model(files, form, tmp_path / form, cache, [])  # type: ignore[arg-type]
    assert not (tmp_path / form).exists()
