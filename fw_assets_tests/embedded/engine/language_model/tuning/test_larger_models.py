"""Every architecture at two million parameters: trained, asked, the same logits as peft's, and merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from fw_assets.embedded.engine.language_model.model_folders import describe
from fw_assets.embedded.engine.language_model.scorers import load_tuned_scorer
from fw_assets.embedded.engine.language_model.tuning.adapter_form import AdapterForm
from fw_assets.embedded.exporting.language_model_export import export
from fw_assets_tests.embedded.engine.language_model.tiny_models import ARCHITECTURES, LARGER, make_folder
from fw_assets_tests.embedded.engine.language_model.tuning.test_adapter_training import (
    ROWS,
    check_that_it_learns,
    check_with_peft,
)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_larger_model_is_trained_asked_and_merged(architecture: str, tmp_path: Path) -> None:
    files = make_folder(architecture, tmp_path / "model", **LARGER)
    folder = describe(f"larger-{architecture}", files, architecture)
    assert 1.9e6 < folder.parameters < 2.4e6
    check_that_it_learns(folder, AdapterForm(4, True, "generate"), tmp_path)
    texts = [row.text for row in ROWS[:4]]
    expected = load_tuned_scorer(tmp_path / "out", folder).log_probabilities(texts, None)
    merged, _ = export(tmp_path / "out", folder, "merged", tmp_path / "merged", tmp_path / "cache", exact=True)
    assert np.abs(merged.log_probabilities(texts, None) - expected).max() < 1e-4
    check_with_peft(folder, tmp_path / "out")
