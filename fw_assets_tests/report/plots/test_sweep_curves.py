from __future__ import annotations

from fw_assets.report.plots.sweep_curves import sweep_curves
from fw_assets.report.schema.tuning import EpochMetrics, SweepCellResult
from fw_assets_tests.report.samples import sample_report


def test_a_model_that_was_not_tuned_has_no_curve() -> None:
    assert sweep_curves(sample_report().candidates[-1].sweep) == ""


def test_settings_that_differ_in_epochs_alone_have_names_of_their_own() -> None:
    cell = sample_report().candidates[0].sweep[0]
    chart = sweep_curves((cell, cell.model_copy(update={"epochs": 8, "chosen": False})))
    assert f"rank {cell.lora_rank}, 1.5e-4, 4 epochs, chosen" in chart
    assert f"rank {cell.lora_rank}, 1.5e-4, 8 epochs" in chart


def test_the_losses_of_jobs_that_publish_no_accuracy_are_drawn() -> None:
    cells = [
        SweepCellResult(
            name="r8",
            lora_rank=8,
            learning_rate=1e-4,
            epochs=3,
            curve=tuple(EpochMetrics(epoch=epoch, loss=loss) for epoch, loss in enumerate(losses, start=1)),
        )
        for losses in ((0.9, 0.5, 0.4), (2000.0, 300.0, 20.0), (0.7, 0.7, 0.7))
    ]
    picture = sweep_curves(cells)
    assert picture.count("<polyline") == 3
    assert "Validation loss by epoch" in picture
    assert all("<polyline" in sweep_curves([cell]) for cell in cells)
