"""What of an offer a plan rests on: it is in the digest, and it stops what is still to be done where it got worse."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.classification.cost.cost_lines import STAGES, Stage
from fw_assets.classification.cost.prices import UNITS, Price
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.plan.offer_drift import offer_drift
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import plan_differences
from fw_assets.classification.plan.planner import plan_again
from fw_assets.classification.session import Session
from fw_assets_tests.classification.plan.test_planner import LARGE, PRICING, SMALL, dataset, plan_for, volumes_for

__all__ = ["dataset"]

BATCHED = SMALL.model_copy(update={"serverless": False, "batch": True, "context_length": 4096})
MODELS = {"serverless": SMALL, "deployment": LARGE, "batch": BATCHED}
ITEMS = sorted(UNITS)
TUNED = ("tuned-evaluation", "learning-curve", "deployment")


@cache
def volumes(dataset: Path) -> Mapping[str, TextVolume]:
    return volumes_for(dataset, Session(dataset=str(dataset)))


def again(dataset: Path, plan: Plan, *models: CatalogueModel, prices: tuple[Price, ...] = ()) -> Plan:
    pricing = PRICING.model_copy(update={"prices": PRICING.prices.with_layer(prices)})
    return plan_again(plan, models, volumes(dataset), pricing)


def used(plan: Plan) -> set[tuple[str | None, str]]:
    lines = [line for option in plan.mitigations for line in option.estimate.lines]
    items = {(line.model, part.item) for line in lines for part in line.parts}
    tuned = {line.model for line in lines for part in line.parts if part.unit == "hours" and line.stage in TUNED}
    return items | {(model, "tuned-deployment-hour") for model in tuned}


@pytest.fixture(scope="module")
def plans(dataset: Path) -> dict[str, Plan]:
    shapes: dict[str, dict[str, Any]] = {
        "all": {"learning_curve": True},
        "benchmark": {"mode": "benchmark"},
        "no deployment": {"deploy": "never"},
    }
    return {
        f"{kind}, {shape}": plan_for(dataset, model, **fields)
        for kind, model in MODELS.items()
        for shape, fields in shapes.items()
    }


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_used_price_changes_the_digest_and_no_other_does(
    dataset: Path, plans: dict[str, Plan], data: st.DataObject
) -> None:
    plan = plans[data.draw(st.sampled_from(sorted(plans)))]
    (model,) = (candidate.entry for candidate in plan.models)
    assert model is not None
    item = data.draw(st.sampled_from(ITEMS))
    target = data.draw(st.sampled_from([model.slug, "qwen3-14b"]))
    usd = data.draw(st.none() | st.floats(0, 1000, allow_nan=False))
    price = Price(item=item, model=target, usd=usd, source="t")
    now = again(dataset, plan, model, prices=(price,))
    before = PRICING.prices.price(model.name, item, model.parameter_count).usd  # type: ignore[arg-type]
    changes = target == model.slug and (model.slug, item) in used(plan) and before != usd
    assert plan.holds_under(now) is not changes
    assert (plan.digest == now.digest) is not changes
    assert bool(plan_differences(plan, now)) is changes
    drift = offer_drift(plan, now, "none", "base-evaluation")
    assert bool(drift) is (changes and before is not None and (usd is None or usd > before))


CAPABILITIES: dict[str, Any] = {
    "context_length": 2048,
    "parameter_count": 9 * 10**9,
    "serverless": None,
    "batch": None,
    "supports_lora": None,
    "learning_rate_range": (1e-5, 1e-3),
    "batch_size": 7,
    "grid": (PublishedCell(lora_rank=4, learning_rate=0.5),),
}
OF_TUNING = {"supports_lora", "learning_rate_range", "batch_size", "grid"}


@pytest.mark.parametrize("field", CAPABILITIES)
@pytest.mark.parametrize("mode", ["fine-tune", "benchmark"])
def test_any_capability_that_the_plan_uses_changes_the_digest(dataset: Path, field: str, mode: str) -> None:
    model = SMALL.model_copy(update={"context_length": 4096})
    plan = plan_for(dataset, model, mode=mode)
    value = CAPABILITIES[field]
    changed = model.model_copy(update={field: not getattr(model, field) if value is None else value})
    now = again(dataset, plan, changed)
    uses = mode == "fine-tune" or field not in OF_TUNING
    assert plan.holds_under(now) is not uses
    assert bool(plan_differences(plan, now)) is uses
    assert plan.holds_under(again(dataset, plan, model.model_copy(update={"display_name": "Another name"})))


@pytest.mark.parametrize(
    ("item", "usd", "said"),
    [
        ("training", 500.0, "training of qwen3-8b: $0.50 -> $500.00 per million tokens."),
        ("training", None, "training of qwen3-8b: $0.50 -> unknown per million tokens."),
        ("training", 1e-7, "training of qwen3-8b: $0.50 -> $0.0000001 per million tokens."),
        ("deployment-hour", 8.125, "deployment-hour of qwen3-8b: $8.00 -> $8.125 per hour."),
        ("inference-input", 1234.5, "inference-input of qwen3-8b: $0.20 -> $1,234.50 per million tokens."),
    ],
)
def test_a_changed_price_is_one_sentence(dataset: Path, item: Any, usd: float | None, said: str) -> None:
    plan = plan_for(dataset, SMALL)
    differences = plan_differences(plan, again(dataset, plan, SMALL, prices=(Price(item=item, usd=usd, source="t"),)))
    assert [sentence for sentence in differences if " -> " in sentence] == [said]


@pytest.mark.parametrize(
    ("item", "last"),
    [
        ("inference-input", "base-evaluation"),
        ("training", "learning-curve"),
        ("deployment-hour", "deployment"),
        ("tuned-inference-input", "learning-curve"),
    ],
)
def test_a_price_that_rose_stops_what_still_uses_it(dataset: Path, item: Any, last: Stage) -> None:
    plan = plan_for(dataset, SMALL, LARGE, learning_curve=True)
    dearer = again(dataset, plan, SMALL, LARGE, prices=(Price(item=item, usd=900.0, source="t"),))
    cheaper = again(dataset, plan, SMALL, LARGE, prices=(Price(item=item, usd=0.0, source="t"),))
    stopped = tuple(stage for stage in STAGES if offer_drift(plan, dearer, "none", stage))
    assert stopped == STAGES[: STAGES.index(last) + 1]
    assert not any(offer_drift(plan, cheaper, "none", stage) for stage in STAGES)


def test_the_price_of_a_model_that_is_out_stops_nothing(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL, LARGE, finalists=1, deploy="never")
    price = Price(item="training", model=LARGE.slug, usd=900.0, source="t")
    now = again(dataset, plan, SMALL, LARGE, prices=(price,))
    assert offer_drift(plan, now, "none", "sweep", [LARGE.slug]) == (
        "training of qwen3-32b: $3.00 -> $900.00 per million tokens.",
    )
    assert offer_drift(plan, now, "none", "sweep", [SMALL.slug]) == ()


@pytest.mark.parametrize(
    ("model", "change", "said", "last"),
    [
        (SMALL, {"serverless": False}, "qwen3-8b is not served without a deployment any more.", 0),
        (BATCHED, {"batch": False}, "qwen3-8b takes no batch inference any more.", 0),
        (BATCHED, {"context_length": 512}, "qwen3-8b: context length 4,096 -> 512.", 5),
        (SMALL, {"grid": (PublishedCell(lora_rank=4, learning_rate=0.5),)}, "qwen3-8b: another grid is published.", 1),
        (BATCHED, {"context_length": 9000, "serverless": True}, "", -1),
    ],
    ids=["serverless", "batch", "context", "grid", "gains"],
)
def test_what_is_not_offered_any_more_stops_what_needs_it(
    dataset: Path, model: CatalogueModel, change: dict[str, Any], said: str, last: int
) -> None:
    plan = plan_for(dataset, model)
    now = again(dataset, plan, model.model_copy(update=change))
    stopped = tuple(stage for stage in STAGES if said in offer_drift(plan, now, "none", stage))
    assert stopped == STAGES[: last + 1]
    assert not plan.holds_under(now)


ADAPTER = SMALL.model_copy(
    update={
        "name": "accounts/me/models/mine",
        "kind": "HF_PEFT_ADDON",
        "tunable": False,
        "serverless": False,
        "batch": False,
        "grid": None,
        "listed": False,
        "base_model": SMALL.name,
        "rank": 8,
        "context_length": 4096,
        "deployment": "accounts/me/deployments/prod",
    }
)


@pytest.mark.parametrize("inference", [None, "batch", "deployment", "serverless"])
def test_an_adapter_that_is_offered_as_before_stops_nothing(dataset: Path, inference: str | None) -> None:
    plan = plan_for(dataset, LARGE, ADAPTER, inference=inference)
    for change in ({}, {"deployment": "accounts/me/deployments/prod", "batch": True, "context_length": 9000}):
        now = again(dataset, plan, LARGE, ADAPTER.model_copy(update=change))
        assert not any(offer_drift(plan, now, "none", stage, [ADAPTER.slug]) for stage in STAGES)
        assert not any(
            sentence.startswith("mine") for stage in STAGES for sentence in offer_drift(plan, now, "none", stage)
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deployment": ""}, "mine is not served by accounts/me/deployments/prod any more."),
        (
            {"deployment": "accounts/me/deployments/other"},
            "mine is not served by accounts/me/deployments/prod any more.",
        ),
        ({"context_length": 512}, "mine: context length 4,096 -> 512."),
        ({"base_model": LARGE.name}, "mine was trained from qwen3-32b, not from qwen3-8b."),
        ({"rank": 16}, "mine has rank 16, not 8."),
    ],
    ids=["no deployment", "another deployment", "context", "another base", "another rank"],
)
def test_what_changed_of_an_adapter_stops_its_evaluation_and_its_deployment(
    dataset: Path, change: dict[str, Any], said: str
) -> None:
    plan = plan_for(dataset, SMALL, LARGE, ADAPTER)
    now = again(dataset, plan, SMALL, LARGE, ADAPTER.model_copy(update=change))
    assert offer_drift(plan, now, "none", "base-evaluation") == (said,)
    assert offer_drift(plan, now, "none", "deployment", [ADAPTER.slug]) == (said,)
    assert not any(offer_drift(plan, now, "none", stage, [SMALL.slug]) for stage in STAGES[1:]), "it is not in use"
    assert not plan.holds_under(now)


def test_an_adapter_that_a_deployment_serves_by_now_is_no_loss(dataset: Path) -> None:
    alone = ADAPTER.model_copy(update={"deployment": ""})
    plan = plan_for(dataset, LARGE, alone)
    assert not offer_drift(plan, again(dataset, plan, LARGE, ADAPTER), "none", "base-evaluation")


def test_a_plan_of_the_version_before_is_compared_as_far_as_it_states_anything(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL)
    before = plan.model_copy(update={"models": tuple(m.model_copy(update={"entry": None}) for m in plan.models)})
    assert "entry" not in str(before.binding())
    assert before.digest != plan.digest
    assert before.holds_under(plan)
    assert before.holds_under(again(dataset, plan, SMALL.model_copy(update={"context_length": 1})))
    dearer = again(dataset, plan, SMALL, prices=(Price(item="training", usd=500.0, source="t"),))
    assert not before.holds_under(dearer)
    assert "training of qwen3-8b: $0.50 -> $500.00 per million tokens." in plan_differences(before, dearer)
    assert plan_differences(before, plan) == ("What the catalogue says of each model is part of the plan now.",)


def test_other_weights_of_the_same_name_renew_all_that_was_made_of_the_first(dataset: Path) -> None:
    model = SMALL.model_copy(update={"weights": "a" * 64, "calibration": "contextual"})
    plan = plan_for(dataset, model)
    same, other = (again(dataset, plan, model.model_copy(update={"weights": mark * 64})) for mark in "ab")
    assert plan.holds_under(same)
    assert plan.job_id("qwen3-8b", plan.models[0].cells[0], "train") == (
        same.job_id("qwen3-8b", same.models[0].cells[0], "train")
    )
    assert not plan.holds_under(other)
    assert plan_differences(plan, other) == (
        "qwen3-8b was added again with other weights: its answers, jobs and metrics are made anew.",
    )
    assert offer_drift(plan, other, "none", "sweep") == ("qwen3-8b was added again with other weights.",)
    cell = plan.models[0].cells[0]
    before, after = (
        (
            each.job_id("qwen3-8b", cell, "sweep"),
            each.batch_id(model.name, "validation"),
            each.batch_id(f"{model.name}+knn-4", "test"),
            each.pilot_id(model.name),
        )
        for each in (plan, other)
    )
    assert not set(before) & set(after)


def test_a_plan_that_knows_no_weights_holds_whatever_they_are(dataset: Path) -> None:
    """A plan of an earlier version, whose answers and jobs have ids without them."""
    plan = plan_for(dataset, SMALL)
    told = again(dataset, plan, SMALL.model_copy(update={"weights": "a" * 64, "calibration": "contextual"}))
    assert plan.holds_under(told)
    assert plan_differences(plan, told.model_copy(update={"rows": {}}))
    assert not any("weights" in text or "calibration" in text for text in plan_differences(plan, told))
    assert offer_drift(plan, told, "none", "base-evaluation") == ()
