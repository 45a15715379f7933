"""Minutes of models whose platform tells how fast its machine is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.durations import EMBEDDED_TIMING
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.machine_time import Pace, measured_speed, scoring_minutes, training_minutes
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import COUNTED
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.session import Session

SPEED = ModelSpeed(trained_tokens=100, scored_tokens=200, basis="jobs", rows_for_trial=20)
START = 8 / 60


def volume(rows: int, tokens: int = 50, system: int = 30) -> TextVolume:
    """Rows of `tokens` in all, of which the added system message has `system`."""
    return TextVolume(
        rows=rows, prompt_tokens=rows * (tokens - 4), answer_tokens=0, system_tokens=rows * system, messages=0
    )


def planned(slug: str, speed: ModelSpeed | None, cells: int = 2) -> PlannedModel:
    return PlannedModel(
        name=f"accounts/fireworks/models/{slug}",
        slug=slug,
        tunable=True,
        strategy="serverless",
        cells=tuple(Cell(lora_rank=rank + 1, learning_rate=1e-3, epochs=3) for rank in range(cells)),
        entry=CatalogueModel(name=f"accounts/fireworks/models/{slug}", speed=speed),
    )


def estimate(*models: PlannedModel, **session: int) -> Estimate:
    workload = Workload(train=volume(3000), sweep=volume(600), validation=volume(100), test=volume(200))
    pricing = Pricing(prices=shipped_prices(), ratio=COUNTED, timing=EMBEDDED_TIMING, base_answers_freely=False)
    return estimate_costs(models, workload, Session(**session), pricing)


def test_a_job_reads_its_rows_once_an_epoch_and_the_instructions_once_in_all() -> None:
    minutes = training_minutes(SPEED, COUNTED, volume(600), volume(10), 3, chooses=True)
    assert minutes.expected == pytest.approx(START + 3 * (600 * 20 / 100 + 10 * 20 / 200) / 60)
    whole = SPEED.model_copy(update={"trains_on_instructions": True})
    assert training_minutes(whole, COUNTED, volume(600), volume(0), 3, chooses=True).expected == pytest.approx(
        START + 3 * 600 * 50 / 100 / 60
    )


@pytest.mark.parametrize(
    ("rows", "chooses", "passes"),
    [(19, True, 3), (20, True, 4), (20, False, 3)],
    ids=["too few rows to choose by", "a readout is chosen", "sets of labels have one readout"],
)
def test_choosing_the_readout_takes_an_epoch_more(rows: int, chooses: bool, passes: int) -> None:
    minutes = training_minutes(SPEED, COUNTED, volume(600), volume(rows), 3, chooses=chooses)
    assert minutes.expected == pytest.approx(START + passes * (600 * 20 / 100 + rows * 20 / 200) / 60)


@given(rows=st.integers(1, 10_000), factor=st.integers(2, 50))
def test_minutes_are_proportional_to_rows_and_tokens(rows: int, factor: int) -> None:
    once = scoring_minutes(SPEED, COUNTED, volume(rows)).expected - START
    assert scoring_minutes(SPEED, COUNTED, volume(rows * factor)).expected - START == pytest.approx(once * factor)
    longer = volume(rows, tokens=30 + 20 * factor)
    assert scoring_minutes(SPEED, COUNTED, longer).expected - START == pytest.approx(once * factor)


def test_a_plan_has_the_minutes_of_a_language_model_and_leaves_those_of_others_alone() -> None:
    small, large = planned("char-ngram", None), planned("smollm2-135m", SPEED)
    alone, both = estimate(small), estimate(small, large, finalists=2)
    for stage in ("base-evaluation", "sweep", "full-training", "tuned-evaluation"):
        assert both.line(f"{stage}/char-ngram").minutes == alone.line(f"{stage}/char-ngram").minutes
    job = training_minutes(SPEED, COUNTED, volume(600), volume(100), 3, chooses=True)
    assert both.line("sweep/smollm2-135m").minutes == job
    assert alone.minutes.high < 5 < both.minutes.expected
    assert (
        alone.lines
        == tuple(line for line in both.lines if line.model != "smollm2-135m" and line.model is not None)
        + (alone.lines[-3:])
    ), "money does not change"


def test_jobs_that_do_not_go_on_at_once_follow_each_other() -> None:
    four = planned("smollm2-135m", SPEED, cells=4)
    two = planned("smollm2-135m", SPEED.model_copy(update={"parallel_jobs": 2}), cells=4)
    one_job = estimate(four).line("sweep/smollm2-135m").minutes.expected
    difference = estimate(four).minutes.expected - estimate(two).minutes.expected
    assert difference == pytest.approx(2 * one_job)
    limited = estimate(two, max_parallel_jobs=1)
    assert limited.minutes.expected == pytest.approx(estimate(four, max_parallel_jobs=1).minutes.expected)


def test_the_pace_of_the_base_benchmark_revises_scoring_and_training_alike() -> None:
    device = SPEED.model_copy(update={"basis": "device"})
    slow = measured_speed(device, COUNTED, volume(300), Pace(rows=100, seconds=100 * 20 / 50))
    assert (slow.scored_tokens, slow.trained_tokens) == pytest.approx((50, 25))
    assert slow.basis == "benchmark"
    known = measured_speed(SPEED, COUNTED, volume(300), Pace(rows=100, seconds=40))
    assert (known.scored_tokens, known.trained_tokens) == pytest.approx((50, 100)), "former jobs tell it better"
    assert measured_speed(device, COUNTED, volume(300), Pace()) == device, "all answers were there before"


def test_the_bounds_are_narrower_the_more_was_measured() -> None:
    spreads = []
    for basis in ("jobs", "benchmark", "device"):
        minutes = scoring_minutes(SPEED.model_copy(update={"basis": basis}), COUNTED, volume(10_000))
        spreads.append(minutes.high / minutes.low)
    assert spreads == sorted(spreads)


def test_a_faster_machine_is_no_other_plan() -> None:
    entry = CatalogueModel(name="accounts/fireworks/models/m", speed=SPEED)
    assert entry.terms(tuning=True) == entry.model_copy(update={"speed": None}).terms(tuning=True)
