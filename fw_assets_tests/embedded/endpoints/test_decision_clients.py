"""The clients that people use, unchanged, against the platform over a socket.

Each is a package of the dependency group `decision-clients`, and its tests are skipped where it is not installed.
"""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

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
NOT_AS_WANTED = {"errors.validation-shape": "Fireworks documents 400, and jevcompat wants 422"}
"""SHOULDs of it."""
ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| `(?P<client>[^`]+)`(?P<what>[^|]*)\| (?P<version>\d[\d.]*) \| (?P<result>.*) \|$", re.MULTILINE)


def table() -> list[re.Match[str]]:
    """The clients in docs/embedded.md: what was tried, the version, the result."""
    text = (ROOT / "docs" / "embedded.md").read_text("utf-8")
    return list(ROW.finditer(text[text.index("Clients that are tried unchanged") :]))


def pinned() -> dict[str, str]:
    """The versions that the dependency group installs."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    pairs = (item.partition("==") for item in groups["decision-clients"] if "==" in item and ";" not in item)
    return {name: number for name, _, number in pairs}


def test_the_table_has_every_client_in_the_version_that_is_tried() -> None:
    named = {row["client"].split()[0]: row["version"] for row in table()}
    assert named == pinned()
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    assert f"openai=={named['openai']} " in lock  # it comes with the development tools
    for client, number in named.items():
        with contextlib.suppress(PackageNotFoundError):
            assert version(client) == number, (
                f"install the group decision-clients, or try {client} and name its version"
            )


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("path", ["/inference/v1/systemone", "/v1/systemone", "/inference/v1/decisions"])
def test_compressed_bodies(client: Client, url: str, path: str, coding: str) -> None:
    choice: dict[str, Any] = {"type": "choice", "instructions": "Which?"}
    body: dict[str, Any]
    if path.endswith("systemone"):
        body = {"state": STATE * 100, "questions": {"q": choice | {"criteria": {"billing": "", "technical": ""}}}}
    else:
        choices = [{"value": "billing"}, {"value": "technical"}]
        body = {"input": STATE * 100, "questions": [choice | {"choices": choices}]}
    plain = json.dumps({"model": BASE, **body}).encode()
    compressed = zstandard.compress(plain) if coding == "zstd" else gzip.compress(plain)
    assert len(compressed) < len(plain) / 2
    headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
    replies = [
        httpx.post(f"{url}{path}", content=content, headers=headers | more)
        for content, more in ((plain, {}), (compressed, {"Content-Encoding": coding}))
    ]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()


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
    with openai.OpenAI(api_key=client.key, base_url=f"{url}/inference/v1", max_retries=0) as caller:
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
    with sdk.TypeSafeClient(api_key=client.key, base_url=f"{url}/inference") as caller:
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
def litellm() -> Iterator[Any]:
    """The module, whose clients are thrown away before any other test is blamed for what they leave open."""
    litellm = pytest.importorskip("litellm", reason=REASON)
    yield litellm
    litellm.in_memory_llm_clients_cache.flush_cache()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


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
    with httpx.Client() as http:
        caller = langchain.OpenAIDecisions(
            model=BASE, api_key=client.key, base_url=f"{url}/inference/v1", http_client=http
        )
        questions = {
            "a": decisions.Predicate(instructions="Is it about billing?"),
            "b": decisions.Choice(instructions="Which?", choices={"billing": "invoices", "technical": "bugs"}),
        }
        reply = caller.invoke({"input": STATE, "questions": questions})
        assert "billing" in str(reply)


def test_jevcompat(client: Client, url: str, tmp_path: Path) -> None:
    """All but those that Fireworks documents otherwise; `auth.ignored-when-off` is for servers without keys."""
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
    for level, expected in (("MUST", NOT_AS_FIREWORKS), ("SHOULD", NOT_AS_WANTED)):
        results = [item for item in document["results"] if item["level"] == level and item["status"] != "skip"]
        failed = {item["id"] for item in results if item["status"] == "fail"}
        assert failed == set(expected), done.stdout
        (row,) = (row for row in table() if row["what"].strip(", ") == level)
        assert row["result"].startswith(f"{len(results) - len(failed)} of {len(results)}. ")
        assert all(f"`{id}`" in row["result"] for id in expected)
