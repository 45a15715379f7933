"""The adapter that training continues: found by name or id, and refused where no candidate can continue it."""

from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.warm_start import WarmStart, resolve_warm_start
from fw_assets.classification.errors import InputError
from fw_assets.classification.session import Session

BASE = CatalogueModel(name="accounts/fireworks/models/qwen3-8b", tunable=True)
OTHER = CatalogueModel(name="accounts/fireworks/models/qwen3-14b", tunable=True)
ADAPTER = CatalogueModel(
    name="accounts/me/models/mine", kind="HF_PEFT_ADDON", listed=False, base_model=BASE.name, rank=16
)


def resolved(adapter: CatalogueModel = ADAPTER, *others: CatalogueModel, **session: Any) -> WarmStart | None:
    settings = Session(dataset="rows.jsonl", **{"warm_start_from": "mine", **session})
    return resolve_warm_start(settings, (BASE, *others), (BASE, OTHER, adapter))


@pytest.mark.parametrize("name", ["mine", "accounts/me/models/mine"])
def test_it_is_found_and_keeps_its_rank(name: str) -> None:
    assert resolved(warm_start_from=name) == WarmStart(name=ADAPTER.name, base_model=BASE.name, rank=16)
    unranked = ADAPTER.model_copy(update={"rank": None})
    start = resolved(unranked, lora_ranks=(8,))
    assert start is not None
    assert start.rank == 8


def test_none_is_needed_where_nothing_is_trained() -> None:
    assert resolved(mode="benchmark") is None
    assert resolved(warm_start_from=None) is None


@pytest.mark.parametrize(
    ("change", "session", "message"),
    [
        ({}, {"warm_start_from": "yours"}, "warm_start_from: no model of the account is called 'yours'"),
        ({}, {"warm_start_from": "qwen3-8b"}, "warm_start_from: qwen3-8b is no LoRA adapter"),
        ({}, {"lora_ranks": (8,)}, "lora_ranks: a job that continues mine keeps its rank, 16; leave lora_ranks out"),
        ({"rank": None}, {}, "the platform does not say the rank of mine; give it as the only one of lora_ranks"),
        ({"unusable": "it is uploading"}, {}, "mine cannot be used: it is uploading"),
        ({"base_model": "accounts/x/models/gpt-oss-20b"}, {}, "mine is an adapter of gpt-oss-20b, which always thinks"),
    ],
)
def test_what_cannot_be_continued_is_refused(change: dict[str, Any], session: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        resolved(ADAPTER.model_copy(update=change), **session)
    assert message in str(raised.value)


def test_another_candidate_cannot_continue_it() -> None:
    with pytest.raises(InputError, match="mine is an adapter of qwen3-8b, so that qwen3-14b cannot continue it"):
        resolved(ADAPTER, OTHER)
    untrained = OTHER.model_copy(update={"tunable": False})
    assert resolved(ADAPTER, untrained) is not None
