from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.catalogue.decision_arms import decision_arms
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.tuning_grid import grid
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.prices import Price, PriceBook, shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range, exactly
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, COUNTED
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.session import Session

TRAIN = TextVolume(
    rows=5000,
    messages=5000,
    prompt_characters=10**6,
    answer_characters=50_000,
    prompt_tokens=250_000,
    answer_tokens=10_000,
)
HELD = TextVolume(
    rows=500, messages=500, prompt_characters=10**5, answer_characters=5000, prompt_tokens=25_000, answer_tokens=1000
)


def model(
    slug: str, parameters: float | None, *, serverless: bool = True, session: Session | None = None
) -> PlannedModel:
    return PlannedModel(
        name=f"accounts/fireworks/models/{slug}",
        slug=slug,
        parameter_count=None if parameters is None else int(parameters),
        tunable=True,
        strategy="serverless" if serverless else "deployment",
        cells=grid(Session(), None, TRAIN.rows),
    )


def price(
    models: list[PlannedModel],
    session: Session | None = None,
    *,
    sweep: TextVolume | None = None,
    book: PriceBook | None = None,
    exact: bool = True,
    multi_label: bool = False,
) -> Estimate:
    workload = Workload(
        train=TRAIN, sweep=sweep or TRAIN.scaled(1000), validation=HELD, test=HELD, multi_label=multi_label
    )
    pricing = Pricing(prices=book or shipped_prices(), ratio=COUNTED if exact else BYTE_PAIR, timing=FIREWORKS_TIMING)
    return estimate_costs(models, workload, session or Session(), pricing)


SMALL, MIDDLE, LARGE = model("small", 8e9), model("middle", 32e9), model("large", 235e9)


def test_one_line_for_each_stage_and_model() -> None:
    keys = [line.key for line in price([SMALL, MIDDLE]).lines]
    stages = ("base-evaluation", "sweep", "full-training", "tuned-evaluation")
    assert keys == [f"{stage}/{slug}" for stage in stages for slug in ("small", "middle")] + [
        "deployment/proof",
        "deployment/first-hour",
        "deployment/idle-day",
    ]


def test_base_models_may_name_more_labels_than_a_row_has() -> None:
    single, several = price([SMALL]), price([SMALL], multi_label=True)
    answers = [estimate.line("base-evaluation/small").parts[1].quantity for estimate in (single, several)]
    assert answers[1] == Range(low=answers[0].low, expected=1.5 * answers[0].expected, high=3 * answers[0].high)
    for stage in ("sweep", "full-training", "tuned-evaluation"):
        assert several.line(f"{stage}/small") == single.line(f"{stage}/small")


def test_the_lines_are_quantity_times_price() -> None:
    estimate = price([SMALL])
    tokens = 2 * (25_000 + 4 * 500) + 2 * 1000
    base = estimate.line("base-evaluation/small")
    assert base.usd is not None
    assert base.usd.expected == pytest.approx(tokens * 0.20 / 1e6)
    sweep = estimate.line("sweep/small")
    once = (250_000 + 10_000 + 2 * 4 * 5000) / 5
    assert sweep.parts[0].quantity.expected == pytest.approx(once * 3)
    assert sweep.usd is not None
    assert sweep.usd.expected == pytest.approx(once * 3 * 0.5 / 1e6)
    full = estimate.line("full-training/small")
    assert full.usd is not None
    assert full.usd.expected == pytest.approx(once * 5 * 0.5 / 1e6)
    assert "5,000 rows x tokens x 1 epochs" in full.formula


def test_a_day_of_idling_is_shown_and_not_counted() -> None:
    estimate = price([SMALL])
    day = estimate.line("deployment/idle-day")
    assert not day.counted
    assert day.usd == exactly(24 * 8.0)
    assert estimate.high < 24 * 8.0


def test_the_total_takes_the_dearest_that_may_become_finalists() -> None:
    models = [SMALL, MIDDLE, LARGE]
    known = {model.slug: float(index) for index, model in enumerate(models, 1)}
    book = shipped_prices().with_layer(
        Price(item="training", model=slug, usd=usd, source="test", date="2026-11-22") for slug, usd in known.items()
    )
    estimate = price(models, Session(finalists=2), book=book)
    chosen = [estimate.for_finalists(pair).high for pair in itertools.combinations([model.slug for model in models], 2)]
    assert estimate.high == pytest.approx(max(chosen))
    assert estimate.finalists == 2
    assert all(
        line.conditional == (line.stage in ("sweep", "full-training", "tuned-evaluation")) for line in estimate.lines
    )
    assert estimate.for_finalists(["large", "middle"]).expected == pytest.approx(estimate.expected)


def test_an_unknown_price_makes_the_total_a_lower_bound_and_is_named() -> None:
    estimate = price([SMALL, model("mystery", None)], Session(finalists=2))
    assert estimate.lower_bound
    assert "sweep/mystery" in estimate.unknown
    assert estimate.line("sweep/mystery").usd is None
    assert not price([SMALL]).lower_bound


def test_benchmark_mode_only_asks_the_base_models() -> None:
    estimate = price([SMALL, MIDDLE], Session(mode="benchmark"))
    assert [line.stage for line in estimate.lines] == ["base-evaluation"] * 2


def test_a_sweep_on_all_rows_leaves_nothing_for_the_full_job_to_do() -> None:
    full = price([SMALL], sweep=TRAIN).line("full-training/small")
    assert full.usd is not None
    assert full.usd.expected == 0
    assert full.usd.high > 0


def test_without_the_full_data_run_its_line_is_gone() -> None:
    estimate = price([SMALL], Session(full_data_run=False))
    assert not any(line.stage == "full-training" for line in estimate.lines)


def test_without_deployment_its_lines_are_gone() -> None:
    estimate = price([SMALL], Session(deploy="never"))
    assert not any(line.stage == "deployment" for line in estimate.lines)


def test_a_base_model_without_serverless_is_priced_by_the_hour() -> None:
    line = price([model("own", 8e9, serverless=False)]).line("base-evaluation/own")
    (hours,) = line.parts
    assert (hours.item, hours.unit) == ("deployment-hour", "hours")
    assert line.usd is not None
    assert line.usd.low >= 8.0 * 5 / 60


def test_more_jobs_than_a_wave_take_longer() -> None:
    models = [SMALL, MIDDLE, LARGE]
    one = price(models, Session(finalists=3, max_parallel_jobs=9))
    three = price(models, Session(finalists=3, max_parallel_jobs=3))
    assert three.minutes.expected > one.minutes.expected
    assert three.expected == one.expected


def test_subtotals_add_up_to_the_expected_total() -> None:
    estimate = price([SMALL, MIDDLE, LARGE], exact=False)
    assert sum(part.expected for _, part in estimate.subtotals()) == pytest.approx(estimate.expected)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from([6e8, 8e9, 32e9, 235e9, 744e9]), min_size=1, max_size=6),
    st.integers(1, 6),
    st.booleans(),
)
def test_totals_are_ordered_and_hold_whatever_finalists_are_chosen(
    sizes: list[float], finalists: int, exact: bool
) -> None:
    models = [model(f"m{index}", size) for index, size in enumerate(sizes)]
    estimate = price(models, Session(finalists=finalists), exact=exact)
    assert 0 <= estimate.low <= estimate.expected <= estimate.high
    for chosen in itertools.combinations([item.slug for item in models], estimate.finalists):
        settled = estimate.for_finalists(chosen)
        assert estimate.low - 1e-9 <= settled.low
        assert settled.high <= estimate.high + 1e-9


def test_what_the_session_asks_for_besides_is_priced() -> None:
    pricing = Pricing(prices=shipped_prices(), ratio=COUNTED, timing=FIREWORKS_TIMING)
    workload = Workload(train=TRAIN, sweep=TRAIN.scaled(1000), validation=HELD, test=HELD)
    more = workload.model_copy(update={"unconstrained": HELD.scaled(50), "null_control": HELD})
    session = Session(free_rows=50, null_control=True, learning_curve=True)
    found, plain = estimate_costs([SMALL], more, session, pricing), price([SMALL])
    base = (
        found.line("base-evaluation/small").known_usd.expected / plain.line("base-evaluation/small").known_usd.expected
    )
    assert base == pytest.approx((500 + 500 + 50 + 500) / 1000)
    training = {part.item: part for part in found.line("learning-curve/small").parts}["training"]
    epochs = sorted(cell.epochs for cell in SMALL.cells)[len(SMALL.cells) // 2]
    once = COUNTED.training_tokens(TRAIN).expected
    assert training.quantity.expected == pytest.approx(0.75 * once * epochs)
    assert "learning-curve/small" not in {line.key for line in plain.lines}


def test_decisions_of_a_fine_tuned_model_are_counted_with_it() -> None:
    arms = [
        base.model_copy(
            update={"name": f"{base.name}+decision", "slug": f"{base.slug}+decision", "tunable": False, "cells": ()}
        )
        for base in (SMALL, MIDDLE)
    ]
    session = Session(arms=("decision",), finalists=1, deploy="never")
    workload = Workload(train=TRAIN, sweep=TRAIN.scaled(1000), validation=HELD, test=HELD)
    workload = workload.model_copy(update={"arms": {"decision": workload}})
    pricing = Pricing(prices=shipped_prices(), ratio=COUNTED, timing=FIREWORKS_TIMING)
    estimate = estimate_costs([SMALL, MIDDLE, *arms], workload, session, pricing)
    line = estimate.line("tuned-evaluation/small+decision")
    assert (line.conditional, line.finalist) == (True, "small")
    assert [part.item for part in line.parts] == ["tuned-inference-input", "deployment-hour"]
    chosen = {slug: estimate.for_finalists([slug]) for slug in ("small", "middle")}
    for slug, own in chosen.items():
        keys = {item.key for item in own.lines if item.stage == "tuned-evaluation"}
        assert keys == {f"tuned-evaluation/{slug}", f"tuned-evaluation/{slug}+decision"}
    assert estimate.high == pytest.approx(max(own.high for own in chosen.values()))
    # The decisions come after the texts, on one deployment.
    without = estimate_costs([SMALL, MIDDLE], workload, session, pricing)
    assert estimate.minutes.expected == pytest.approx(without.minutes.expected + line.minutes.expected)


def test_no_decisions_of_what_is_not_fine_tuned() -> None:
    session = Session(arms=("decision",), mode="benchmark")
    arm = SMALL.model_copy(update={"name": f"{SMALL.name}+decision", "slug": "small+decision", "tunable": False})
    assert decision_arms([SMALL, arm], session) == {}
    assert set(decision_arms([SMALL, arm], Session(arms=("decision",)))) == {"small"}
    assert decision_arms([SMALL.model_copy(update={"tunable": False}), arm], Session(arms=("decision",))) == {}
