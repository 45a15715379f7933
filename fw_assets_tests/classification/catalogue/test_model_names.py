from __future__ import annotations

import pytest

from fw_assets.classification.catalogue.model_names import fold_name, nearest_ids, resolve_models
from fw_assets.classification.catalogue.models import DEPLOYMENT, CatalogueModel
from fw_assets.classification.errors import InputError

IDS = (
    "qwen3-8b qwen3-14b qwen3-0p6b qwen3p5-9b qwen3-4b-instruct-2507 llama-v3p3-70b-instruct kimi-k2p5 "
    "glm-5p1 gemma-4-26b-a4b-it minilm-l6-v2 minilm-ngram char-ngram mistral-large-3-fp8 nemotron-nano-3-30b-a3b"
)
CATALOGUE = tuple(
    CatalogueModel(name=f"accounts/fireworks/models/{name}", tunable=name != "mistral-large-3-fp8")
    for name in IDS.split()
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
        ("Mistral Large 3 FP8", "cannot be fine-tuned", "nearest"),
        ("MiniLM", "not in the platform's catalogue", "minilm-ngram"),
    ],
)
def test_what_cannot_be_used_is_refused_with_reason_and_nearest(written: str, reason: str, nearest: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        resolve_models([written], CATALOGUE)
    assert nearest in str(caught.value)
    assert "mistral-large-3-fp8" not in str(caught.value).split("nearest")[1]


def test_a_model_that_is_not_tunable_can_be_benchmarked() -> None:
    (model,) = resolve_models(["mistral-large-3-fp8"], CATALOGUE, tunable=False)
    assert model.slug == "mistral-large-3-fp8"


@pytest.mark.parametrize("id", ["gpt-oss-20b", "gpt-oss-120b", "minimax-m2p5", "glm-5p3", "glm-5p3-flash"])
@pytest.mark.parametrize("tunable", [True, False])
def test_models_that_always_think_are_refused_before_anything_is_planned(id: str, tunable: bool) -> None:
    catalogue = (*CATALOGUE, CatalogueModel(name=f"accounts/fireworks/models/{id}", tunable=True))
    with pytest.raises(InputError, match=f"{id} always thinks before it answers"):
        resolve_models([id], catalogue, tunable=tunable)


@pytest.mark.parametrize("id", ["minimax-m3", "glm-5p1", "glm-5p2", "qwen3-8b"])
def test_models_that_can_be_told_not_to_think_are_not_refused(id: str) -> None:
    assert (
        CatalogueModel(name=f"accounts/fireworks/models/{id}", tunable=True).refusal(tunable=True, inference=None)
        is None
    )


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


def test_a_short_id_that_two_entries_have_means_both() -> None:
    both = (*CATALOGUE, CatalogueModel(name="accounts/me/models/qwen3-8b", tunable=True))
    with pytest.raises(InputError, match="can mean accounts/fireworks/models/qwen3-8b or accounts/me/models/qwen3-8b"):
        resolve_models([" qwen3-8b "], both)
    unlisted = (both[-1].model_copy(update={"name": f"accounts/{who}/models/own", "listed": False}) for who in "ab")
    with pytest.raises(InputError, match="can mean accounts/a/models/own or accounts/b/models/own"):
        resolve_models(["own"], (*CATALOGUE, *unlisted))


def test_nearest_are_few_and_the_best_is_first() -> None:
    assert nearest_ids("qwen3-15b", CATALOGUE)[0] in ("qwen3-14b", "qwen3-8b")
    assert len(nearest_ids("x", CATALOGUE)) == 5


ADAPTER = CatalogueModel(
    name="accounts/me/models/mine",
    kind="HF_PEFT_ADDON",
    listed=False,
    base_model="accounts/fireworks/models/qwen3-8b",
    rank=8,
)


def test_an_adapter_is_a_candidate_beside_a_model_that_can_be_tuned() -> None:
    models = resolve_models(["qwen3-8b", "mine"], (*CATALOGUE, ADAPTER))
    assert [model.slug for model in models] == ["qwen3-8b", "mine"]
    assert (ADAPTER.asked_by(None), ADAPTER.asked_by("serverless"), ADAPTER.asked_by("batch")) == (
        "deployment",
        "deployment",
        "batch",
    )
    with pytest.raises(InputError, match="none of mine can be fine-tuned") as caught:
        resolve_models(["mine"], (*CATALOGUE, ADAPTER))
    assert "--benchmark-only" in str(caught.value)
    assert resolve_models(["mine"], (*CATALOGUE, ADAPTER), tunable=False, inference="batch") == (ADAPTER,)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": "EMBEDDING_MODEL"}, "lists it as embedding model, not as base model or LoRA adapter"),
        ({"kind": "FLUMINA_ADDON"}, "lists it as flumina addon"),
        ({"unusable": "it is uploading, and has to be READY"}, "cannot be used: it is uploading"),
        ({"base_model": ""}, "does not say which model it was trained from"),
        (
            {"base_model": "accounts/fireworks/models/gpt-oss-20b"},
            "mine is an adapter of gpt-oss-20b, which always thinks before it answers and cannot be told not to",
        ),
        ({"base_model": "accounts/me/models/minimax-m2p5"}, "mine is an adapter of minimax-m2p5, which always thinks"),
    ],
)
def test_a_named_model_of_another_kind_is_refused(change: dict[str, str], reason: str) -> None:
    model = ADAPTER.model_copy(update=change)
    with pytest.raises(InputError, match=reason):
        resolve_models(["mine", "qwen3-8b"], (*CATALOGUE, model))


def test_a_base_model_of_the_account_that_cannot_be_tuned_is_evaluated_only() -> None:
    own = CatalogueModel(name="accounts/me/models/house", listed=False)
    assert [model.slug for model in resolve_models(["house", "qwen3-8b"], (*CATALOGUE, own))] == ["house", "qwen3-8b"]


def test_two_models_on_one_deployment_are_for_two_sessions() -> None:
    prod = "accounts/acme/deployments/prod"
    entries = [
        CatalogueModel(name=f"accounts/acme/models/{name}#{prod}", kind=DEPLOYMENT, deployment=prod, listed=False)
        for name in ("one", "two")
    ]
    said = (
        r"are asked on one deployment, by whose id \(prod\) results are kept: name one of them, and each other one in"
    )
    with pytest.raises(InputError, match=said):
        resolve_models([entry.name for entry in entries], entries, tunable=False)
