from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.classification.catalogue.tuning_grid import PublishedCell
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prices import Price, shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.plan_diff import plan_differences
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.session import Session
from fw_assets.report.plan.summary import time_needed
from fw_assets.report.rendering.markdown import render_plan
from fw_assets.report.rendering.terminal import plan_view, show
from fw_assets_tests.classification.frames import inspect_in_memory
from fw_assets_tests.routing_rows import write_routing

SMALL = CatalogueModel(
    name="accounts/fireworks/models/qwen3-8b", parameter_count=8 * 10**9, tunable=True, serverless=True
)
LARGE = CatalogueModel(name="accounts/fireworks/models/qwen3-32b", parameter_count=32 * 10**9, tunable=True)
OWN_GRID = CatalogueModel(
    name="accounts/fireworks/models/minilm-l6-v2",
    parameter_count=22 * 10**6,
    tunable=True,
    serverless=True,
    grid=(PublishedCell(lora_rank=16, learning_rate=0.01, epochs=10),),
    learning_rate_range=(1e-3, 1e-1),
)
PRICING = Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plan") / "support.jsonl"
    nouns = "invoice refund login password quote price router cable profile email".split()  # noqa: SIM905
    verbs = "lost changed doubled broke vanished froze arrived doubted renamed stalled".split()  # noqa: SIM905
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"My {noun} {verb} on day {index} of the month, why?"},
                {"role": "assistant", "content": ("billing", "technical", "account")[(index + len(noun)) % 3]},
            ]
        }
        for index, (noun, verb) in enumerate((noun, verb) for noun in nouns for verb in verbs)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def plan_for(dataset: Path, *models: CatalogueModel, pricing: Pricing = PRICING, **fields: Any) -> Plan:
    session = Session.model_validate({"dataset": str(dataset), "models": [m.slug for m in models], **fields})
    frame, inspected = inspect_in_memory(dataset, None, session)
    rows, labels = resolve(frame, inspected, session)
    return make_plan(session, "support", inspected, labels, "prompt-digest", models, measure_volumes(rows), pricing)


def volumes_for(dataset: Path, session: Session) -> Mapping[str, TextVolume]:
    frame, inspected = inspect_in_memory(dataset, None, session)
    return measure_volumes(resolve(frame, inspected, session)[0])


def test_a_plan_survives_json(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL, LARGE)
    again = Plan.model_validate_json(plan.model_dump_json())
    assert again == plan
    assert again.digest == plan.digest
    assert sum(plan.rows.values()) == 100


def test_the_digest_ignores_what_changes_nothing(dataset: Path, tmp_path: Path) -> None:
    moved = tmp_path / dataset.name
    moved.write_bytes(dataset.read_bytes())
    one = plan_for(dataset, SMALL, LARGE)
    assert plan_for(moved, SMALL, LARGE, instruction="please", auto_approve_up_to_usd=1).digest == one.digest
    assert plan_differences(one, plan_for(moved, SMALL, LARGE)) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed: 42 before, 1 now."),
        ({"train_fraction": 0.6}, "Test rows: 19 before, 40 now."),
        ({"epochs": 1}, "qwen3-8b: the grid is r8-lr1.5e-4-e1, r16-lr1e-4-e1, r32-lr5e-5-e1, before"),
        ({"finalists": 1}, "finalists: 2 before, 1 now."),
        ({"deploy": "never"}, "deploy: if-better before, never now."),
        ({"labels": ["account", "billing", "technical"]}, "order"),
        ({"max_spend_usd": 1}, "max_spend_usd: not set before, 1.0 now."),
    ],
)
def test_what_changes_outcome_or_price_changes_the_digest_and_is_said(
    dataset: Path, change: dict[str, Any], said: str
) -> None:
    one = plan_for(dataset, SMALL, LARGE)
    if "labels" in change:
        change = {"labels": list(reversed(one.label_set.labels))}
    other = plan_for(dataset, SMALL, LARGE, **change)
    assert other.digest != one.digest
    assert said in " ".join(plan_differences(one, other))


def test_other_models_and_other_prices_are_said(dataset: Path) -> None:
    one = plan_for(dataset, SMALL)
    other = plan_for(dataset, LARGE)
    text = " ".join(plan_differences(one, other))
    assert "Models that are gone: qwen3-8b." in text
    assert "New models: qwen3-32b." in text
    dearer = PRICING.model_copy(
        update={"prices": shipped_prices().with_layer([Price(item="training", model="qwen3-8b", usd=0.7, source="t")])}
    )
    text = " ".join(plan_differences(one, plan_for(dataset, SMALL, pricing=dearer)))
    assert "training of qwen3-8b: $0.50 -> $0.70 per million tokens." in text
    assert "Expected total: " in text


def test_another_file_is_another_plan(dataset: Path, tmp_path: Path) -> None:
    other = tmp_path / dataset.name
    other.write_text("".join(dataset.read_text().splitlines(keepends=True)[:-1]))
    differences = plan_differences(plan_for(dataset, SMALL), plan_for(other, SMALL))
    assert "The dataset's rows are different." in differences


def test_each_model_has_its_own_grid_and_strategy(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL, LARGE, OWN_GRID)
    assert [len(model.cells) for model in plan.models] == [3, 3, 1]
    assert [model.strategy for model in plan.models] == ["serverless", "deployment", "serverless"]
    assert plan.model("minilm-l6-v2").cells[0].epochs == 10
    assert plan.sweep_waves == (6,)
    with pytest.raises(KeyError):
        plan.model("qwen3-14b")


def test_created_names_are_legal_unique_and_those_the_plan_gives_out(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL, LARGE)
    ids = [(created.kind, created.id) for created in plan.created]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", id) for _, id in ids)
    cell = plan.model("qwen3-8b").cells[0]
    assert ("fine-tuning job", plan.job_id("qwen3-8b", cell, "sweep")) in ids
    assert ("dataset", plan.dataset_id("train")) in ids
    assert ("deployment", deployment_id(f"accounts/me/models/{plan.job_id('qwen3-8b', cell, 'train')}")) in ids
    assert ("deployment", deployment_id(LARGE.name)) in ids


def test_a_sweep_on_all_rows_shares_its_names_with_the_full_run(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL)
    cell = plan.models[0].cells[0]
    assert plan.job_id("qwen3-8b", cell, "sweep") == plan.job_id("qwen3-8b", cell, "train")
    sampled = plan_for(dataset, SMALL, sweep_rows=10)
    assert sampled.job_id("qwen3-8b", cell, "sweep") != sampled.job_id("qwen3-8b", cell, "train")
    assert sampled.sweep_rows == 10
    assert sampled.job_id("qwen3-8b", cell, "train") == plan.job_id("qwen3-8b", cell, "train")


def test_names_change_with_the_mitigation_and_the_prompt_but_not_with_the_price(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL)
    assert plan.dataset_id("train", "weight") != plan.dataset_id("train")
    assert plan.dataset_id("validation", "weight") == plan.dataset_id("validation")
    assert plan.model_copy(update={"prompt_digest": "other"}).dataset_id("train") != plan.dataset_id("train")
    assert plan_for(dataset, SMALL, max_spend_usd=3).dataset_id("train") == plan.dataset_id("train")


def test_one_cell_is_trained_on_all_rows_at_once(dataset: Path) -> None:
    plan = plan_for(dataset, OWN_GRID, sweep_rows=10)
    assert plan.sweep_rows == plan.rows["train"]
    assert plan.full_waves == ()
    assert plan_for(dataset, OWN_GRID, sweep_rows=10, full_data_run=False).sweep_rows == 10


def test_the_ceiling_is_the_high_figure_or_the_session_below_it(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL)
    assert plan.ceiling_usd() == plan.estimate.high
    assert plan_for(dataset, SMALL, max_spend_usd=0.01).ceiling_usd() == 0.01
    assert plan_for(dataset, SMALL, max_spend_usd=10**6).ceiling_usd() == plan.estimate.high
    unknown = plan_for(dataset, SMALL, max_spend_usd=10**6)
    estimate = unknown.estimate.model_copy(update={"lower_bound": True})
    unknown = unknown.model_copy(update={"estimate": estimate, "mitigations": ()})
    assert unknown.ceiling_usd() == 10**6, "the high figure leaves out what has no price"


def test_a_plan_approves_itself_only_below_the_limit_and_with_every_price_known(dataset: Path) -> None:
    assert not plan_for(dataset, SMALL).approves_itself
    assert plan_for(dataset, SMALL, auto_approve_up_to_usd=1000).approves_itself
    assert not plan_for(dataset, SMALL, auto_approve_up_to_usd=0.01).approves_itself
    unknown = SMALL.model_copy(update={"parameter_count": None})
    assert not plan_for(dataset, unknown, auto_approve_up_to_usd=1000).approves_itself


def test_an_imbalance_is_priced_with_each_mitigation(tmp_path: Path) -> None:
    file = tmp_path / "spam.jsonl"
    words = "alpha bravo charlie delta echo foxtrot golf hotel india juliett".split()  # noqa: SIM905
    texts = [f"{one} {two} {three}" for one in words for two in words for three in words[:4]]
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for text, label in zip(texts, ["spam"] * 8 + ["ham"] * 392, strict=True)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = plan_for(file, SMALL, imbalance_threshold=10)
    names = [option.name for option in plan.mitigations]
    assert names == ["none", "rebalance", "weight"], "without spam there would be one label left"
    assert plan.estimate_for("none") == plan.estimate
    assert any("times as often as spam" in warning for warning in plan.warnings)
    assert not any("times as often" in warning for warning in plan_for(file, SMALL).warnings)


def test_warnings_name_what_may_surprise(dataset: Path) -> None:
    session: dict[str, Any] = {"learning_rates": [1e-4], "max_spend_usd": 0.0}
    text = " ".join(plan_for(dataset, OWN_GRID, SMALL.model_copy(update={"parameter_count": None}), **session).warnings)
    assert "minilm-l6-v2: learning rate 1e-4 is outside the range" in text
    assert "lower bound: no price is known for base-evaluation/qwen3-8b" in text
    assert "Only 19 test rows" in text
    assert "The ceiling of $0.00 is below the expected" in text


@pytest.mark.parametrize(("inference", "waits"), [("batch", True), ("deployment", False)])
def test_a_plan_says_that_batch_jobs_may_wait_for_a_day(dataset: Path, inference: str, waits: bool) -> None:
    plan = plan_for(dataset, SMALL, inference=inference)
    for text in (render_plan(plan), time_needed(plan)):
        assert ("up to a day" in " ".join(text.split())) is waits
        assert ("(inference: deployment)" in text) is waits


def test_a_plan_says_which_server_answers_for_the_platform_and_is_another_without_it(dataset: Path) -> None:
    here = plan_for(dataset, SMALL, LARGE)
    there = plan_for(dataset, SMALL.model_copy(update={"answered_by": "http://gpu:8000"}), LARGE)
    step = "qwen3-8b is answered by the server at http://gpu:8000, to which the rows are sent."
    assert [text for text in there.on_approval if "answered by" in text] == [step]
    assert "answered by" not in " ".join(here.on_approval)
    assert there.digest != here.digest


def test_benchmark_mode_creates_no_jobs(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL, LARGE, mode="benchmark")
    assert [created.kind for created in plan.created] == ["deployment"]
    assert not any("Fine-tuning" in step for step in plan.on_approval)
    assert plan.on_rejection


def test_many_rows_train_for_one_epoch_and_ten_models_are_each_planned(dataset: Path) -> None:
    session = Session(dataset=str(dataset), models=("qwen3-8b",))
    frame, inspected = inspect_in_memory(dataset, None, session)
    _, labels = resolve(frame, inspected, session)
    million = TextVolume(rows=10**6, messages=10**6, prompt_characters=10**8, answer_characters=10**7)
    models = [SMALL.model_copy(update={"name": f"accounts/fireworks/models/m{index}"}) for index in range(10)]
    plan = make_plan(
        session, "big", inspected, labels, "p", models, dict.fromkeys(("train", "validation", "test"), million), PRICING
    )
    assert {cell.epochs for model in plan.models for cell in model.cells} == {1}
    assert len(plan.models) == 10


def test_ids_leave_the_datasets_name_out_but_in_plans_that_were_stored_with_it(dataset: Path) -> None:
    plan = plan_for(dataset, SMALL)
    assert plan.dataset_id("train").startswith("fwa-train-rows-")
    assert plan.dataset_id("train") == plan.model_copy(update={"dataset": "april"}).dataset_id("train")
    stored = plan.model_dump(mode="json")
    del stored["id_rules"]
    before = Plan.model_validate(stored)
    assert before.digest == plan.digest
    assert before.dataset_id("train").startswith("fwa-support-rows-")
    cell = plan.models[0].cells[0]
    assert before.job_id("qwen3-8b", cell, "train") == plan.job_id("qwen3-8b", cell, "train")


def test_costs_of_mistakes_are_part_of_the_plan_and_name_its_labels(dataset: Path) -> None:
    without, plan = plan_for(dataset, SMALL), plan_for(dataset, SMALL, costs={"billing": {"account": 5}})
    assert plan.binding()["session"]["costs"] == {"billing": {"account": 5.0}}
    assert plan.digest != without.digest
    (difference,) = plan_differences(without, plan)
    assert difference.startswith("costs: ")
    two = plan_for(dataset, SMALL, LARGE, finalists=1, costs={"billing": {"account": 5}})
    assert any(step.startswith("Fine-tuning: the best one by the cost of mistakes on") for step in two.on_approval)
    assert "The winner by the cost of mistakes on validation rows is deployed if" in " ".join(two.on_approval)
    assert "The winner on validation rows is deployed if" in " ".join(without.on_approval)
    with pytest.raises(InputError, match=r"costs\.bill: 'bill' is no label of this dataset; .* Did you mean billing"):
        plan_for(dataset, SMALL, costs={"bill": {"account": 5}})


def test_fields_of_the_answers_that_nothing_is_learned_of_are_named(tmp_path: Path) -> None:
    plan = plan_for(write_routing(tmp_path / "routing.jsonl", 120), OWN_GRID)
    assert plan.label_set.extraction.name == "json_key:department"
    assert [field.name for field in plan.inspected.left_out_fields()] == ["urgency", "refund", "shift", "order"]
    (named,) = [warning for warning in plan.warnings if "fields" in warning]
    assert "department is the label" in named
    for text in ("urgency (3 values)", "refund (2 values)", "shift (2 values)", "order (free text)"):
        assert text in named
    for text in (render_plan(plan), _printed(plan)):
        assert "Fields of the answers" in text
        assert "left out" in text


def _printed(plan: Plan) -> str:
    out = io.StringIO()
    show(plan_view(plan), Console(file=out, width=140))
    return out.getvalue()


def test_answers_of_one_field_say_nothing_of_fields(dataset: Path) -> None:
    plan = plan_for(dataset, OWN_GRID)
    assert not plan.inspected.fields
    assert "Fields" not in render_plan(plan)


def test_what_flatters_or_caps_the_figures_is_among_the_warnings(dataset: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) | {"ticketId": f"t{n // 4}"} for n, line in enumerate(dataset.read_text().splitlines())]
    turn = {"role": "user", "content": "Which of the two is it?"}
    rows += [{"messages": [turn, {"role": "assistant", "content": label}]} for label in ("billing", "account")]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    warnings = " ".join(plan_for(file, SMALL).warnings)
    assert "1 text occurs with different labels" in warnings
    assert "ticketId has 25 values in the first 100 rows, and is not used to keep rows together" in warnings


def test_labels_that_the_evaluation_rows_lack_are_named_as_such(dataset: Path, tmp_path: Path) -> None:
    lines = dataset.read_text().splitlines(keepends=True)
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    train.write_text("".join(lines[:80]))
    test.write_text("".join(line for line in lines[80:] if '"billing"' in line))
    session = Session.model_validate({"dataset": str(train), "eval_dataset": str(test)})
    frame, inspected = inspect_in_memory(train, test, session)
    messages = [finding.message for finding in resolve(frame, inspected, session)[1].findings if finding.consequential]
    (said,) = [message for message in messages if message.startswith("Labels without test rows")]
    assert "account (" in said
    assert "technical (" in said
    assert "billing" not in said
    assert not [message for message in messages if "too rare" in message]
