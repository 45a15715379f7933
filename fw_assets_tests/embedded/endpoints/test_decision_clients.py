"""The clients that people use, unchanged, against the platform over a socket.

Each is a package of the dependency group `decision-clients`, and its tests are skipped where it is not installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from fw_assets_tests.embedded.conftest import Client, is_random

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its price map is a download otherwise

BASE = ""
"""The model that is asked: that of `every_kind_of_model`."""
STATE = "a billing invoice"
REASON = "needs the dependency group decision-clients"
NOT_AS_FIREWORKS = {
    "request.model-alias": "the alias of another vendor's model: any model that is not there is 404 here",
    "choice.options": "Fireworks takes 208 options, and jevcompat sends 255",
}
"""MUSTs of jevcompat that Fireworks documents otherwise."""


@pytest.fixture(autouse=True)
def every_kind_of_model(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "BASE", base)


@pytest.fixture(scope="module")
def client(served_client: Client) -> Client:
    return served_client


@pytest.fixture(scope="module")
def url(served_client: Client, served_url: str, base: str) -> str:
    """Its model has answered: some clients wait for five seconds, in which a busy machine does not import torch."""
    body = {"model": base, "state": STATE, "questions": {"a": {"type": "noul", "instructions": "?"}}}
    headers = {"Authorization": f"Bearer {served_client.key}"}
    httpx.post(f"{served_url}/inference/v1/systemone", json=body, headers=headers, timeout=300).raise_for_status()
    return served_url


def chosen(choice: str | bool) -> bool:
    """Whether the answer about billing is what it can be: a random model's is any."""
    return choice == "billing" or (is_random(BASE) and choice in ("technical", True))


def test_openai(client: Client, url: str) -> None:
    openai: Any = pytest.importorskip("openai", reason=REASON)
    if not hasattr(openai.OpenAI(api_key="x"), "decisions"):
        pytest.skip(f"openai {version('openai')} has no decisions yet")
    caller = openai.OpenAI(api_key=client.key, base_url=f"{url}/inference/v1", max_retries=0)
    questions: list[dict[str, Any]] = [
        {"type": "predicate", "instructions": "Is it about billing?"},
        {"type": "choice", "instructions": "?", "choices": [{"value": "billing"}, {"value": True}], "name": "c"},
        {"type": "score", "instructions": "How urgent?", "levels": [{"label": "calm"}, {"label": "urgent"}]},
    ]
    reply = caller.decisions.create(model=BASE, input=STATE, questions=questions)
    predicate, choice, score = reply.answers
    assert (predicate.type, chosen(choice.choice), choice.name) == ("predicate", True, "c")
    assert 0 <= score.score <= 1
    assert reply.usage.total_tokens == reply.usage.input_tokens > 0
    with pytest.raises(openai.BadRequestError, match="expected 2 to 208"):
        caller.decisions.create(model=BASE, input=STATE, questions=[questions[1] | {"choices": [{"value": "a"}]}])
    with pytest.raises(openai.NotFoundError, match="not deployed"):
        caller.decisions.create(model="accounts/local/models/none", input=STATE, questions=questions)


def test_typesafe_sdk(client: Client, url: str) -> None:
    sdk: Any = pytest.importorskip("typesafe_sdk", reason=REASON)
    caller = sdk.TypeSafeClient(api_key=client.key, base_url=f"{url}/inference")
    questions = {
        "a": sdk.Noul(instructions="Is it about billing?"),
        "b": sdk.Choice(instructions="Which?", criteria={"billing": "invoices", "technical": None}),
        "c": sdk.Score(instructions="How urgent?", criteria=["calm", "urgent"]),
    }
    # A long state is sent as zstd where the interpreter has it.
    reply = caller.system_one(state=STATE + " " * 2000, questions=questions, model=BASE)
    assert chosen(reply.answers["b"].choice)
    assert 0 <= reply.answers["a"].noul <= 1
    assert set(reply.answers["c"].legend.values()) == {"calm", "urgent"}
    with pytest.raises(Exception, match="expected 2 to 10"):
        caller.system_one(state=STATE, questions={"c": sdk.Score(instructions="?", criteria=["calm"])}, model=BASE)


@pytest.fixture
def litellm() -> Any:
    return pytest.importorskip("litellm", reason=REASON)


@pytest.mark.filterwarnings("ignore")  # its own deprecations
def test_litellm_systemone(client: Client, url: str, litellm: Any) -> None:
    questions = {
        "a": {"type": "noul", "instructions": "Is it about billing?"},
        "b": {"type": "choice", "instructions": "Which?", "criteria": {"billing": "invoices", "technical": "bugs"}},
        "c": {"type": "score", "instructions": "How urgent?", "criteria": ["calm", "urgent"]},
    }
    address = f"{url}/inference/v1"
    reply = litellm.systemone(
        model=f"fireworks_ai/{BASE}", state=STATE, questions=questions, api_base=address, api_key=client.key
    )
    assert chosen(answer_of(reply, "b")["choice"])


@pytest.mark.filterwarnings("ignore")  # its own deprecations
def test_litellm_decisions(client: Client, url: str, litellm: Any) -> None:
    questions = [{"type": "choice", "instructions": "?", "choices": [{"value": "billing"}, {"value": "technical"}]}]
    reply = litellm.decisions(
        model=f"fireworks_ai/{BASE}",
        input=STATE,
        questions=questions,
        api_base=f"{url}/inference/v1",
        api_key=client.key,
    )
    assert chosen(document_of(reply)["answers"][0]["choice"])


def document_of(reply: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(reply.model_dump_json()) if hasattr(reply, "model_dump_json") else reply
    return document


def answer_of(reply: Any, id: str) -> dict[str, Any]:
    answer: dict[str, Any] = document_of(reply)["answers"][id]
    return answer


@pytest.mark.filterwarnings("ignore")  # all of it is beta, and says so
def test_langchain_openai(client: Client, url: str) -> None:
    langchain: Any = pytest.importorskip("langchain_openai", reason=REASON)
    decisions: Any = pytest.importorskip("langchain_openai.decisions", reason=REASON)
    caller = langchain.OpenAIDecisions(model=BASE, api_key=client.key, base_url=f"{url}/inference/v1")
    questions = {
        "a": decisions.Predicate(instructions="Is it about billing?"),
        "b": decisions.Choice(instructions="Which?", choices={"billing": "invoices", "technical": "bugs"}),
    }
    reply = caller.invoke({"input": STATE, "questions": questions})
    assert "billing" in str(reply)


def test_jevcompat(client: Client, url: str, tmp_path: Path) -> None:
    """All MUSTs but those that Fireworks documents otherwise."""
    pytest.importorskip("jevcompat", reason=REASON)
    report = tmp_path / "report.json"
    command = [
        str(Path(sys.executable).with_name("jevcompat")),
        "test",
        f"{url}/inference",
        "--model",
        BASE,
        "--key-env",
        "KEY",
    ]
    environment = {**os.environ, "KEY": client.key}
    done = subprocess.run([*command, "--json", str(report)], capture_output=True, text=True, env=environment)
    document = json.loads(report.read_text())
    failed = {item["id"] for item in document["results"] if item["level"] == "MUST" and item["status"] == "fail"}
    assert failed == set(NOT_AS_FIREWORKS), done.stdout
