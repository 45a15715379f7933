"""The estimate once real usage and the chosen cells are known."""

from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.machine_time import Pace
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import exactly
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, TokenRatio
from fw_assets.classification.plan.revised_estimate import (
    DatasetTokens,
    EstimateBasis,
    TokenUsage,
    revise_estimate,
    with_chosen_cells,
    with_dataset_tokens,
)
from fw_assets.classification.session import Session
from fw_assets.embedded import count_tokens
from fw_assets_tests.report.workflow import EXAMPLE, MODELS, planned

SESSION = Session(dataset=str(EXAMPLE), models=MODELS, finalists=1, sweep_rows=200)
PLAN, PROMPT, ROWS = planned(SESSION)
SLUGS = [model.slug for model in PLAN.models]


def basis(counted: bool) -> EstimateBasis:
    count = count_tokens if counted else None
    volumes = measure_volumes(ROWS, system=PROMPT.system or "", count=count)
    return EstimateBasis(
        volumes=dict(volumes), pricing=Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)
    )


def sent(volumes: dict[str, TextVolume], ratio: TokenRatio) -> int:
    whole = volumes["validation"] + volumes["test"]
    free = volumes["test"].scaled(min(PLAN.session.free_rows, volumes["test"].rows))
    return round(ratio.prompt_tokens(whole + free).expected)


@pytest.mark.parametrize("counted", [True, False])
def test_usage_beyond_the_assumption_moves_every_later_line_alike(counted: bool) -> None:
    estimate_basis = basis(counted)
    assumed = sent(estimate_basis.volumes, estimate_basis.pricing.ratio)
    revised = revise_estimate(
        PLAN, estimate_basis, "none", {SLUGS[0]: TokenUsage(prompt_tokens=2 * assumed, completion_tokens=500)}
    )
    untouched = revise_estimate(PLAN, estimate_basis, "none", {})
    base = revised.line(f"base-evaluation/{SLUGS[0]}")
    assert [part.quantity.expected for part in base.parts] == [2 * assumed, 500]
    assert "as counted" in base.formula
    for stage in ("sweep", "full-training"):
        now = revised.line(f"{stage}/{SLUGS[0]}").parts[0].quantity.expected
        before = untouched.line(f"{stage}/{SLUGS[0]}").parts[0].quantity.expected
        assert 1.7 < now / before < 2.05, "the answers' tokens were not doubled"
        assert revised.line(f"{stage}/{SLUGS[1]}") == untouched.line(f"{stage}/{SLUGS[1]}")


def test_without_usage_it_is_the_estimate_again() -> None:
    estimate_basis = basis(False)
    assert revise_estimate(PLAN, estimate_basis, "none", {}).lines == PLAN.estimate_for("none").lines


def test_a_slow_base_benchmark_makes_the_rest_longer_and_no_dearer() -> None:
    speed = ModelSpeed(trained_tokens=1000, scored_tokens=1000)
    entries = [m.entry.model_copy(update={"speed": speed}) for m in PLAN.models if m.entry is not None]
    models = tuple(m.model_copy(update={"entry": e}) for m, e in zip(PLAN.models, entries, strict=True))
    plan, estimate_basis = PLAN.model_copy(update={"models": models}), basis(True)
    planned_again = revise_estimate(plan, estimate_basis, "none", {})
    slow = revise_estimate(plan, estimate_basis, "none", {}, {slug: Pace(rows=100, seconds=1000) for slug in SLUGS})
    assert slow.minutes.expected > 5 * planned_again.minutes.expected
    assert [line.parts for line in slow.lines] == [line.parts for line in planned_again.lines]
    assert plan.digest == PLAN.digest, "the speed of a machine is not what is approved"


def test_uploaded_rows_have_the_tokens_that_the_platform_counted() -> None:
    model, other = PLAN.models
    cell = max(model.cells, key=lambda cell: cell.epochs)
    chosen = with_chosen_cells(PLAN.estimate, PLAN, {model.slug: cell})
    tokens = {model.slug: DatasetTokens(sweep=5_000, train=9_000)}
    revised = with_dataset_tokens(chosen, PLAN, {model.slug: cell}, tokens)
    sweep, full = (revised.line(f"{stage}/{model.slug}") for stage in ("sweep", "full-training"))
    assert sweep.parts[0].quantity == exactly(5_000 * sum(cell.epochs for cell in model.cells))
    assert full.parts[0].quantity == exactly(9_000 * cell.epochs)
    assert full.formula.endswith("9,000 tokens an epoch, as counted")
    unknown = with_dataset_tokens(chosen, PLAN, {model.slug: cell}, {model.slug: DatasetTokens()})
    assert unknown == chosen
    assert revised.line(f"sweep/{other.slug}") == chosen.line(f"sweep/{other.slug}")


def test_the_full_data_line_follows_the_chosen_cell() -> None:
    model = PLAN.models[0]
    epochs = sorted(cell.epochs for cell in model.cells)
    longest = max(model.cells, key=lambda cell: cell.epochs)
    doubled = longest.model_copy(update={"epochs": 2 * epochs[len(epochs) // 2]})
    before = PLAN.estimate.line(f"full-training/{model.slug}").parts[0].quantity
    after = with_chosen_cells(PLAN.estimate, PLAN, {model.slug: doubled})
    tokens = after.line(f"full-training/{model.slug}").parts[0].quantity
    assert tokens.expected == pytest.approx(2 * before.expected)
    other = f"full-training/{PLAN.models[1].slug}"
    assert after.line(other) == PLAN.estimate.line(other)
