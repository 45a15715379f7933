"""Rows and folders that the engine's tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fw_assets.embedded.engine.features.minilm_weights import weights_available
from fw_assets.embedded.engine.training import TrainingRecord
from fw_assets.embedded.engine.training_spec import TrainingRow

_WORDS = {
    "refund": ("money back please", "i want my money returned", "give me back what i paid"),
    "card_arrival": ("where is my card", "card has not arrived in the mail", "when will my card come"),
    "greeting": ("hello there", "good morning to you", "hi how are you"),
}


@pytest.fixture
def rows() -> tuple[TrainingRow, ...]:
    """Nine easy rows of three labels, ten times with small variations."""
    return tuple(
        TrainingRow(f"{text} {number}", (label,))
        for number in range(10)
        for label, texts in _WORDS.items()
        for text in texts
    )


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files that can be computed again, shared so that the encoder's graph is built once."""
    return tmp_path_factory.mktemp("engine-cache")


@pytest.fixture
def records() -> tuple[list[TrainingRecord], Callable[[TrainingRecord], None]]:
    """A list and the callback that fills it."""
    records: list[TrainingRecord] = []
    return records, records.append


needs_weights = pytest.mark.skipif(not weights_available(), reason="the MiniLM weights are not installed")
