"""The script for a machine with a GPU runs where there is none."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the extra llm is not installed")
pytest.importorskip("transformers", reason="the extra llm is not installed")

from benchmarks.gpu import ADAPTERS, measure


def test_every_figure_is_there() -> None:
    figures = measure("tiny", rows=ADAPTERS, tokens=16)
    assert all(value > 0 for value in figures.values())
    assert {"training, share of the card", f"rows per second, {ADAPTERS} adapters", "peak memory, GB"} <= set(figures)
