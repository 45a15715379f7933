from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.label_sets import SetThresholds
from fw_assets.embedded.engine.scorers import load_tuned
from fw_assets.embedded.engine.training_spec import TrainingSpec
from fw_assets.embedded.engine.tuned_model import MANIFEST_FILE, TunedModel, load, save

TUNED = TunedModel(
    spec=TrainingSpec("char-ngram"),
    labels=("b", "a"),
    multi_label=False,
    shares={"ngram": 1.0},
    temperature=1.5,
    thresholds=SetThresholds(),
    allow_empty=False,
    notes={"answer": "text"},
    arrays={"ngram": {"A": np.ones((2, 3), np.float32), "keys": np.array([4, 5], np.uint32)}},
)


def test_a_model_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    save(TUNED, tmp_path)
    loaded = load(tmp_path)
    assert loaded.labels == TUNED.labels
    assert loaded.spec == TUNED.spec
    assert loaded.notes == TUNED.notes
    assert np.array_equal(loaded.arrays["ngram"]["A"], TUNED.arrays["ngram"]["A"])
    assert loaded.arrays["ngram"]["keys"].dtype == np.uint32


def test_a_model_without_arrays_is_the_base(tmp_path: Path) -> None:
    save(TunedModel(**{**TUNED.__dict__, "arrays": {}}), tmp_path)
    assert load(tmp_path).arrays == {}


def test_a_model_that_kept_its_best_epoch_is_read(tmp_path: Path) -> None:
    save(TUNED, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST_FILE).read_text())
    (tmp_path / MANIFEST_FILE).write_text(json.dumps({**manifest, "best_epoch": 2.0}))
    assert load(tmp_path).labels == TUNED.labels


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"manifest\.json: missing"):
        load_tuned(tmp_path, tmp_path)
    save(TUNED, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST_FILE).read_text())
    (tmp_path / MANIFEST_FILE).write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(EngineError, match="format 99, expected 1"):
        load(tmp_path)
    (tmp_path / MANIFEST_FILE).write_text("{")
    with pytest.raises(EngineError, match="not a tuned model"):
        load(tmp_path)
