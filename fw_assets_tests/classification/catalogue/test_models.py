from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.models import CatalogueModel, fold_name, nearest_ids, resolve_models
from fw_assets.classification.errors import InputError

IDS = (
    "qwen3-8b qwen3-14b qwen3-0p6b qwen3p5-9b qwen3-4b-instruct-2507 llama-v3p3-70b-instruct kimi-k2p5 "
    "glm-5p1 gemma-4-26b-a4b-it minilm-l6-v2 minilm-ngram char-ngram gpt-oss-120b nemotron-nano-3-30b-a3b"
)
CATALOGUE = tuple(
    CatalogueModel(name=f"accounts/fireworks/models/{name}", tunable=name != "gpt-oss-120b") for name in IDS.split()
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Qwen3 8B", "qwen3-8b"),
        ("qwen 3 8b", "qwen3-8b"),
        ("Qwen3-8B", "qwen3-8b"),
        ("accounts/fireworks/models/qwen3-8b", "qwen3-8b"),
        ("Qwen3.5 9B", "qwen3p5-9b"),
        ("Qwen3 0.6B", "qwen3-0p6b"),
        ("Llama 3.3 70B Instruct", "llama-v3p3-70b-instruct"),
        ("llama v3.3 70b", "llama-v3p3-70b-instruct"),
        ("Kimi K2.5", "kimi-k2p5"),
        ("GLM-5.1", "glm-5p1"),
        ("Gemma 4 26B A4B", "gemma-4-26b-a4b-it"),
        ("MiniLM L6 v2", "minilm-l6-v2"),
        ("MiniLM-ngram", "minilm-ngram"),
        ("char n-gram", "char-ngram"),
        ("Nemotron Nano 3 30B A3B", "nemotron-nano-3-30b-a3b"),
    ],
)
def test_names_as_people_write_them(written: str, found: str) -> None:
    (model,) = resolve_models([written], CATALOGUE)
    assert model.slug == found


def test_the_numbers_of_two_models_do_not_run_together() -> None:
    assert fold_name("qwen3-8b") != fold_name("qwen-38b")
    assert fold_name("qwen3-0p6b") != fold_name("qwen30p6b")
    assert len({fold_name(name) for name in IDS.split()}) == len(IDS.split())


@pytest.mark.parametrize(
    ("written", "reason", "nearest"),
    [
        ("Qwen3 9B", "not in the platform's catalogue", "qwen3-8b"),
        ("Qwen3 4B", "not in the platform's catalogue", "qwen3-4b-instruct-2507"),
        ("accounts/me/models/qwen3-8b", "not in the platform's catalogue", "qwen3-8b"),
        ("gpt-oss 120b", "cannot be fine-tuned", "nearest"),
        ("MiniLM", "not in the platform's catalogue", "minilm-ngram"),
    ],
)
def test_what_cannot_be_used_is_refused_with_reason_and_nearest(written: str, reason: str, nearest: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        resolve_models([written], CATALOGUE)
    assert nearest in str(caught.value)
    assert "gpt-oss-120b" not in str(caught.value).split("nearest")[1]


def test_a_model_that_is_not_tunable_can_be_benchmarked() -> None:
    (model,) = resolve_models(["gpt-oss-120b"], CATALOGUE, tunable=False)
    assert model.slug == "gpt-oss-120b"


def test_all_problems_are_named_at_once_and_order_is_kept() -> None:
    with pytest.raises(InputError) as caught:
        resolve_models(["nope-1", "qwen3-8b", "nope-2"], CATALOGUE)
    assert caught.value.total == 2
    models = resolve_models(["char-ngram", "Qwen3 8B", "qwen3-8b"], CATALOGUE)
    assert [model.slug for model in models] == ["char-ngram", "qwen3-8b"]


def test_no_model_lists_the_choices_and_chooses_none() -> None:
    with pytest.raises(InputError, match="none is chosen for you") as caught:
        resolve_models([], CATALOGUE)
    assert "minilm-l6-v2" in str(caught.value)


def test_two_accounts_with_the_same_id_are_told_apart() -> None:
    both = (*CATALOGUE, CatalogueModel(name="accounts/me/models/qwen3-8b", tunable=True))
    with pytest.raises(InputError, match="can mean"):
        resolve_models(["Qwen3 8B"], both)
    (mine,) = resolve_models(["accounts/me/models/qwen3-8b"], both)
    assert mine.name == "accounts/me/models/qwen3-8b"


def test_nearest_are_few_and_the_best_is_first() -> None:
    assert nearest_ids("qwen3-15b", CATALOGUE)[0] in ("qwen3-14b", "qwen3-8b")
    assert len(nearest_ids("x", CATALOGUE)) == 5
