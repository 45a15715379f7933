"""Platform in memory that writes down what it served and what it charged."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import httpx

from fw_assets.classification.values import digest
from fw_assets_tests.fireworks.fake import NOT_FOUND, reply, rpc

MODELS = ("quick-a", "quick-b")
ACCOUNT = "acme"
PRICES = {"inference-input": 300.0, "inference-output": 900.0, "training": 400.0}
"""US dollars for a million tokens: dear, so that every answer is worth a part of a cent that shows."""
_LOOKS = 2
"""How often a job or a deployment is looked at before it is done."""


class VirtualPlatform:
    """Answers by a hash of the text; jobs and deployments are done after some looks.

    Args:
        labels: the answer to each text.
        hour_usd: the price of a deployment's hour.

    Attributes:
        charged: US dollars for everything that was served, whether or not it arrived.
        answers: number of answers, of all requests.
        served: how often each request (digest of its messages) was answered.
        specifications: how often each specification of something that costs money was created.
    """

    def __init__(self, labels: dict[str, str], hour_usd: float) -> None:
        self.labels = labels
        self.hour_usd = hour_usd
        self.charged = 0.0
        self.answers = 0
        self.served: Counter[str] = Counter()
        self.specifications: Counter[str] = Counter()
        self.stored: dict[str, dict[str, Any]] = {model["name"]: model for model in map(_model, MODELS)}
        self.uploads: dict[str, bytes] = {}
        self._looks: Counter[str] = Counter()
        self._up: dict[str, tuple[float, float]] = {}

    def deployment_usd(self, window_seconds: float) -> float:
        """What the deployments cost: from the first request to the last, and until they scale to zero."""
        return sum((last - first + window_seconds) / 3600 * self.hour_usd for first, last in self._up.values())

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        if path.endswith("chat/completions"):
            return self._chat(json.loads(request.content))
        if path == "prices":
            listed = {**PRICES, "deployment-hour": self.hour_usd}
            units = {"deployment-hour": "hour"}
            prices = [
                {"model": _name(model), "item": item, "unit": units.get(item, "1M tokens"), "usd": usd}
                for model in MODELS
                for item, usd in listed.items()
            ]
            return reply(200, {"prices": prices})
        if path.endswith("billing/summary"):
            cost = {"units": str(int(self.charged)), "nanos": round(self.charged % 1 * 1e9)}
            item = {"category": "All", "groupingValue": "everything", "quantity": 1.0, "totalCost": cost}
            return reply(200, {"lineItems": [item]})
        if path.startswith("metrics/"):
            return httpx.Response(200, text=self.stored[path.removeprefix("metrics/")]["curve"])
        if path.endswith(":upload"):
            name = path.removesuffix(":upload")
            self.uploads[name] = request.content
            self.stored[name]["state"] = "READY"
            return reply()
        if path.endswith(":estimateCost"):
            return reply(200, {"estimatedCost": self._cost(json.loads(request.content))})
        if request.method == "POST":
            return self._create(request, path)
        if path == "accounts/fireworks/models":
            return reply(200, {"models": [_model(id) for id in MODELS]})
        if path.endswith("/supervisedFineTuningJobs"):
            jobs = [(name, job) for name, job in self.stored.items() if name.startswith(f"{path}/")]
            return reply(200, {"supervisedFineTuningJobs": [self._seen(name, job) for name, job in jobs]})
        resource = self.stored.get(path)
        if resource is None:
            return NOT_FOUND
        self._looks[path] += 1
        return reply(200, self._seen(path, resource))

    def _chat(self, body: dict[str, Any]) -> httpx.Response:
        text = body["messages"][-1]["content"]
        model, _, deployment = body["model"].partition("#")
        key = digest(body["messages"], 24)
        self.served[key] += 1
        self.answers += 1
        truth = self.labels.get(text, "billing")
        knows = deployment or sum(text.encode() + model.encode()) % 3
        answer = truth if knows else "billing"
        usage = {"prompt_tokens": 10 + len(text) // 4, "completion_tokens": 1 + len(answer) // 4}
        if deployment:
            now = time.monotonic()
            self._up[deployment] = (self._up.get(deployment, (now, now))[0], now)
        self.charged += self.answer_usd(model, usage)
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return reply(200, {"id": "x", "model": body["model"], "choices": [choice], "usage": usage})

    def answer_usd(self, model: str, usage: dict[str, int]) -> float:
        """The price of an answer: a deployment is paid by the hour, the shared endpoint by the token."""
        if model.startswith(f"accounts/{ACCOUNT}/"):
            return 0.0
        prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
        return (prompt * PRICES["inference-input"] + completion * PRICES["inference-output"]) / 1e6

    def _create(self, request: httpx.Request, collection: str) -> httpx.Response:
        body = json.loads(request.content)
        kind = collection.rsplit("/", 1)[-1]
        if kind == "datasets":
            id, fields = body["datasetId"], {**body["dataset"], "state": "UPLOADING"}
        else:
            if request.url.params.get("validateOnly"):
                return reply(200, {"name": f"{collection}/x", **body, "acceleratorType": "", "acceleratorCount": 0})
            (id,) = request.url.params.values()
            fields = dict(body)
        name = f"{collection}/{id}"
        if name in self.stored:
            return rpc(409, 6, f"{name} exists already")
        specification = {key: value for key, value in fields.items() if key not in ("outputModel", "displayName")}
        self.specifications[json.dumps([kind, specification if kind != "datasets" else id], sort_keys=True)] += 1
        self.stored[name] = {"name": name, "status": {"code": "OK"}, **fields}
        if kind == "supervisedFineTuningJobs":
            tokens = self._trained_tokens(fields)
            self.charged += tokens * PRICES["training"] / 1e6
            loss = 0.1 + sum(id.encode()) % 50 / 100
            curve = {"step": 1, "eval/loss": loss, "eval/ppl": 1.5, "train/total_tokens": tokens}
            self.stored[name] |= {"estimatedCost": self._cost(fields), "curve": json.dumps(curve) + "\n"}
            output = body["outputModel"]
            self.stored[output] = {"name": output, "state": "READY", "kind": "HF_PEFT_ADDON"}
        return reply(200, self._seen(name, self.stored[name]))

    def _cost(self, job: dict[str, Any]) -> dict[str, Any]:
        usd = self._trained_tokens(job) * PRICES["training"] / 1e6
        return {"currencyCode": "USD", "units": str(int(usd)), "nanos": round(usd % 1 * 1e9)}

    def _trained_tokens(self, job: dict[str, Any]) -> int:
        return int(len(self.uploads.get(job["dataset"], b"")) // 8 * job.get("epochs", 1))

    def _seen(self, name: str, resource: dict[str, Any]) -> dict[str, Any]:
        done = self._looks[name] > _LOOKS
        shown = {key: value for key, value in resource.items() if key != "curve"}
        if "/supervisedFineTuningJobs/" in name:
            shown |= {"state": "JOB_STATE_COMPLETED" if done else "JOB_STATE_RUNNING"}
            shown |= {"metricsFileSignedUrl": f"/v1/metrics/{name}"}
        elif "/deployments/" in name:
            shown |= {"state": "READY" if done else "CREATING", "replicaCount": int(done)}
        return shown


def _name(model: str) -> str:
    return f"accounts/fireworks/models/{model}"


def _model(id: str) -> dict[str, Any]:
    return {
        "name": _name(id),
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
        "fineTuningDefaults": {
            "grid": [{"loraRank": 8, "learningRate": rate, "epochs": 1} for rate in (0.001, 0.0001)],
            "batchSizeSamples": 32,
        },
    }
