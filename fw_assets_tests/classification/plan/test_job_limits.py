"""Limits of jobs by the number of rows, where so many rows are too many for a test."""

from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.imbalance import Imbalance, MitigationEffect
from fw_assets.classification.plan.job_limits import check_jobs
from fw_assets.classification.session import MAX_JOB_ROWS, Session

ENTRY = CatalogueModel(name="accounts/fireworks/models/small", tunable=True)


def check(train: int, epochs: int, *effects: MitigationEffect, sweep_rows: int = 1_000, tuned: bool = True) -> None:
    cell = Cell(lora_rank=8, learning_rate=1e-4, epochs=epochs)
    model = PlannedModel(
        name=ENTRY.name, slug=ENTRY.slug, tunable=True, strategy="serverless", cells=(cell,) if tuned else ()
    )
    imbalance = Imbalance(
        ratio=1, threshold=50, exceeded=False, most=("a", 1), least=("a", 1), mitigations=tuple(effects)
    )
    check_jobs(Session(), [ENTRY], [model], {"train": train, "validation": 100}, sweep_rows, imbalance)


def effect(rows: int, *dropped: str) -> MitigationEffect:
    return MitigationEffect(name="drop-rare", rows_before=rows, rows_after=rows, ratio_after=1, dropped=dropped)


def test_rows_times_epochs_end_where_a_job_does() -> None:
    check(MAX_JOB_ROWS // 3, 3)
    with pytest.raises(InputError, match="epochs: 1,000,001 training rows x 3 epochs are over 3,000,000") as error:
        check(MAX_JOB_ROWS // 3 + 1, 3)
    assert "set epochs to at most 2" in str(error.value)
    with pytest.raises(InputError, match="3,000,001 training rows are over 3,000,000, the most of one job; take fewer"):
        check(MAX_JOB_ROWS + 1, 1)


def test_a_mitigation_that_can_be_chosen_when_approving_counts() -> None:
    check(1_000_000, 3, effect(1_000_000))
    with pytest.raises(InputError, match="epochs: 1,000,100 training rows"):
        check(1_000_000, 3, effect(1_000_100))
    with pytest.raises(InputError, match="sweep_rows: 4 are too few where 2 labels may be dropped"):
        check(100, 3, effect(90, "a", "b"), sweep_rows=4)


def test_a_benchmark_has_no_jobs() -> None:
    check(MAX_JOB_ROWS + 1, 1, tuned=False)
