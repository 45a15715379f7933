from __future__ import annotations

from typing import Any

from fw_assets.report.schema.report import CandidateResult
from fw_assets.report.schema.tuning import SweepCellResult
from fw_assets.report.sections.tuning import sweep
from fw_assets.report.table import Table
from fw_assets_tests.report.samples import sample_report


def table(**figures: Any) -> Table:
    cell = SweepCellResult(name="r8", lora_rank=8, learning_rate=1e-4, epochs=3, eval_loss=0.4, **figures)
    candidate: CandidateResult = sample_report().candidates[0]
    return sweep(candidate.model_copy(update={"sweep": (cell,)}))


def names(shown: Table) -> list[str]:
    assert all(len(row) == len(shown.columns) for row in shown.rows)
    return [column.name for column in shown.columns]


def test_columns_that_no_job_fills_are_left_out() -> None:
    hosted = table(kept_epoch=3.0)
    assert "Validation accuracy" not in names(hosted)
    assert "Epoch kept" not in names(hosted)
    assert hosted.rows[0][names(hosted).index("Eval loss")] == "0.400"


def test_a_report_of_jobs_that_kept_an_earlier_epoch_names_it() -> None:
    earlier = table(kept_epoch=2.0, eval_accuracy=0.9)
    assert earlier.rows[0][names(earlier).index("Epoch kept")] == "2"
    assert earlier.rows[0][names(earlier).index("Validation accuracy")] == "90.0%"
