"""Fixtures: a platform per test, called in-process or over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from fw_assets.embedded import api_key, create_app

TEXTS = {
    "billing": (
        "refund my invoice",
        "charged twice on the card",
        "the invoice shows a wrong amount",
        "pay by card",
    ),
    "technical": (
        "the app crashes",
        "error when the page loads",
        "the login page shows an error",
        "crash on start",
    ),
    "sales": (
        "how much for fifty seats",
        "do you sell a team plan",
        "price of the team plan",
        "buy more seats",
    ),
}


ENDS = ("COMPLETED", "FAILED", "CANCELLED", "EXPIRED", "DELETED")


class Client:
    """Calls one platform in-process; each call runs in a new event loop, as in pipeline steps."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.app = create_app(home)
        self.key = api_key(home)

    def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """The JSON of the response, whose status must be `status`."""
        response = self.send(method, path, json, headers=headers, **options)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    def send(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as client:
                sent_headers = {"Authorization": f"Bearer {self.key}"} if headers is None else dict(headers)
                return await client.request(method, path, json=json, headers=sent_headers, **options)

        return anyio.run(request)

    def at_once(self, method: str, path: str, bodies: Sequence[Any]) -> list[httpx.Response]:
        """The responses to requests that are sent at the same time."""

        async def request() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as client:
                headers = {"Authorization": f"Bearer {self.key}"}
                sent = [client.request(method, path, json=body, headers=headers) for body in bodies]
                return await asyncio.gather(*sent)

        return anyio.run(request)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def dataset(self, id: str, rows: Sequence[Mapping[str, Any]], *, status: int = 200) -> Any:
        """Create and fill a dataset."""
        self.post(
            "/v1/accounts/local/datasets",
            {"datasetId": id, "dataset": {"exampleCount": str(len(rows)), "userUploaded": {}}},
        )
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        return self.call(
            "POST",
            f"/v1/accounts/local/datasets/{id}:upload",
            files={"file": ("data.jsonl", body)},
            status=status,
        )

    def job(self, id: str, **fields: Any) -> Any:
        """Create a fine-tuning job of `char-ngram` on the dataset `train`."""
        body = {
            "dataset": "accounts/local/datasets/train",
            "baseModel": "accounts/fireworks/models/char-ngram",
            "outputModel": f"accounts/local/models/{id}-model",
            "epochs": 2,
        } | fields
        return self.post(f"/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId={id}", body)

    def finished(self, id: str, collection: str = "supervisedFineTuningJobs", seconds: float = 300) -> Any:
        """The job, once it has ended."""
        return wait(
            lambda: self.get(f"/v1/accounts/local/{collection}/{id}"),
            lambda job: job["state"].removeprefix("JOB_STATE_") in ENDS,
            seconds,
        )


def wait(read: Callable[[], Any], until: Callable[[Any], bool], seconds: float = 300) -> Any:
    """The first value of `read` for which `until` holds; a busy machine takes minutes to start a process."""
    deadline = time.monotonic() + seconds
    while not until(value := read()):
        assert time.monotonic() < deadline, f"still {value}"
        time.sleep(0.05)
    return value


def row(text: str, answer: str, **fields: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": answer}],
        **fields,
    }


def labelled_rows(copies: int = 3) -> list[dict[str, Any]]:
    """Rows over three labels that n-grams can tell apart."""
    return [
        row(f"{text} please {number}", label)
        for number in range(copies)
        for label, texts in TEXTS.items()
        for text in texts
    ]


def deploy(client: Client, target: Callable[[str], str]) -> str:
    """Fine-tune on rows with the targets `target(label)`, and deploy the result."""
    rows = [row(each["messages"][0]["content"], target(each["messages"][1]["content"])) for each in labelled_rows(6)]
    client.dataset("train", rows)
    client.job("j", epochs=10, evalAutoCarveout=False)
    assert client.finished("j")["state"] == "JOB_STATE_COMPLETED"
    fields = {"baseModel": "accounts/local/models/j-model", "deploymentShape": "default"}
    client.post("/v1/accounts/local/deployments?deploymentId=d", fields)
    wait(lambda: client.get("/v1/accounts/local/deployments/d"), lambda deployment: deployment["state"] == "READY")
    return "accounts/local/deployments/d"


def is_random(base: str) -> bool:
    """Whether the base model knows nothing of what texts mean."""
    return base.endswith("/tiny-llama")


def grammar(*answers: str) -> dict[str, str]:
    return {"type": "grammar", "grammar": "root ::= " + " | ".join(json.dumps(answer) for answer in answers)}


@pytest.fixture(scope="session")
def language_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the language models (`FW_LANGUAGE_MODELS`), with a random one, `tiny-llama`."""
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason="the extra llm is not installed")
    from fw_assets.embedded.engine.language_model.adding import add_language_model
    from fw_assets_tests.embedded.engine.language_model.tiny_models import make_folder

    home = tmp_path_factory.mktemp("language-models")
    make_folder("llama", home / "files")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FW_LANGUAGE_MODELS", str(home))
        add_language_model("tiny-llama", str(home / "files"))
    (home / "device-speed").write_text('{"device": "cpu", "scoring": 2e10, "training": 2e10}', "utf-8")
    return home


@pytest.fixture(scope="module", params=["char-ngram", "tiny-llama"])
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a base model of each kind: of features, and a language model."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "tiny-llama":
            patch.setenv("FW_LANGUAGE_MODELS", str(request.getfixturevalue("language_models")))
        yield f"accounts/fireworks/models/{request.param}"


@pytest.fixture(scope="module")
def served_client(base: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A platform that the tests of a file share for each kind of model."""
    return Client(tmp_path_factory.mktemp("served") / "platform")


@pytest.fixture(scope="module")
def served_url(served_client: Client) -> Iterator[str]:
    """The address at which `served_client` is served over HTTP."""
    with served(served_client.home) as address:
        yield address


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path / "platform")


@pytest.fixture
def url(client: Client) -> Iterator[str]:
    """The address at which the same platform is served over HTTP."""
    with served(client.home) as address:
        yield address


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address at which the platform of a home that has its key is served over HTTP, by a process of its own."""
    key = api_key(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = "from fw_assets.embedded import serve; serve(pathlib.Path(sys.argv[1]), port=int(sys.argv[2]))"
    command = f"import pathlib, sys; {serve}"
    process = subprocess.Popen([sys.executable, "-c", command, str(home), str(port)], stderr=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"

    def healthy() -> bool:
        try:
            return httpx.get(f"{address}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait(healthy, bool, 300)
        yield address
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
        assert key not in errors.decode(), "the key of an old home is not printed again"
