"""Fakes of the platform: scripted responses, and resources under ids with faults on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from fw_assets.fireworks import Fireworks

KEY = "fw_secret_key_0123456789"
URL = "http://platform.test"

Outcome = httpx.Response | Exception
"""Of one request: a response, or the error that the transport raises."""


class VirtualClock:
    """Time that passes only when someone sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Recorder:
    """A transport that keeps every request and answers with `handler`."""

    handler: Callable[[httpx.Request], httpx.Response]
    requests: list[httpx.Request] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            await request.aread()
            self.requests.append(request)
            await asyncio.sleep(0)
            return self.handler(request)

        return httpx.MockTransport(handle)

    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def client_of(
    handler: Callable[[httpx.Request], httpx.Response], *, account: str | None = "acme", **options: Any
) -> tuple[Fireworks, Recorder, VirtualClock]:
    """A client whose network is `handler`, with a virtual clock."""
    recorder = Recorder(handler)
    clock = VirtualClock()
    client = Fireworks(
        base_url=URL, api_key=KEY, account_id=account, transport=recorder.transport, clock=clock, **options
    )
    return client, recorder, clock


def answers(*outcomes: Outcome) -> Callable[[httpx.Request], httpx.Response]:
    """A handler with these outcomes in turn, and the last from then on."""
    queue: Iterator[Outcome] = iter(outcomes)
    last = outcomes[-1]

    def handle(request: httpx.Request) -> httpx.Response:
        outcome = next(queue, last)
        if isinstance(outcome, Exception):
            raise outcome
        return httpx.Response(outcome.status_code, content=outcome.content, headers=outcome.headers)

    return handle


def reply(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    """A response with a JSON body; header names are written with underscores."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={} if body is None else body, headers=names)


def rpc(status: int, code: int, message: str = "") -> httpx.Response:
    """An error of the management API."""
    return reply(status, {"code": code, "message": message, "details": []})


NOT_FOUND = rpc(404, 5, "not found")


FAULTS = ("refused", "429", "500-before", "lost-before", "lost-after", "502-after", "cut", "empty")
"""What may happen to a request; after the first four nothing was done."""


def spoiled(fault: str | None, answer: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer to a request, before or after which something happens."""
    if fault == "refused":
        raise httpx.ConnectError("refused")
    if fault == "429":
        return reply(429, {"error": {"message": "slow down", "code": "rate_limited"}}, retry_after="1")
    if fault == "500-before":
        return reply(500, {"code": 13, "message": "internal"})
    if fault == "lost-before":
        raise httpx.ReadTimeout("lost")
    response = answer()
    if fault == "lost-after":
        raise httpx.ReadError("lost")
    if fault == "502-after":
        return httpx.Response(502, text="<html>bad gateway</html>")
    if fault == "empty":
        return reply(200)
    if fault == "cut":
        return httpx.Response(response.status_code, content=response.content[:20])
    return response


@dataclass
class FakePlatform:
    """A platform that keeps what is created; `fault` may spoil a response before or after the write.

    Attributes:
        ignores_validate_only: deployments that are only to be validated are created.
        gives_id: the id that a deployment gets in place of the one that was asked for.
        answers_with: the name that a validated deployment has in the answer.
    """

    fault: Callable[[httpx.Request], str | None] = lambda _: None
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    creates: int = 0
    uploads: dict[str, bytes] = field(default_factory=dict)
    ignores_validate_only: bool = False
    gives_id: str = ""
    answers_with: str = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return spoiled(self.fault(request), lambda: self.answer(request))

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith(":upload"):
            name = path.removeprefix("/v1/").removesuffix(":upload")
            self.uploads[name] = request.content
            self.stored[name]["state"] = "READY"
            return reply()
        if request.method == "GET":
            if path.endswith("/deployments"):
                listed = [item for item in self.stored.values() if item["state"] != "DELETED"]
                return reply(200, {"deployments": [item for item in listed if "/deployments/" in item["name"]]})
            resource = self.stored.get(path.removeprefix("/v1/"))
            return reply(200, resource) if resource else NOT_FOUND
        return self.create(request, path.removeprefix("/v1/"))

    def create(self, request: httpx.Request, collection: str) -> httpx.Response:
        body = json.loads(request.content)
        if collection.endswith("/datasets"):
            resource_id, resource = body["datasetId"], {**body["dataset"], "state": "UPLOADING"}
        else:
            (resource_id, *_) = request.url.params.values()
            validates = request.url.params.get("validateOnly") == "true"
            if validates and not self.ignores_validate_only:
                return reply(200, {**body, "name": self.answers_with or f"{collection}/{resource_id}"})
            resource_id = self.gives_id or resource_id
            resource = {**body, "state": "JOB_STATE_CREATING" if "Jobs" in collection else "CREATING"}
        name = f"{collection}/{resource_id}"
        if name in self.stored:
            return rpc(409, 6, f"{name} already exists")
        self.creates += 1
        self.stored[name] = {"name": name, **resource}
        return reply(200, self.stored[name])
