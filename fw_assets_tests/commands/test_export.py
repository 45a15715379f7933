"""The fine-tuned winner as files: written, asked again, and refused where it answers otherwise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from fw_assets.workspace.batches import write_batches
from fw_assets.workspace.predictions import prediction_path
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import InProcessPool, Project


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("finished"))
    project.make_pool = InProcessPool
    done = project.run(*project.workflow())
    assert done.returncode == 0, done.stderr
    assert project.report()["winner"]["kind"] == "tuned"
    return project


def test_onnx_export_has_the_card_the_prompt_and_the_proof(finished: Project, tmp_path: Path) -> None:
    out = tmp_path / "model"
    done = finished.run("export", "tickets", "--format", "onnx", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "the same answers as in its evaluation to 20 rows asked again" in " ".join(done.stdout.split())
    assert {"model.onnx", "classify.py", "ngrams.py", "ngrams.npz", "classifier.json", "README.md", "prompt.json"} == {
        path.name for path in out.iterdir()
    }
    card = (out / "README.md").read_text("utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["base_model_relation"] == "finetune"
    assert "license" not in front, "char-ngram comes with no weights, so none of a licence"
    assert "20 of 20 test rows" in card
    assert 'python classify.py "a text"' in card
    assert "{text}" in json.loads((out / "prompt.json").read_bytes())["messages"][-1]["content"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_adapter_is_the_platform_s_files(finished: Project, tmp_path: Path) -> None:
    out = tmp_path / "adapter"
    done = finished.run("export", "tickets", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["format"], told["kind"], told["replayed"], told["out"]) == ("adapter", "encoders", 20, str(out))
    model = finished.workspace / ".platform" / "models" / told["name"].rsplit("/", 1)[-1]
    for name in ("model.safetensors", "manifest.json"):
        assert (out / name).read_bytes() == (model / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "gguf"), "is no language model, so that it has no gguf form"),
        (("--out", "."), "is there and not empty"),
    ],
)
def test_what_cannot_be_written_is_refused(finished: Project, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(finished.folder.iterdir())
    done = finished.run("export", "tickets", *arguments)
    assert done.returncode == 2, done.stderr
    assert message in " ".join(done.stderr.split())
    assert sorted(finished.folder.iterdir()) == before


def test_model_that_answers_otherwise_than_it_was_evaluated_is_not_written(finished: Project, tmp_path: Path) -> None:
    store, path = Workspace(str(finished.workspace)), prediction_path("tickets", "char-ngram", "tuned", "test")
    frame = store.scan_frame(*path).collect()
    turned = frame.with_columns(pl.col("predicted").reverse())
    write_batches(store, [turned], *path)
    try:
        done = finished.run("export", "tickets", "--format", "onnx", "--out", str(tmp_path / "model"))
    finally:
        write_batches(store, [frame], *path)
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stderr.split())
    assert "gives another answer than in its evaluation on" in said
    named = re.search(r"the first of them (['\"])(.+?)\1: nothing was written", said)
    assert named is not None
    assert named[2] not in str(frame.get_column("predicted").to_list()), "the row is named by its text"
    assert list(tmp_path.iterdir()) == []
