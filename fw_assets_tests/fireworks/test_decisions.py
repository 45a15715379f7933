"""Decisions: what is sent, what is refused before, and which answers are believed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.embedded import api_key, create_app
from fw_assets.embedded.decisions.confidence import choice_confidence, score_confidence
from fw_assets.fireworks import (
    MAX_OPTIONS,
    AuthenticationError,
    BadRequest,
    Choice,
    Decision,
    DecisionAnswer,
    Fireworks,
    Noul,
    Question,
    Score,
    UnexpectedResponse,
)
from fw_assets.fireworks._responses import HttpResponse, unambiguous_object

from .fake import answers, client_of, reply

MODEL = "accounts/fireworks/routers/rune"
QUESTIONS: dict[str, Question] = {
    "team": Choice("Which team?", ("billing", "technical"), {"billing": "invoices"}),
    "refund": Noul("Money back?", true="wants it"),
    "anger": Score("How angry?", ("calm", "furious")),
}


def systemone_reply(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": "rune-1",
        "answers": {
            "team": {
                "type": "choice",
                "choice": "technical",
                "confidence": 9,
                "probabilities": {"technical": 0.4, "billing": 0.6},
            },
            "refund": {"type": "noul", "noul": 0.25},
            "anger": {
                "type": "score",
                "score": 7,
                "legend": {},
                "probabilities": {"0": 0.9, "1": 0.1},
                "x_label_mass": 0.8,
            },
        },
        "usage": {"input_tokens": 50, "cached_input_tokens": 20, "output_tokens": 0},
    }
    body["answers"] |= changes
    return body


def openai_reply() -> dict[str, Any]:
    return {
        "model": "rune-1",
        "answers": [
            {
                "type": "choice",
                "name": "team",
                "probabilities": [{"value": "billing", "probability": 0.6}, {"value": "technical", "probability": 0.4}],
            },
            {"type": "predicate", "name": None, "probability": 0.25},
            {
                "type": "score",
                "probabilities": [{"value": 0, "label": "calm", "probability": 0.9}, {"value": 1, "probability": 0.1}],
            },
        ],
        "usage": {"input_tokens": 50, "input_tokens_details": {"cached_tokens": 20}, "output_tokens": 0},
    }


def ask(
    handler: Any, questions: Mapping[str, Question] = QUESTIONS, form: str = "systemone"
) -> tuple[Decision, list[Any], Any]:
    client, recorder, clock = client_of(handler)
    decision = asyncio.run(getattr(client, form)(MODEL, "I was charged twice", questions))
    return decision, [json.loads(request.content) for request in recorder.requests], clock


def test_the_systemone_body_is_exact() -> None:
    _, bodies, _ = ask(answers(reply(body=systemone_reply())))
    assert bodies == [
        {
            "model": MODEL,
            "state": "I was charged twice",
            "questions": {
                "team": {
                    "type": "choice",
                    "instructions": "Which team?",
                    "criteria": {"billing": "invoices", "technical": "technical"},
                },
                "refund": {"type": "noul", "instructions": "Money back?", "criteria": {"true": "wants it"}},
                "anger": {"type": "score", "instructions": "How angry?", "criteria": ["calm", "furious"]},
            },
        }
    ]


def test_the_decisions_body_is_exact() -> None:
    _, bodies, _ = ask(answers(reply(body=openai_reply())), form="decisions")
    choices = [{"value": "billing", "description": "invoices"}, {"value": "technical"}]
    assert bodies == [
        {
            "model": MODEL,
            "input": "I was charged twice",
            "questions": [
                {"name": "team", "type": "choice", "instructions": "Which team?", "choices": choices},
                {"name": "refund", "type": "predicate", "instructions": "Money back?\ntrue: wants it"},
                {
                    "name": "anger",
                    "type": "score",
                    "instructions": "How angry?",
                    "levels": [{"label": "calm"}, {"label": "furious"}],
                },
            ],
        }
    ]


@pytest.mark.parametrize(("form", "body"), [("systemone", systemone_reply()), ("decisions", openai_reply())])
def test_figures_are_computed_from_the_probabilities(form: str, body: dict[str, Any]) -> None:
    decision, _, _ = ask(answers(reply(body=body)), form=form)
    team, refund, anger = (decision.answers[id] for id in QUESTIONS)
    assert team.choice == "billing"
    assert team.confidence == pytest.approx(0.2)
    assert list(team.probabilities) == ["billing", "technical"]
    assert (refund.choice, refund.probabilities["true"]) == ("false", 0.25)
    assert anger.choice == "calm"
    assert anger.score == pytest.approx(0.1)
    assert (decision.model, decision.input_tokens, decision.cached_tokens, decision.output_tokens) == (
        "rune-1",
        50,
        20,
        0,
    )
    assert anger.label_mass == (0.8 if form == "systemone" else None)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=10))
def test_both_sides_of_the_wire_have_one_confidence(weights: list[float]) -> None:
    values = [weight / sum(weights) for weight in weights]
    named = {str(number): value for number, value in enumerate(values)}
    assert DecisionAnswer(named).confidence == pytest.approx(choice_confidence(values))
    assert DecisionAnswer(named, ordered=True).confidence == pytest.approx(score_confidence(values))


def team(probabilities: Any) -> dict[str, Any]:
    return {"team": {"type": "choice", "probabilities": probabilities}}


def test_rounded_probabilities_are_made_to_sum_to_one() -> None:
    decision, _, _ = ask(answers(reply(body=systemone_reply(**team({"billing": 0.58, "technical": 0.4})))))
    assert sum(decision.answers["team"].probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("miss", [-0.03, -0.01, 0.01, 0.03])
@pytest.mark.parametrize("first", [0.11, 0.2, 0.3, 0.57, 0.71])
def test_a_sum_misses_one_by_the_decimals_that_are_sent(first: float, miss: float) -> None:
    sent = {"billing": first, "technical": round(1 + miss - first, 2)}
    decision, _, _ = ask(answers(reply(body=systemone_reply(**team(sent)))))
    assert sum(decision.answers["team"].probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("mass", [10**400, -1, 7, True, "1", None, [1]])
def test_a_label_mass_that_is_no_share_is_not_told(mass: Any) -> None:
    body = team({"billing": 0.6, "technical": 0.4})
    body["team"]["x_label_mass"] = mass
    decision, _, _ = ask(answers(reply(body=systemone_reply(**body))))
    assert decision.answers["team"].label_mass is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (team({"billing": 0.5, "technical": 0.4}), "sum to 0.9"),
        (team({"billing": 1.2, "technical": -0.2}), "no probability"),
        (team({"billing": "0.6", "technical": 0.4}), "no probability"),
        (team({"billing": True, "technical": 0}), "no probability"),
        (team({"billing": 1}), "lacks option 'technical'"),
        (team({"billing": 0.5, "technical": 0.4, "sales": 0.1}), "unknown option 'sales'"),
        (team(None), "no probabilities"),
        ({"team": None}, "no answer to 'team'"),
        ({"refund": {"type": "noul"}}, "no probability"),
    ],
)
def test_what_is_no_distribution_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UnexpectedResponse, match=says):
        ask(answers(reply(body=systemone_reply(**changes))))


@pytest.mark.parametrize(
    "text",
    [
        '{"answers": {"team": NaN}}',
        '{"answers": {"a": 1, "a": 2}}',
        '{"answers": {}, "note": ":", "answers": {"team": 1}}',
        '{"answers": [{"a": {"b": 1, "b": 1}}]}',
        "[1]",
        "<html>",
        "[" * 99_999,
    ],
)
def test_bodies_that_are_no_plain_object(text: str) -> None:
    with pytest.raises(UnexpectedResponse):
        ask(answers(httpx.Response(200, text=text)))


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_object_is_read_as_json_reads_it(value: Any) -> None:
    for content in (json.dumps({"x": value}), json.dumps({"x": value}, ensure_ascii=False, separators=(",", ":"))):
        response = HttpResponse(200, {}, content.encode("utf-8", "surrogatepass"), "POST /x")
        assert unambiguous_object(response) == {"x": value}


@pytest.mark.parametrize("probabilities", [{"technical": 1, "billing": 0}, {"billing": 0.0, "technical": 1.0}])
def test_probabilities_are_numbers_in_the_order_of_the_options(probabilities: dict[str, float]) -> None:
    decision, _, _ = ask(answers(reply(body=systemone_reply(**team(probabilities)))))
    found = decision.answers["team"].probabilities
    assert list(found.items()) == [("billing", 0.0), ("technical", 1.0)]
    assert {type(value) for value in found.values()} == {float}


def test_a_refusal_leaves_the_other_answers() -> None:
    body = openai_reply()
    body["answers"][0] = {"type": "refusal", "name": "team"}
    decision, _, _ = ask(answers(reply(body=body)), form="decisions")
    assert decision.refused == ("team",)
    assert list(decision.answers) == ["refund", "anger"]


def test_answers_that_moved_are_refused() -> None:
    body = openai_reply()
    for broken in (body["answers"][1:], [body["answers"][1], body["answers"][0], body["answers"][2]]):
        with pytest.raises(UnexpectedResponse):
            ask(answers(reply(body=body | {"answers": broken})), form="decisions")


def test_more_questions_than_servers_take_are_split() -> None:
    questions: dict[str, Question] = {f"q{number}": Noul(f"Is it {number}?") for number in range(150)}

    def handle(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["questions"]
        usage = {"input_tokens": len(asked), "output_tokens": len(asked)}
        return reply(body={"answers": {id: {"type": "noul", "noul": 0.5} for id in asked}, "usage": usage})

    decision, bodies, _ = ask(handle, questions)
    assert [len(body["questions"]) for body in bodies] == [64, 64, 22]
    assert list(decision.answers) == list(questions)
    assert (decision.input_tokens, decision.output_tokens, decision.requests) == (150, 150, 3)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (Choice("?", tuple(map(str, range(MAX_OPTIONS + 1)))), "expected 2 to 208"),
        (Choice("?", tuple(map(str, range(27))), max_options=26), "expected 2 to 26"),
        (Choice("?", ("a",)), "expected 2"),
        (Choice("?", ("a", " a")), "repeated"),
        (Choice("?", ("a", " ")), "empty"),
        (Choice("  ", ("a", "b")), "instructions"),
        (Score("?", tuple(map(str, range(11)))), "expected 2 to 10"),
    ],
)
def test_what_servers_refuse_is_not_sent(question: Question, says: str) -> None:
    client, recorder, _ = client_of(answers(reply()))
    with pytest.raises(ValueError, match=says):
        asyncio.run(client.systemone(MODEL, "x", {"q": question}))
    for questions in ({}, {"é": Noul("?")}):
        with pytest.raises(ValueError, match="question"):
            asyncio.run(client.systemone(MODEL, "x", questions))
    assert recorder.requests == []


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, 529])
def test_what_passes_is_tried_again_when_the_server_says(status: int) -> None:
    busy = reply(status, {"error": {"message": "busy"}}, retry_after="7")
    _, bodies, clock = ask(answers(busy, reply(body=systemone_reply())))
    assert len(bodies) == 2
    assert 7 <= clock.slept[0] < 7.5


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"error": {"message": "too many"}}, "too many"),
        ({"error": "too many"}, "too many"),
        ({"detail": [{"loc": ["body", "state"], "msg": "missing"}]}, "body.state: missing"),
        ({"detail": ["missing"]}, "missing"),
        ({"detail": {"error_type": "x", "message": "too many"}}, "too many"),
        ({"detail": "too many"}, "too many"),
        ("<html><head><style>b {}</style></head><body><b>too</b> many</body></html>", "too many"),
    ],
)
def test_every_form_of_refusal_is_read_and_not_repeated(status: int, body: Any, says: str) -> None:
    response = httpx.Response(status, text=body) if isinstance(body, str) else reply(status, body)
    client, recorder, _ = client_of(answers(response))
    with pytest.raises(Exception, match=says):
        asyncio.run(client.systemone(MODEL, "x", QUESTIONS))
    assert len(recorder.requests) == 1


def test_whether_a_model_answers_decisions_is_asked_once() -> None:
    able = {"answers": {"probe": {"type": "noul", "noul": 0.5}}}
    for response, expected in (
        (reply(body=able), None),
        (reply(400, {"error": {"message": "model does not support this API"}}), "model does not support this API"),
        (reply(404, {"error": {"message": "not deployed"}}), "not deployed"),
        (reply(501, {"error": {"message": "needs raw logprobs"}}), "needs raw logprobs"),
    ):
        client, recorder, _ = client_of(answers(response))
        assert asyncio.run(client.decision_refusal(MODEL)) == expected
        assert len(recorder.requests) == 1
    client, _, _ = client_of(answers(reply(401)))
    with pytest.raises(AuthenticationError):
        asyncio.run(client.decision_refusal(MODEL))


def test_the_embedded_platform_is_asked_in_both_forms(tmp_path: Path) -> None:
    async def inside() -> tuple[Decision, Decision]:
        transport = httpx.ASGITransport(create_app(tmp_path))
        async with Fireworks(base_url="http://e", api_key=api_key(tmp_path), transport=transport) as client:
            model = "accounts/fireworks/models/char-ngram"
            assert await client.decision_refusal(model) is None
            deep: list[Any] = []
            for _ in range(40):
                deep = [deep]
            with pytest.raises(BadRequest, match="nested"):
                await client.systemone(model, deep, QUESTIONS)
            text = "a billing invoice"
            return await client.systemone(model, text, QUESTIONS), await client.decisions(model, text, QUESTIONS)

    one, other = asyncio.run(inside())
    assert one.answers["team"] == other.answers["team"]
    assert one.answers["anger"] == other.answers["anger"]
