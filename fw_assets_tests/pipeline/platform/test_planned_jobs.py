"""Jobs of a plan: whatever session validates, the embedded platform accepts its jobs, or the plan says no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.durations import EMBEDDED_TIMING
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import COUNTED
from fw_assets.classification.cost.training_lines import CURVE_SHARES
from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.imbalance import apply_mitigation
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.session import MAX_LORA_RANK, Session
from fw_assets.classification.session_input import make_session
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.embedded.endpoints.dataset_validation import MIN_ROWS
from fw_assets.embedded.endpoints.job_validation import check_size, job_fields
from fw_assets.embedded.engine.registry import base_models, find_base_model
from fw_assets.embedded.engine.training_spec import TrainingRow, TrainingSpec, check_training_input
from fw_assets.embedded.records.model_documents import base_document
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets.embedded.store.resource_names import check_id
from fw_assets.fireworks import FineTuningSpec, Model
from fw_assets.pipeline.planning.volumes import with_sweep_sample
from fw_assets.pipeline.platform.entries import catalogue_model
from fw_assets_tests.classification.frames import inspect_in_memory, pairs, write_chat

MODEL = catalogue_model(Model.model_validate(base_document(find_base_model("char-ngram"))))
PRICING = Pricing(prices=shipped_prices(), ratio=COUNTED, timing=EMBEDDED_TIMING)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("rows")
    rare = [(f"a rare question {number}", "sales") for number in range(2)]
    return [
        write_chat(folder / "few.jsonl", pairs(6)),
        write_chat(folder / "some.jsonl", pairs(30)),
        write_chat(folder / "imbalanced.jsonl", [*pairs(120, ("billing", "technical")), *rare]),
        write_chat(folder / "twelve.jsonl", pairs(12)),
    ]


def bounded(name: str) -> st.SearchStrategy[Any]:
    """Values of a field from its own bounds, the bounds themselves among them."""
    schema = Session.model_json_schema()["properties"][name]
    kind = next((item for item in schema.get("anyOf", [schema]) if item.get("type") != "null"), schema)
    low, high = kind.get("minimum", kind.get("exclusiveMinimum", 0)), kind.get("maximum", kind.get("exclusiveMaximum"))
    if kind["type"] == "integer":
        return st.integers(low, high) | st.sampled_from([low, high])
    return st.floats(low, high, exclude_min="exclusiveMinimum" in kind, exclude_max="exclusiveMaximum" in kind)


SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: bounded(name)
            for name in (
                *("imbalance_threshold", "train_fraction", "validation_fraction", "seed", "finalists", "epochs"),
                *("sweep_rows", "max_parallel_jobs", "free_rows", "wanted_precision"),
                *("max_spend_usd", "auto_approve_up_to_usd"),
            )
        },
        "lora_ranks": st.lists(st.sampled_from([2**power for power in range(9)]), min_size=1, max_size=3),
        "learning_rates": st.lists(st.floats(0, 1, exclude_min=True), min_size=1, max_size=3),
        "mitigation": st.sampled_from(["none", "rebalance", "weight", "drop-rare"]),
        "full_data_run": st.booleans(),
        "learning_curve": st.booleans(),
        "null_control": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPlatform:
    return EmbeddedPlatform(tmp_path_factory.mktemp("platform"))


@given(SESSIONS, st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_jobs_of_a_plan_are_accepted_by_the_platform(
    files: list[Path], platform: EmbeddedPlatform, fields: dict[str, Any], file: int
) -> None:
    session = make_session({"models": MODEL.slug, **fields})
    frame, inspected = inspect_in_memory(files[file], None, session)
    try:
        rows, labels = resolve(frame, inspected, session)
        volumes = measure_volumes(with_sweep_sample(rows, session.sweep_rows, session.seed))
        plan = make_plan(session, "support", inspected, labels, "prompt", [MODEL], volumes, PRICING)
    except InputError:
        return  # refused before the approval, in a sentence
    assert Plan.model_validate_json(plan.model_dump_json()).digest == plan.digest
    assert plan.estimate.high >= 0
    train = rows.filter(rows["split"] == "train")
    shares = [*CURVE_SHARES, 1.0] if session.learning_curve else [1.0]
    for choice in ["none", *(effect.name for effect in labels.imbalance.mitigations)]:
        parts = [stratified_sample(train, plan.sweep_rows, session.seed)]
        parts += [stratified_sample(train, max(1, round(train.height * share)), session.seed) for share in shares]
        sizes = [apply_mitigation(part, labels.imbalance, choice, session.seed).height for part in parts]
        assert min(sizes) >= MIN_ROWS
        for cell in plan.models[0].cells:
            job_id = check_id(plan.job_id(MODEL.slug, cell, "train", choice), "id")  # type: ignore[arg-type]
            spec = FineTuningSpec(
                base_model=MODEL.name,
                dataset="rows",
                output_model=job_id,
                epochs=cell.epochs,
                learning_rate=cell.learning_rate,
                lora_rank=cell.lora_rank,
                batch_size_samples=cell.batch_size,
                rows=max(sizes),
            )
            job = job_fields(platform, json.loads(json.dumps(spec.body("local"))), "local", job_id)
            check_size(max(sizes), job["epochs"])
            trained = TrainingSpec("char-ngram", job["loraRank"], job["learningRate"], job["epochs"])
            check_training_input(trained, [TrainingRow("text", ("a",))], [], multi_label=False)


def refusal(files: list[Path], file: int, model: CatalogueModel = MODEL, **fields: Any) -> str:
    session = make_session({"models": model.slug, **fields})
    frame, inspected = inspect_in_memory(files[file], None, session)
    rows, labels = resolve(frame, inspected, session)
    with pytest.raises(InputError) as error:
        make_plan(session, "support", inspected, labels, "prompt", [model], measure_volumes(rows), PRICING)
    return str(error.value)


def test_a_rank_that_a_model_does_not_take_is_refused_with_those_that_it_takes(files: list[Path]) -> None:
    assert f"lora_ranks: char-ngram takes 1, 2, 4, 8, 16, 32, 64, not {MAX_LORA_RANK}" in refusal(
        files, 1, lora_ranks=[64, MAX_LORA_RANK]
    )
    hosted = catalogue_model(Model.model_validate({"name": "accounts/fireworks/models/qwen3-8b", "tunable": True}))
    assert "lora_ranks: qwen3-8b takes 1, 2, 4, 8, 16, 32, not 64" in refusal(files, 1, hosted, lora_ranks=64)


def test_the_grid_of_every_embedded_model_can_be_written_down(files: list[Path]) -> None:
    for entry in base_models().values():
        model = catalogue_model(Model.model_validate(base_document(entry)))
        ranks = [rank for rank, _, _ in entry.grid]
        assert set(make_session({"lora_ranks": ranks}).lora_ranks or ()) <= set(model.lora_ranks)


def test_too_few_rows_for_a_job_are_refused(files: list[Path]) -> None:
    few = refusal(files, 0)
    assert "validation_fraction: there are no validation rows, so nothing can be chosen" in few
    assert "What would do: 3 distinct rows of each of the 3 labels, 9 in all" in few
    assert "learning_curve: rows at 25%: 2, and a job needs at least 3; leave it out" in refusal(
        files, 3, learning_curve=True
    )
