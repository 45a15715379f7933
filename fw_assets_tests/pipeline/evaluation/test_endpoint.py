"""Serving paths: tried in order, remembered by the deployment itself, and refused before anything is trained."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.fireworks import ConflictError, Fireworks, FireworksError, QuotaExceeded
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.answers import NotServable
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.evaluation.endpoint import Endpoint, ensure_endpoint
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.test_successors import FaultyProject

BASE = "accounts/fireworks/models/gemma"
MODEL = "accounts/acme/models/tuned"
NO_MERGE = (400, "live merge is not supported for this deployment configuration; choose a deployment shape")
NO_ADDONS = (400, "invalid deployment: addons are not supported for this model")
NO_ACCESS = (403, "the deployment shape version does not exist or you do not have access to it")
Refusal = tuple[int, str]
ADAPTER = {"name": MODEL, "state": "READY", "peftDetails": {"baseModel": BASE}}


def key(body: Mapping[str, Any]) -> tuple[str, str]:
    way = "addon" if body["enableAddons"] else "merge" if body["baseModel"] == MODEL else "base"
    return way, str(body["deploymentShape"]).rsplit("/", 1)[-1]


class Service:
    """Serves what `refusals` does not name, by (way, shape); the shapes that match are b200 and h200-fp8.

    Args:
        unable: (way, shape) of deployments that are up, and what they say to every request.
        adapters: the state of adapters that are loaded.
        validates: knows `validateOnly`; `ignored`: creates what it is to validate.
    """

    def __init__(
        self,
        refusals: Mapping[tuple[str, str], Refusal],
        *,
        unable: Mapping[tuple[str, str], Refusal] | None = None,
        adapters: str = "DEPLOYED",
        validates: bool | Literal["ignored"] = True,
    ) -> None:
        self.unable, self.adapters = unable or {}, adapters
        self.refusals, self.validates = refusals, validates
        self.deployment: dict[str, Any] | None = None
        self.failed: list[dict[str, Any]] = []
        self.loaded: list[dict[str, Any]] = []
        self.tried: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.reads: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "GET":
            self.reads.append(path)
            if path.endswith("/deployedModels"):
                return httpx.Response(200, json={"deployedModels": self.loaded})
            if path.endswith("/deployments"):
                return httpx.Response(200, json={"deployments": []})
            for deployment in [*self.failed, *([self.deployment] if self.deployment else [])]:
                if path.endswith(deployment["name"]):
                    return httpx.Response(200, json=deployment)
            return httpx.Response(404, json={"code": 5, "message": "not found"})
        body = json.loads(request.content)
        if path.endswith("/chat/completions"):
            return self._answer(body["model"])
        if path.endswith(":match"):
            names = [("b200", "BF16"), ("h200-fp8", "FP8")]
            snapshots = [{"name": f"accounts/fireworks/deploymentShapes/{n}", "precision": p} for n, p in names]
            return httpx.Response(200, json={"deploymentShapeVersions": [{"snapshot": item} for item in snapshots]})
        if path.endswith("/deployedModels"):
            if any(item["deployment"] == body["deployment"] for item in self.loaded):
                return httpx.Response(409, json={"code": 6, "message": "exists"})
            status = {"status": {"message": "rank 64 is too large"}} if self.adapters == "FAILED" else {}
            self.loaded.append({"name": "deployedModels/x", **body, "state": self.adapters, **status})
            return httpx.Response(200, json=self.loaded[-1])
        validates = request.url.params.get("validateOnly") == "true" and self.validates != "ignored"
        if validates and not self.validates:
            return httpx.Response(501, json={"code": 12, "message": "no"})
        if not validates:
            self.tried.append(key(body))
        if refusal := self.refusals.get(key(body)):
            return httpx.Response(refusal[0], json={"code": 3, "message": refusal[1]})
        name = f"accounts/acme/deployments/{request.url.params.get('deploymentId', 'x')}"
        if not validates:
            self.failed += [self.deployment] if self.deployment else []
            self.deployment = {**body, "name": name, "state": "READY"}
        return httpx.Response(200, json={**body, "name": name})

    def _answer(self, address: str) -> httpx.Response:
        self.asked.append(address)
        for deployment in [*self.failed, *([self.deployment] if self.deployment else [])]:
            refusal = self.unable.get(key(deployment))
            if refusal and address.endswith((deployment["name"], MODEL)):
                return httpx.Response(refusal[0], json={"error": {"message": refusal[1], "code": "x"}})
        served = self.deployment and (self.deployment["baseModel"] == MODEL or self.loaded or "#" not in address)
        if not served:
            return httpx.Response(404, json={"error": {"message": "does not exist", "code": 404}})
        choice = {"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        return httpx.Response(200, json={"choices": [choice]})

    def client(self) -> Fireworks:
        return Fireworks(base_url="http://host", api_key="k", account_id="acme", transport=httpx.MockTransport(self))


def ensure(service: Service, attempts: Attempts, model: str = MODEL) -> Endpoint:
    async def work() -> Endpoint:
        async with service.client() as client:
            return await ensure_endpoint(
                client,
                model,
                base=BASE,
                serverless=False,
                probe={"messages": [{"role": "user", "content": "x"}]},
                attempts=attempts,
                afford=lambda name, quote: None,
            )

    return asyncio.run(work())


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., Endpoint]:
    attempts = Attempts(Workspace(str(tmp_path)), "tickets", "approval")
    return lambda service, model=MODEL: ensure(service, attempts, model)


MERGE_DEFAULT, MERGE_B200, MERGE_H200 = ("merge", "default"), ("merge", "b200"), ("merge", "h200-fp8")
NOWHERE = dict.fromkeys([MERGE_DEFAULT, MERGE_B200, MERGE_H200], NO_MERGE)


@pytest.mark.parametrize("validates", [True, False])
@pytest.mark.parametrize(
    ("refusals", "tried", "path"),
    [
        ({}, [MERGE_DEFAULT], "merged into its base"),
        ({MERGE_DEFAULT: NO_MERGE}, [MERGE_DEFAULT, MERGE_B200], "merged into its base, on b200"),
        (
            {MERGE_DEFAULT: NO_MERGE, MERGE_B200: NO_ACCESS},
            [MERGE_DEFAULT, MERGE_B200, MERGE_H200],
            "merged into its base, on h200-fp8",
        ),
        (
            {**NOWHERE, MERGE_B200: (412, "shape b200 is not enabled for this account")},
            [MERGE_DEFAULT, MERGE_B200, MERGE_H200, ("addon", "b200")],
            "as an adapter on its base, on b200",
        ),
    ],
)
def test_the_paths_are_tried_in_order_and_the_deployment_says_which_it_was(
    serve: Callable[[Service], Endpoint],
    refusals: dict[tuple[str, str], Refusal],
    tried: list[tuple[str, str]],
    path: str,
    validates: bool,
) -> None:
    service = Service(refusals, validates=validates)
    endpoint = serve(service)
    assert service.tried == tried
    assert str(endpoint.path) == path
    assert endpoint.deployment is not None
    again = serve(service)
    assert service.tried == tried, "what exists is adopted, whichever path it was"
    assert again == endpoint
    assert len(service.loaded) == ("adapter" in path)
    if "adapter" in path:
        assert endpoint.address == f"{MODEL}#{endpoint.deployment}"


def test_a_deployment_that_exists_is_read_three_times_to_be_asked(serve: Callable[[Service], Endpoint]) -> None:
    service = Service({})
    endpoint = serve(service)
    service.reads.clear()
    assert serve(service) == endpoint
    reads = [path for path in service.reads if path.endswith(str(endpoint.deployment))]
    assert len(reads) == 3, "whether it ended, whether it is what was asked for, and until it is ready"


def test_what_is_served_in_no_way_is_said_with_every_reason(serve: Callable[[Service], Endpoint]) -> None:
    service = Service({**NOWHERE, ("addon", "b200"): NO_ADDONS})
    with pytest.raises(
        NotServable, match=r"merged on default: live merge .*as adapter on b200: .*what was trained is kept"
    ):
        serve(service)
    assert ("addon", "h200-fp8") not in service.tried, "eight bits accept adapters and answer 404"


def test_a_base_model_is_not_served_through_adapters(serve: Callable[..., Endpoint]) -> None:
    service = Service(dict.fromkeys([("base", "default"), ("base", "b200")], NO_ACCESS))
    assert str(serve(service, BASE).path) == "as it is, on h200-fp8"


@pytest.mark.parametrize(
    "refusal", [(403, "the account's model-access policy does not allow this"), (401, "who?"), (402, "pay first")]
)
def test_what_no_other_path_would_change_is_an_error_at_once(
    serve: Callable[[Service], Endpoint], refusal: Refusal
) -> None:
    service = Service({MERGE_DEFAULT: refusal})
    with pytest.raises(FireworksError, match=refusal[1].replace("?", ".")):
        serve(service)
    assert service.tried == [MERGE_DEFAULT]


def test_a_path_on_which_two_deployments_failed_comes_last(tmp_path: Path) -> None:
    service, store = Service({}), Workspace(str(tmp_path))
    paths = []
    for approval in range(3):
        paths.append(str(ensure(service, Attempts(store, "tickets", f"approval {approval}")).path))
        assert service.deployment is not None
        service.failed.append(
            {**service.deployment, "state": "FAILED", "status": {"code": "INTERNAL", "message": "no"}}
        )
        service.deployment = None
    assert paths == ["merged into its base", "merged into its base", "merged into its base, on b200"]


@pytest.mark.parametrize(
    ("unable", "said"),
    [((412, "failed to load the LoRA adapter"), "could not load"), ((400, "no logits for this"), "refuses the probe")],
)
def test_a_deployment_that_is_up_and_does_not_serve_is_an_attempt_and_another_path_follows(
    tmp_path: Path, unable: Refusal, said: str
) -> None:
    service, store = Service({}, unable={MERGE_DEFAULT: unable}), Workspace(str(tmp_path))
    for _ in range(2):
        with pytest.raises(AttemptFailed, match=rf"UNUSABLE: .*{said}.*approve again"):
            ensure(service, Attempts(store, "tickets", "a1"))
    assert service.tried == [MERGE_DEFAULT]
    endpoint = ensure(service, Attempts(store, "tickets", "a2"))
    assert service.tried == [MERGE_DEFAULT, MERGE_B200]
    assert ensure(service, Attempts(store, "tickets", "a3")) == endpoint
    another = Workspace(str(tmp_path / "another"))
    with pytest.raises(AttemptFailed):
        ensure(service, Attempts(another, "tickets", "b1"))
    assert ensure(service, Attempts(another, "tickets", "b2")) == endpoint, "one chain for all"


@pytest.mark.parametrize("known", [False, True])
def test_an_adapter_that_fails_to_load_is_an_attempt(tmp_path: Path, known: bool) -> None:
    service, store = Service(NOWHERE, adapters="FAILED"), Workspace(str(tmp_path))
    if known:
        service.adapters = "DEPLOYED"
        ensure(service, Attempts(store, "tickets", "a0"))
        service.loaded[0] |= {"state": "FAILED", "status": {"message": "rank 64 is too large"}}
    with pytest.raises(AttemptFailed, match=r"UNUSABLE: .*rank 64 is too large.*approve again"):
        ensure(service, Attempts(store, "tickets", "a1" if not known else "a0"))


def test_a_quota_that_no_own_deployment_uses_is_an_error(serve: Callable[[Service], Endpoint]) -> None:
    service = Service({MERGE_DEFAULT: (429, "gpu-h200-count for account acme, in use: 8, quota: 8")})
    with pytest.raises(QuotaExceeded):
        serve(service)


def test_a_deployment_of_something_else_under_the_id_is_a_conflict(serve: Callable[[Service], Endpoint]) -> None:
    service = Service({})
    name = f"accounts/acme/deployments/{deployment_id(MODEL)}"
    service.deployment = {"name": name, "baseModel": "another", "state": "READY"}
    with pytest.raises(ConflictError):
        serve(service)


@pytest.mark.usefixtures("watched")
def test_an_adapter_on_its_base_is_evaluated_proven_asked_removed_and_brought_back(tmp_path: Path) -> None:
    project = FaultyProject(tmp_path)
    project.faults(live_merge="never")
    done = project.go("--approve", priced=False)
    assert done.returncode == 0, done.stderr
    record = Workspace(str(project.workspace)).require("deployment", "tickets", DeploymentRecord)
    assert record.path is not None
    assert record.path.way == "addon"
    assert record.address == f"{record.model}#{record.deployment}"
    assert record.address in project.report()["snippets"]["python"]
    assert project.report()["deployment"]["served"] == "as an adapter on its base, on char-ngram-cpu"
    assert project.run("predict", "tickets", "I was charged twice").returncode == 0

    project.faults(live_merge="never", idle_days=8)
    assert "was removed on the platform" in project.run("predict", "tickets", "I was charged twice").stderr
    project.faults(live_merge="on shapes")
    back = project.run("run", "tickets")
    assert back.returncode == 0, back.stderr
    record = Workspace(str(project.workspace)).require("deployment", "tickets", DeploymentRecord)
    assert record.path is not None
    assert str(record.path) == "merged into its base, on char-ngram-cpu"
    assert project.run("predict", "tickets", "I was charged twice").returncode == 0

    project.faults(live_merge="never", addons=False)
    refused = project.run("plan", str(project.data), "--name", "other", "--model", "char-ngram")
    assert refused.returncode == 2
    message = " ".join(refused.stderr.split())
    assert "char-ngram can be fine-tuned, but no deployment would serve the result" in message
    assert "Nothing was paid" in message
