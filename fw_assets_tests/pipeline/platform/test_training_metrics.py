"""Accuracy, loss and curve of a job: all of the epoch that its platform serves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.pipeline.platform.training_metrics import KEPT_EPOCH, TOKENS, trained_tokens, training_metrics
from fw_assets.pipeline.values.tuning import SweepCell
from fw_assets.report.schema.tuning import EpochMetrics

SHARE = st.floats(0, 1)
CURVE = st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=12)


@given(CURVE, st.booleans(), st.data())
def test_figures_are_those_of_the_named_epoch_and_else_of_the_last(
    figures: list[tuple[float, float]], has_epochs: bool, data: st.DataObject
) -> None:
    records: list[dict[str, float]] = []
    for epoch, (loss, accuracy) in enumerate(figures, start=1):
        place = {"epoch": float(epoch)} if has_epochs else {}
        records.append({"step": 10 * epoch, **place, "train/loss": loss})
        records.append({"step": 10 * epoch, **place, "eval/loss": loss, "eval/accuracy": accuracy})
    named = data.draw(st.none() | st.integers(1, len(figures))) if has_epochs else None
    if named is not None:
        records.append({KEPT_EPOCH: float(named)})
    metrics = training_metrics(records, len(figures))
    assert [(point.loss, point.accuracy) for point in metrics.curve] == figures
    assert [point.epoch for point in metrics.curve] == list(range(1, len(figures) + 1))
    epoch = named or len(figures)
    loss, accuracy = figures[epoch - 1]
    assert metrics.served == EpochMetrics(epoch=epoch, loss=loss, accuracy=accuracy)
    assert metrics.train_loss == (loss if has_epochs else figures[-1][0])


def test_records_of_one_epoch_are_one_point() -> None:
    split = [{"step": 5, "eval/loss": 0.5}, {"step": 5, "eval/accuracy": 0.7}, {"step": 10, "eval/loss": 0.6}]
    assert training_metrics(split, 2).curve == (
        EpochMetrics(epoch=1, loss=0.5, accuracy=0.7),
        EpochMetrics(epoch=2, loss=0.6),
    )
    written_again = [{"epoch": 1.0, "eval/loss": 0.5}, {"epoch": 1.0, "eval/loss": 0.4}]
    assert training_metrics(written_again, 1).served == EpochMetrics(epoch=1, loss=0.4)


def test_an_evaluation_that_is_missing_moves_no_other_to_its_epoch() -> None:
    records = [{"step": float(step), "train/loss": 1 / step} for step in range(1, 31)]
    first, last = {"step": 10.0, "eval/loss": 0.4, "eval/ppl": 1.5}, {"step": 30.0, "eval/loss": 0.6, "eval/ppl": 1.8}
    metrics = training_metrics([*records[:10], first, *records[10:], last], 3)
    assert metrics.curve == (EpochMetrics(epoch=1, loss=0.4), EpochMetrics(epoch=3, loss=0.6))
    assert metrics.served == metrics.curve[-1]
    assert training_metrics([*records[:10], first, *records[10:]], 3).served is None, "the served epoch has no figures"


@pytest.mark.parametrize(
    "records",
    [[], [{"step": 1.0, "train/loss": 0.3}], [{"epoch": 1.0, "eval/loss": 0.3}, {KEPT_EPOCH: 7.0}]],
    ids=["nothing", "no evaluation", "an epoch without a record"],
)
def test_no_figure_is_taken_from_another_epoch(records: list[dict[str, float]]) -> None:
    assert training_metrics(records, 1).served is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.data())
def test_tokens_are_the_sum_over_the_steps_each_once(tokens: list[int], data: st.DataObject) -> None:
    steps = [{"step": float(number), TOKENS: float(count)} for number, count in enumerate(tokens, start=1)]
    evaluations = [{"step": float(len(tokens)), "eval/loss": 0.5}]
    restart = data.draw(st.integers(0, len(tokens)))
    lost = [{**record, TOKENS: 7.0} for record in steps[restart:]]
    assert trained_tokens([*steps[:restart], *lost, *steps[restart:], *evaluations]) == sum(tokens)
    assert trained_tokens([{TOKENS: float(count)} for count in tokens]) == sum(tokens)


def test_tokens_of_two_records_of_the_hosted_service() -> None:
    assert trained_tokens([{"step": 1, TOKENS: 106_622.0}, {"step": 2, TOKENS: 61_186.0}]) == 167_808


def test_running_totals_of_version_0_1_are_not_added_up() -> None:
    records = [{"step": float(step), "epoch": step / 5, TOKENS: step * 100.0} for step in range(6)]
    assert trained_tokens(records) == 500


@pytest.mark.parametrize("records", [[], [{"step": 1.0}], [{"step": 1.0, TOKENS: -5.0}]])
def test_without_a_count_there_are_no_tokens(records: list[dict[str, float]]) -> None:
    assert trained_tokens(records) is None


def test_a_cell_of_version_0_1_shows_the_accuracy_that_goes_with_its_loss() -> None:
    stored = {
        "cell": {"lora_rank": 8, "learning_rate": 1e-4, "epochs": 3},
        "job": "accounts/me/supervisedFineTuningJobs/j",
        "model": "accounts/me/models/m",
        "eval_loss": 0.2,
        "eval_accuracy": 0.272,
        "train_loss": None,
        "trained_tokens": None,
        "curve": [
            {"epoch": e, "loss": loss, "accuracy": a}
            for e, loss, a in ((1, 0.4, 0.3), (2, 0.2, 0.437), (3, 0.9, 0.272))
        ],
    }
    cell = SweepCell.model_validate(stored)
    assert (cell.kept_epoch, cell.eval_loss, cell.eval_accuracy) == (2, 0.2, 0.437)
    assert SweepCell.model_validate(cell.model_dump()) == cell
