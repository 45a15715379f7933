"""Chat with endpoints: servers of several makers, each asked in the form that it accepts."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable

import pytest

from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.prompting.response_format import grammar_format, schema_format
from fw_assets.fireworks import BadRequest, ChatCompletion, Fireworks
from fw_assets.pipeline.platform.endpoint_chat import EndpointRefused, route_endpoint
from fw_assets_tests.chat_servers import CONSTRAINTS, ChatServerDouble, Maker, chat_server

LABELS = ("sales", "billing")
BODY = {
    "messages": [{"role": "user", "content": "my invoice"}],
    "temperature": 0,
    "seed": 1,
    "max_tokens": 8,
    "logprobs": True,
    "top_logprobs": 5,
    "response_format": grammar_format(LABELS),
}
OBJECT = {**BODY, "response_format": schema_format(LABELS, "intent", multi_label=False)}


def ask(server: ChatServerDouble, *bodies: dict[str, object], model: str = "small") -> list[ChatCompletion]:
    endpoint = ModelEndpoint(url=server.url, model=model, key_variable="FW_ENDPOINT_KEY_MINE")

    async def asked() -> list[ChatCompletion]:
        async with Fireworks(base_url="http://platform.invalid", api_key="fw_platform_key") as client:
            route_endpoint(client, "mine", endpoint)
            send: Callable[[dict[str, object]], Awaitable[ChatCompletion]] = client.chat
            return [await send({"model": endpoint.address, **body}) for body in bodies]

    return asyncio.run(asked())


@pytest.mark.parametrize("maker", ["openai", "vllm", "ollama", "plain"])
def test_every_maker_answers_with_the_label_and_what_it_refuses_is_asked_once(maker: Maker) -> None:
    with chat_server(maker) as server:
        answers = ask(server, BODY, BODY, BODY)
        assert [answer.text for answer in answers] == ["billing"] * 3
        accepted = server.requests[-3:]
        assert accepted[1:] == accepted[:1] * 2
        assert all(body["model"] == "small" for body in server.requests)
        constraint = next((name for name in CONSTRAINTS if name in accepted[0]), None)
        # One that ignores a constraint and gives a label all the same cannot be told from one that follows it.
        held = {"openai": "response_format", "vllm": "structured_outputs", "ollama": "structured_outputs"}
        assert constraint == held.get(maker)


def test_the_probability_is_that_of_the_label_without_the_object_around_it() -> None:
    with chat_server("openai") as server:
        (answer,) = ask(server, BODY)
    assert answer.confidence == pytest.approx(math.exp(-0.1))
    assert server.requests[-1]["max_completion_tokens"] > BODY["max_tokens"]


def test_vllm_is_given_the_choices() -> None:
    with chat_server("vllm") as server:
        ask(server, BODY)
    assert server.requests[-1]["structured_outputs"] == {"choice": list(LABELS)}
    assert server.requests[-1]["logprobs"] is True


def test_an_object_stays_one_and_its_choices_are_whole_answers() -> None:
    with chat_server("openai") as server:
        assert [json.loads(answer.text or "") for answer in ask(server, OBJECT)] == [{"intent": "billing"}]
        assert server.requests[-1]["response_format"]["json_schema"]["strict"] is True
    with chat_server("vllm") as server:
        ask(server, OBJECT)
        assert {"choice": ['{"intent": "sales"}', '{"intent": "billing"}']} in [
            body.get("structured_outputs") for body in server.requests
        ]


def test_tokens_of_answers_that_held_to_no_constraint_are_counted() -> None:
    with chat_server("ollama") as server:
        first, second = ask(server, OBJECT, OBJECT)
    assert first.prompt_tokens == 9 * (len(server.requests) - 1) > second.prompt_tokens == 9


def test_an_answer_that_comes_late_does_not_bring_back_a_form_that_was_given_up() -> None:
    async def three() -> list[str | None]:
        async with Fireworks(base_url="http://platform.invalid", api_key="fw_platform_key") as client:
            endpoint = ModelEndpoint(url=server.url, model="small", key_variable="FW_ENDPOINT_KEY_MINE")
            route = route_endpoint(client, "mine", endpoint)
            asked = [asyncio.create_task(route.chat(BODY)) for _ in range(2)]
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            server.late.set()
            answers = [*await asyncio.gather(*asked), await route.chat(BODY)]
            assert route.form.constraint == "structured_outputs"
            return [answer.text for answer in answers]

    with chat_server("choices") as server:
        assert asyncio.run(three()) == ["billing"] * 3
    assert len(server.requests) == 5


def test_a_server_that_refuses_everything_is_not_asked_for_every_row() -> None:
    with chat_server("deaf") as server:
        with pytest.raises(BadRequest):
            ask(server, BODY)
        tries = len(server.requests)

        async def thrice() -> None:
            endpoint = ModelEndpoint(url=server.url, model="small", key_variable="FW_ENDPOINT_KEY_MINE")
            async with Fireworks(base_url="http://platform.invalid", api_key="fw_platform_key") as client:
                route = route_endpoint(client, "mine", endpoint)
                for _ in range(2):
                    with pytest.raises(BadRequest):
                        await route.chat(BODY)
                with pytest.raises(EndpointRefused, match="endpoint mine: no"):
                    await route.chat(BODY)

        asyncio.run(thrice())
    assert tries < 25


def test_the_key_goes_to_its_server_alone_and_into_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_ENDPOINT_KEY_MINE", "sk-right-0123456789")
    with chat_server("vllm", key="sk-right-0123456789") as server:
        ask(server, BODY)
        assert set(server.keys) == {"Bearer sk-right-0123456789"}
        monkeypatch.setenv("FW_ENDPOINT_KEY_MINE", "sk-wrong-0123456789")
        with pytest.raises(EndpointRefused, match="FW_ENDPOINT_KEY_MINE") as caught:
            ask(server, BODY)
        assert "sk-wrong" not in str(caught.value)
        monkeypatch.delenv("FW_ENDPOINT_KEY_MINE")
        with pytest.raises(EndpointRefused):
            ask(server, BODY)
        assert server.keys[-1] is None


def test_a_redirect_is_not_followed() -> None:
    with chat_server("moved") as server, pytest.raises(EndpointRefused, match="redirects"):
        ask(server, BODY)
    assert len(server.requests) == 1


def test_a_model_that_the_server_lacks_ends_the_work() -> None:
    with chat_server("vllm") as server, pytest.raises(EndpointRefused, match="Check the model large"):
        ask(server, BODY, model="large")
