"""A platform in one process on which nothing takes time: jobs are done when they are created, answers are known.

For measuring what everything around the platform costs. It speaks as much of the API as the pipeline asks of it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fw_assets.embedded.records.price_list import UNITS

MODELS = ("quick-a", "quick-b", "quick-c")
ACCOUNT = "local"
FREE = [
    {"model": f"accounts/fireworks/models/{id}", "item": item, "unit": unit, "usd": 0.0}
    for id in MODELS
    for item, unit in UNITS.items()
]
"""Nothing costs anything, so that no ceiling is met however slow the machine is."""
_CURVE = "".join(json.dumps({"step": 1, "eval/loss": 0.5, "eval/ppl": 1.6, "train/loss": 0.4}) + "\n")


class InstantPlatform:
    """Keeps what is created; fine-tuned models know every answer, base models every other one.

    Args:
        rows: the JSONL file that the questions come from, with their answers.
    """

    def __init__(self, rows: Path) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, str] = {}
        for line in rows.read_text("utf-8").splitlines():
            *_, question, answer = json.loads(line)["messages"]
            self.answers[question["content"]] = answer["content"]
        self.labels = sorted(set(self.answers.values()))
        self.app = Starlette(
            routes=[
                Route("/inference/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/metrics", lambda _: PlainTextResponse(_CURVE)),
                Route("/v1/accounts", lambda _: JSONResponse({"accounts": [{"name": f"accounts/{ACCOUNT}"}]})),
                Route("/v1/prices", lambda _: JSONResponse({"prices": FREE})),
                Route("/v1/{path:path}", self.resource, methods=["GET", "POST"]),
            ]
        )

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        truth = self.answers.get(body["messages"][-1]["content"], self.labels[0])
        knows = "fwa-" in body["model"] or sum(truth.encode() + body["messages"][-1]["content"].encode()) % 2
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": truth if knows else self.labels[0]},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}
        return JSONResponse({"id": "x", "model": body["model"], "choices": [choice], "usage": usage})

    async def resource(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/v1/")
        if path.endswith(":upload"):
            await request.body()
            self.stored[path.removesuffix(":upload")]["state"] = "READY"
            return JSONResponse({})
        if request.method == "POST" and ":" not in path:
            return await self.create(request, path)
        if path == "accounts/fireworks/models":
            return JSONResponse({"models": [_model(id) for id in MODELS]})
        resource = self.stored.get(path) or next((m for m in map(_model, MODELS) if m["name"] == path), None)
        if resource:
            return JSONResponse(resource)
        if path.rsplit("/", 1)[-1] in ("datasets", "deployments", "models", "supervisedFineTuningJobs"):
            return JSONResponse({path.rsplit("/", 1)[-1]: []})
        return JSONResponse({"code": 5, "message": f"no {path}", "details": []}, status_code=404)

    async def create(self, request: Request, collection: str) -> Response:
        body = await request.json()
        kind = collection.rsplit("/", 1)[-1]
        if kind == "datasets":
            id, fields = body["datasetId"], {**body["dataset"], "state": "UPLOADING"}
        elif kind == "supervisedFineTuningJobs":
            id = request.query_params["supervisedFineTuningJobId"]
            fields = {**body, "state": "JOB_STATE_COMPLETED", "jobProgress": {"percent": 100}}
            fields["metricsFileSignedUrl"] = str(request.base_url) + "metrics"
            output = body["outputModel"]
            self.stored[output] = {"name": output, "state": "READY", "kind": "HF_PEFT_ADDON"}
        elif request.query_params.get("validateOnly"):
            return JSONResponse({"name": f"{collection}/x", **body})
        else:
            id, fields = request.query_params["deploymentId"], {**body, "state": "READY", "replicaCount": 1}
        name = f"{collection}/{id}"
        self.stored[name] = {"name": name, "status": {"code": "OK"}, **fields}
        return JSONResponse(self.stored[name])


def _model(id: str) -> dict[str, Any]:
    return {
        "name": f"accounts/fireworks/models/{id}",
        "displayName": id,
        "kind": "HF_BASE_MODEL",
        "state": "READY",
        "status": {"code": "OK"},
        "public": True,
        "tunable": True,
        "supportsLora": True,
        "supportsServerless": True,
        "contextLength": 4096,
        "baseModelDetails": {"parameterCount": "1000000", "tunable": True},
        "fineTuningDefaults": {"grid": [{"loraRank": 8, "learningRate": 0.001, "epochs": 1}], "batchSizeSamples": 32},
    }


@contextmanager
def served(rows: Path) -> Iterator[str]:
    """The platform on loopback, as its base URL."""
    config = uvicorn.Config(InstantPlatform(rows).app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
