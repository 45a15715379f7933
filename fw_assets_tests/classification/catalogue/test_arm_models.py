"""Models under arms: which have them, how they are asked, and what is planned and created for them."""

from __future__ import annotations

from fw_assets.classification.catalogue.arm_models import with_arms
from fw_assets.classification.catalogue.models import ADAPTER, CatalogueModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import measure_volumes, under_arm
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.session import Session
from fw_assets_tests.report.workflow import planned

BASE = CatalogueModel(name="accounts/fireworks/models/qwen3-8b", tunable=True, serverless=True, batch=True)
ALONE = CatalogueModel(name="accounts/fireworks/models/alone", tunable=True)
SESSION = Session(arms=("knn", "knn-4", "decision"), mode="benchmark")


def test_base_models_and_endpoints_have_arms_and_adapters_that_of_decisions_alone() -> None:
    adapter = CatalogueModel(name="accounts/a/models/mine", kind=ADAPTER, base_model=BASE.name)
    server = ModelEndpoint(url="http://localhost/v1", model="small")
    endpoint = CatalogueModel(name="endpoints/near", kind="ENDPOINT", endpoint=server, serverless=True)
    rows = with_arms([BASE, adapter, endpoint], SESSION)
    assert [row.slug for row in rows] == [
        *("qwen3-8b", "qwen3-8b+knn", "qwen3-8b+knn-4", "qwen3-8b+decision", "mine", "mine+decision"),
        *("near", "near+knn", "near+knn-4", "near+decision"),
    ]
    assert [row.tunable for row in rows] == [True] + [False] * 9
    assert with_arms([BASE, adapter], Session()) == (BASE, adapter)


def test_a_decision_is_asked_where_the_model_is_served() -> None:
    asked = {row.slug: row.asked_by(None) for row in with_arms([BASE, ALONE], SESSION)}
    assert (asked["qwen3-8b"], asked["qwen3-8b+knn"], asked["qwen3-8b+decision"]) == ("serverless",) * 2 + ("decision",)
    assert (asked["alone"], asked["alone+decision"]) == ("deployment", "deployment")


def test_what_is_created_is_named_once_and_for_each_number_of_examples() -> None:
    plan, prompt, rows = planned()
    session = SESSION.model_copy(update={"inference": "batch", "dataset": "d"})
    volumes = dict(measure_volumes(rows, system=prompt.system or ""))
    for arm in session.arms:
        volumes |= under_arm(measure_volumes(rows, system=prompt.system or ""), arm)
    made = make_plan(
        session,
        "d",
        plan.inspected,
        plan.label_set,
        prompt.digest,
        with_arms([BASE, ALONE], session),
        volumes,
        Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING),
    )
    of_base = [item for item in made.created if item.purpose.startswith("qwen3-8b+knn with")]
    # Four numbers, each with a pilot, validation, test and unconstrained rows.
    assert len(of_base) == 16
    certain = [item.purpose for item in of_base if item.one_of is None]
    assert len(certain) == 8
    assert all("validation" in text or "first rows" in text for text in certain)
    assert {item.one_of for item in of_base if item.one_of} == {
        "qwen3-8b+knn, test rows",
        "qwen3-8b+knn, unconstrained rows",
    }
    deployments = [item for item in made.created if item.kind == "deployment"]
    assert [item.purpose for item in deployments] == ["alone, untuned"]


def test_a_plan_without_arms_keeps_its_digest() -> None:
    plan, _, _ = planned()
    assert plan.model_copy(update={"session": plan.session.model_copy(update={"arms": ("zero-shot",)})}).digest == (
        plan.digest
    )
    assert "examples" not in plan.binding()
