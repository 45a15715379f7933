from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.catalogue.resource_ids import (
    dataset_id,
    deployment_id,
    job_id,
    resource_id,
    same_content,
)
from fw_assets.classification.catalogue.tuning_grid import Cell

CELL = Cell(lora_rank=8, learning_rate=1.5e-4, epochs=3)


@given(st.text(max_size=120), st.text(max_size=10))
def test_any_subject_gives_a_legal_id(subject: str, content: str) -> None:
    id = resource_id(subject, content)
    assert re.fullmatch(r"fwa-[a-z0-9-]{0,58}[a-z0-9]", id)


def test_same_content_same_name_other_content_other_name() -> None:
    one = job_id("accounts/fireworks/models/qwen3-8b", CELL, "rows", 42)
    assert one == job_id("accounts/fireworks/models/qwen3-8b", CELL, "rows", 42)
    assert one.startswith("fwa-qwen3-8b-r8-lr1-5e-4-e3-")
    others = {
        job_id("accounts/me/models/qwen3-8b", CELL, "rows", 42),
        job_id("accounts/fireworks/models/qwen3-8b", CELL.model_copy(update={"epochs": 2}), "rows", 42),
        job_id("accounts/fireworks/models/qwen3-8b", CELL, "other", 42),
        job_id("accounts/fireworks/models/qwen3-8b", CELL, "rows", 43),
    }
    assert len(others | {one}) == 5


def test_a_deployment_of_a_model_made_here_is_known_before_its_account_is() -> None:
    tuned = job_id("qwen3-8b", CELL, "rows", 42)
    assert deployment_id(tuned) == deployment_id(f"accounts/me/models/{tuned}")
    assert deployment_id("accounts/a/models/m") != deployment_id("accounts/b/models/m")
    assert dataset_id("support", "x") != dataset_id("support", "y")


def test_a_model_that_only_looks_like_one_made_here_is_known_by_its_full_name() -> None:
    assert deployment_id("accounts/a/models/fwa-router") != deployment_id("accounts/b/models/fwa-router")


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=10), st.text(max_size=10))
def test_rows_under_another_datasets_name_are_the_same_content(one: str, other: str, rows: str, others: str) -> None:
    march = f"accounts/me/datasets/{dataset_id(one, rows)}"
    assert same_content(march, f"accounts/me/datasets/{dataset_id(other, rows)}")
    assert same_content(march, dataset_id(one, others)) == (rows == others)


def test_names_that_were_not_made_here_are_never_the_same_content() -> None:
    assert not same_content("accounts/me/datasets/april", "accounts/me/datasets/april")
    assert not same_content("april-b913dc8e848e", "march-b913dc8e848e")
    assert not same_content("1", "2")
