from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.features.minilm_encoder import MinilmTextEncoder
from fw_assets.embedded.engine.registry import BaseModel, base_models, find_base_model


@pytest.mark.parametrize("model", base_models().values(), ids=base_models())
def test_an_entry_publishes_a_usable_grid_and_a_share_per_encoder(model: BaseModel) -> None:
    low, high = model.learning_rate_range
    assert all(rank > 0 and low <= rate <= high for rank, rate, _ in model.grid)
    for shares in (model.base_shares, *model.tuned_shares):
        assert len(shares) == len(model.encoders)
    names = [encoder.name for encoder in model.encoders]
    assert len(set(names)) == len(names), "a name prefixes the arrays of one encoder in a stored model"


def test_only_models_of_missing_weights_say_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FW_MINILM_PATH", str(tmp_path))
    for model in base_models().values():
        if MinilmTextEncoder in model.encoders:
            assert "fw-assets setup" in (model.missing_weights() or "")
    assert find_base_model("char-ngram").missing_weights() is None


def test_an_unknown_model_is_refused_with_those_that_exist() -> None:
    with pytest.raises(EngineError, match="no base model 'other'; there are char-ngram, "):
        find_base_model("other")
