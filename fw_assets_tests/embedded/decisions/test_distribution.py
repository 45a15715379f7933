"""Distributions are those of the scorer that chat completions use, and each question is answered by itself."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets_tests.embedded.conftest import TEXTS, Client, deploy, grammar

BASE = "accounts/fireworks/models/char-ngram"
LABELS = ("billing question", "technical problem", "sales")
TEXT = "a billing question"


def choice(names: Any = LABELS, **fields: Any) -> dict[str, Any]:
    return {"type": "choice", "instructions": "Which?", "criteria": dict.fromkeys(names), **fields}


def answers(client: Client, questions: Any, state: Any = TEXT, model: str = BASE) -> Any:
    body = {"model": model, "state": state, "questions": questions}
    return client.post("/inference/v1/systemone", body)["answers"]


def chat_probabilities(client: Client, model: str, text: str, labels: Any) -> dict[str, float]:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "response_format": grammar(*labels),
        "logprobs": True,
        "top_logprobs": 5,
    }
    (token,) = client.post("/inference/v1/chat/completions", body)["choices"][0]["logprobs"]["content"]
    return {item["token"]: math.exp(item["logprob"]) for item in token["top_logprobs"]}


def test_a_base_model_gives_what_chat_gives(client: Client) -> None:
    answer = answers(client, {"q": choice()})["q"]
    assert answer["probabilities"] == pytest.approx(chat_probabilities(client, BASE, TEXT, LABELS))
    framed = [f"Category: {name}" for name in LABELS]
    answer = answers(client, {"q": choice(framed)})["q"]
    assert answer["probabilities"] == pytest.approx(chat_probabilities(client, BASE, TEXT, framed))


def test_a_tuned_model_gives_the_distribution_of_its_head(client: Client) -> None:
    model = deploy(client, lambda label: json.dumps({"intent": label}))
    for label, texts in TEXTS.items():
        answer = answers(client, {"q": choice(TEXTS)}, texts[0], model)["q"]
        assert answer["choice"] == label
        expected = chat_probabilities(client, model, texts[0], TEXTS)
        assert answer["probabilities"] == pytest.approx(expected)
        # A description changes nothing of a label that was trained, nor does the question's wording.
        told = answers(
            client, {"q": choice(TEXTS) | {"criteria": {name: f"about {name}" for name in TEXTS}}}, texts[0], model
        )
        assert told["q"]["probabilities"] == pytest.approx(expected)
        nouls = {name: {"type": "noul", "instructions": f'Is it "{name}"?'} for name in TEXTS}
        asked = answers(client, nouls, texts[0], model)
        assert {name: asked[name]["noul"] for name in TEXTS} == pytest.approx(expected)
    few = answers(client, {"q": choice(("billing", "sales"))}, "crash on start", model)["q"]["probabilities"]
    assert sum(few.values()) == pytest.approx(1)


def test_a_multi_label_model_answers_one_noul_per_label(client: Client) -> None:
    model = deploy(client, lambda label: json.dumps({"labels": sorted({label, "sales"})}))
    nouls = {name: {"type": "noul", "criteria": {"true": f"{name}: text about it"}} for name in TEXTS}
    asked = {
        name: answer["noul"] for name, answer in answers(client, nouls, "charged twice on the card", model).items()
    }
    assert min(asked["billing"], asked["sales"]) > 0.5 > asked["technical"]
    chosen = answers(client, {"q": choice(TEXTS)}, "charged twice on the card", model)["q"]
    assert sum(chosen["probabilities"].values()) == pytest.approx(1)


def test_a_model_of_objects_does_not_support_decisions(client: Client) -> None:
    model = deploy(client, lambda label: json.dumps({"intent": label, "urgent": label == "technical"}))
    body = {"model": model, "state": TEXT, "questions": {"q": choice()}}
    refusal = client.post("/inference/v1/systemone", body, status=400)
    assert "does not support this API" in refusal["error"]["message"]


QUESTIONS: dict[str, dict[str, Any]] = {
    "plain": choice(),
    "described": choice() | {"criteria": {"billing": "money", "bug": "an error", "sales": None}},
    "yes": {"type": "noul", "instructions": "Is it about billing?"},
    "sided": {"type": "noul", "criteria": {"true": "a question of billing", "false": "anything technical"}},
    "level": {"type": "score", "instructions": "How urgent?", "criteria": ["not urgent", "billing", "very urgent"]},
}


@given(ids=st.permutations(sorted(QUESTIONS)), count=st.integers(1, len(QUESTIONS)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_depends_on_no_other_question(client: Client, ids: list[str], count: int) -> None:
    together = answers(client, {id: QUESTIONS[id] for id in ids[:count]})
    assert list(together) == ids[:count]
    assert together == {id: answers(client, {"x": QUESTIONS[id]})["x"] for id in ids[:count]}


def test_equal_options_share_and_the_first_wins(client: Client) -> None:
    body = {
        "model": BASE,
        "input": "is it true",
        "questions": [{"type": "choice", "instructions": "?", "choices": [{"value": "true"}, {"value": True}]}],
    }
    (answer,) = client.post("/inference/v1/decisions", body)["answers"]
    assert [item["probability"] for item in answer["probabilities"]] == [0.5, 0.5]
    assert answer["choice"] == "true"
    assert answer["confidence"] == 0
