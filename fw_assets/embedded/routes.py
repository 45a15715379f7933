"""Paths of the API and the functions that answer them."""

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
    billing,
    chat_completions,
    datasets,
    decisions,
    deployed_models,
    deployments,
    fine_tuning_jobs,
    models,
    prices,
    shapes,
)
from fw_assets.embedded.http.file_transfer import transfer_signed
from fw_assets.embedded.http.handler import ApiRequest, Handler, JSONReply, endpoint
from fw_assets.embedded.http.middleware import DECISION_PATHS
from fw_assets.embedded.inference.routing import clear_route_cache
from fw_assets.embedded.store.resource_names import (
    BATCH_JOBS,
    DATASETS,
    DEPLOYED_MODELS,
    DEPLOYMENT_SHAPES,
    DEPLOYMENTS,
    FINE_TUNING_JOBS,
    MODELS,
)

ACCOUNT_PATH = "/v1/accounts/{account}"


@dataclass(frozen=True)
class Operation:
    """One management call: method, path with its parameters, handler."""

    method: str
    path: str
    handler: Handler


def _collection(collection: str, module: Any) -> list[Operation]:
    path = f"{ACCOUNT_PATH}/{collection}"
    return [
        Operation("GET", path, module.list_all),
        Operation("GET", f"{path}/{{id}}", module.get),
        Operation("DELETE", f"{path}/{{id}}", module.delete),
    ]


def _verb(method: str, collection: str, verb: str, handler: Handler) -> Operation:
    return Operation(method, f"{ACCOUNT_PATH}/{collection}/{{id}}:{verb}", handler)


def _clearing_routes(handler: Handler) -> Handler:
    """`handler`, after which the routes of inference requests are looked up again."""

    def handle(request: ApiRequest) -> Any:
        try:
            return handler(request)
        finally:
            clear_route_cache()

    handle.__name__, handle.__doc__, handle.__module__ = handler.__name__, handler.__doc__, handler.__module__
    return handle


def operations() -> list[Operation]:
    """All management calls. Those with a verb come first: `{id}` would match `ID:verb` as well."""
    reads_and_writes = [
        _verb("POST", DATASETS, "getUploadEndpoint", datasets.get_upload_endpoint),
        _verb("POST", DATASETS, "validateUpload", datasets.validate_upload),
        _verb("GET", DATASETS, "getDownloadEndpoint", datasets.get_download_endpoint),
        _verb("POST", FINE_TUNING_JOBS, "cancel", fine_tuning_jobs.cancel),
        _verb("POST", FINE_TUNING_JOBS, "resume", fine_tuning_jobs.resume),
        _verb("GET", MODELS, "getDownloadEndpoint", models.get_download_endpoint),
        _verb("GET", MODELS, "validateUpload", models.validate_upload),
        _verb("PATCH", DEPLOYMENTS, "scale", deployments.scale),
        Operation("POST", f"{ACCOUNT_PATH}/{FINE_TUNING_JOBS}:estimateCost", fine_tuning_jobs.estimate_cost),
        Operation("POST", f"{ACCOUNT_PATH}/deploymentShapeVersions:match", shapes.match),
        Operation("GET", "/v1/accounts", accounts.list_all),
        *_collection(DATASETS, datasets),
        *_collection(FINE_TUNING_JOBS, fine_tuning_jobs),
        *_collection(MODELS, models),
        *_collection(DEPLOYMENTS, deployments),
        *_collection(DEPLOYED_MODELS, deployed_models),
        *_collection(BATCH_JOBS, batch_jobs),
        Operation("POST", f"{ACCOUNT_PATH}/{DATASETS}", datasets.create),
        Operation("POST", f"{ACCOUNT_PATH}/{FINE_TUNING_JOBS}", fine_tuning_jobs.create),
        Operation("POST", f"{ACCOUNT_PATH}/{MODELS}", models.create),
        Operation("POST", f"{ACCOUNT_PATH}/{DEPLOYMENTS}", deployments.create),
        Operation("POST", f"{ACCOUNT_PATH}/{DEPLOYED_MODELS}", deployed_models.create),
        Operation("POST", f"{ACCOUNT_PATH}/{BATCH_JOBS}", batch_jobs.create),
        Operation("GET", f"{ACCOUNT_PATH}/{DEPLOYMENT_SHAPES}", shapes.list_all),
        Operation("GET", "/v1/prices", prices.get),
        Operation("GET", f"{ACCOUNT_PATH}/billing/summary", billing.summary),
    ]
    return [
        operation
        if operation.method == "GET"
        else Operation(operation.method, operation.path, _clearing_routes(operation.handler))
        for operation in reads_and_writes
    ]


def routes(openapi: Callable[[], dict[str, Any]]) -> list[Route]:
    """The routes of the app."""

    async def show_openapi(request: Request) -> Response:
        return JSONReply(openapi())

    async def healthz(request: Request) -> Response:
        return JSONReply({"status": "ok"})

    return [
        Route("/v1/chat/completions", chat_completions.complete, methods=["POST"]),
        Route("/inference/v1/chat/completions", chat_completions.complete, methods=["POST"]),
        *(
            Route(f"{prefix}{DECISION_PATHS[0]}", decisions.systemone, methods=["POST"])
            for prefix in ("", "/inference")
        ),
        *(
            Route(f"{prefix}{DECISION_PATHS[1]}", decisions.decisions, methods=["POST"])
            for prefix in ("", "/inference")
        ),
        Route("/v1/models", chat_completions.list_models, methods=["GET"]),
        Route("/inference/v1/models", chat_completions.list_models, methods=["GET"]),
        Route(f"{ACCOUNT_PATH}/{DATASETS}/{{id}}:upload", datasets.upload, methods=["POST"]),
        *(Route(operation.path, endpoint(operation.handler), methods=[operation.method]) for operation in operations()),
        Route("/signed/{path:path}", transfer_signed, methods=["GET", "PUT"]),
        Route("/openapi.json", show_openapi, methods=["GET"]),
        Route("/healthz", healthz, methods=["GET"]),
    ]
