"""Every path of the API, and the function that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fw_assets.embedded.endpoints import (
    accounts,
    batch_jobs,
    chat,
    datasets,
    deployed_models,
    deployments,
    fine_tuning_jobs,
    models,
    shapes,
)
from fw_assets.embedded.http import uploads
from fw_assets.embedded.http.endpoint import Call, Handler, JSONReply, endpoint
from fw_assets.embedded.inference import routing
from fw_assets.embedded.records import price_list as prices

ACCOUNT = "/v1/accounts/{account}"


@dataclass(frozen=True)
class Operation:
    """One management call: method, path with its parameters, handler."""

    method: str
    path: str
    handler: Handler


def _collection(kind: str, module: Any, *, patch: bool = False, create: bool = True) -> list[Operation]:
    at = f"{ACCOUNT}/{kind}"
    operations = [
        Operation("GET", at, module.list_all),
        Operation("GET", f"{at}/{{id}}", module.get),
        Operation("DELETE", f"{at}/{{id}}", module.delete),
    ]
    if create:
        operations.append(Operation("POST", at, module.create))
    if patch:
        operations.append(Operation("PATCH", f"{at}/{{id}}", module.patch))
    return operations


def _rerouting(handler: Handler) -> Handler:
    """`handler`, after which requests find their way anew."""

    def handle(call: Call) -> Any:
        try:
            return handler(call)
        finally:
            routing.forget_routes()

    handle.__name__, handle.__doc__, handle.__module__ = handler.__name__, handler.__doc__, handler.__module__
    return handle


def operations() -> list[Operation]:
    """All management calls; those with a verb (`{id}:cancel`) before those without."""
    verbs = [
        Operation("POST", f"{ACCOUNT}/datasets/{{id}}:getUploadEndpoint", datasets.get_upload_endpoint),
        Operation("POST", f"{ACCOUNT}/datasets/{{id}}:validateUpload", datasets.validate_upload),
        Operation("GET", f"{ACCOUNT}/datasets/{{id}}:getDownloadEndpoint", datasets.get_download_endpoint),
        Operation("POST", f"{ACCOUNT}/supervisedFineTuningJobs/{{id}}:cancel", fine_tuning_jobs.cancel),
        Operation("POST", f"{ACCOUNT}/supervisedFineTuningJobs/{{id}}:resume", fine_tuning_jobs.resume),
        Operation("GET", f"{ACCOUNT}/models/{{id}}:getDownloadEndpoint", models.get_download_endpoint),
        Operation("PATCH", f"{ACCOUNT}/deployments/{{id}}:scale", deployments.scale),
        Operation("POST", f"{ACCOUNT}/deploymentShapeVersions:match", shapes.match),
    ]
    resources = [
        Operation("GET", "/v1/accounts", accounts.list_all),
        Operation("GET", ACCOUNT, accounts.get),
        *_collection("datasets", datasets, patch=True),
        *_collection("supervisedFineTuningJobs", fine_tuning_jobs),
        *_collection("models", models, create=False),
        *_collection("deployments", deployments),
        *_collection("deployedModels", deployed_models, patch=True),
        *_collection("batchInferenceJobs", batch_jobs),
        Operation("GET", f"{ACCOUNT}/deploymentShapes", shapes.list_all),
        Operation("GET", "/v1/prices", prices.get),
    ]
    return [
        Operation(each.method, each.path, each.handler if each.method == "GET" else _rerouting(each.handler))
        for each in verbs + resources
    ]


def routes(openapi: Callable[[], dict[str, Any]]) -> list[Route]:
    """The routes of the app."""

    async def show_openapi(request: Request) -> Response:
        return JSONReply(openapi())

    async def healthz(request: Request) -> Response:
        return JSONReply({"status": "ok"})

    return [
        Route("/v1/chat/completions", chat.completions, methods=["POST"]),
        Route("/inference/v1/chat/completions", chat.completions, methods=["POST"]),
        Route("/v1/models", chat.list_models, methods=["GET"]),
        Route("/inference/v1/models", chat.list_models, methods=["GET"]),
        Route(f"{ACCOUNT}/datasets/{{id}}:upload", datasets.upload, methods=["POST"]),
        *(Route(each.path, endpoint(each.handler), methods=[each.method]) for each in operations()),
        Route("/signed/{path:path}", uploads.signed, methods=["GET", "PUT"]),
        Route("/openapi.json", show_openapi, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
    ]
