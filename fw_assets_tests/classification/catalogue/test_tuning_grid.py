from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.catalogue.tuning_grid import Cell, PublishedCell, epochs_for, grid, rate_text, waves
from fw_assets.classification.session import Session

PUBLISHED = (
    PublishedCell(lora_rank=16, learning_rate=0.01, epochs=10, batch_size=64),
    PublishedCell(lora_rank=32, learning_rate=0.003),
)


@pytest.mark.parametrize(
    ("rows", "epochs"), [(0, 5), (1, 5), (500, 5), (501, 5), (625, 4), (1000, 3), (2499, 2), (2500, 1), (10**6, 1)]
)
def test_epochs_follow_the_rule(rows: int, epochs: int) -> None:
    assert epochs_for(rows) == epochs


@given(st.integers(1, 10**7))
def test_epochs_are_between_one_and_five_and_never_rise_with_rows(rows: int) -> None:
    assert epochs_for(rows) == min(5, math.ceil(2500 / rows))
    assert 1 <= epochs_for(rows + 1) <= epochs_for(rows) <= 5


def test_default_grid() -> None:
    cells = grid(Session(), None, rows=1000)
    assert [(c.lora_rank, c.learning_rate, c.epochs) for c in cells] == [
        (8, 1.5e-4, 3),
        (16, 1.0e-4, 3),
        (32, 5.0e-5, 3),
    ]
    assert [c.name for c in cells] == ["r8-lr1.5e-4-e3", "r16-lr1e-4-e3", "r32-lr5e-5-e3"]


def test_published_grid_keeps_its_own_epochs_and_batch() -> None:
    cells = grid(Session(), PUBLISHED, rows=1000)
    assert [c.name for c in cells] == ["r16-lr1e-2-e10-b64", "r32-lr3e-3-e3"]


def test_explicit_grid_is_every_combination_and_wins_over_the_published() -> None:
    session = Session(lora_ranks=(8, 16), learning_rates=(1e-4, 5e-5), epochs=2)
    assert [c.name for c in grid(session, PUBLISHED, rows=10)] == [
        "r8-lr1e-4-e2-b64",
        "r8-lr5e-5-e2-b64",
        "r16-lr1e-4-e2-b64",
        "r16-lr5e-5-e2-b64",
    ]


def test_ranks_alone_take_the_rate_of_the_nearest_rank() -> None:
    cells = grid(Session(lora_ranks=(4, 32)), None, rows=2500)
    assert [(c.lora_rank, c.learning_rate) for c in cells] == [(4, 1.5e-4), (32, 5e-5)]


def test_rates_alone_are_tried_with_every_rank() -> None:
    cells = grid(Session(learning_rates=(2e-4,)), None, rows=2500)
    assert [(c.lora_rank, c.learning_rate) for c in cells] == [(8, 2e-4), (16, 2e-4), (32, 2e-4)]


@given(st.integers(0, 1000), st.integers(1, 50))
def test_waves_start_every_job_within_the_limit(jobs: int, limit: int) -> None:
    sizes = waves(jobs, limit)
    assert sum(sizes) == jobs
    assert all(0 < size <= limit for size in sizes)
    assert len(sizes) == -(-jobs // limit)


@given(st.floats(1e-7, 1.0))
def test_rate_text_reads_back(rate: float) -> None:
    assert float(rate_text(rate)) == pytest.approx(rate, rel=1e-8)


def test_cell_names_of_a_grid_are_unique() -> None:
    session = Session(lora_ranks=(1, 2, 4, 8, 16, 32), learning_rates=(1e-4, 1.5e-4, 1e-3))
    names = [cell.name for cell in grid(session, None, rows=10)]
    assert len(set(names)) == len(names) == 18
    assert Cell(lora_rank=8, learning_rate=1e-4, epochs=1).name == "r8-lr1e-4-e1"
