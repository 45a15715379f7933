"""OpenAPI document of the platform, built from its routes.

The fuzz test holds every operation to it; bodies of management calls are described as objects only.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from fw_assets.embedded.decisions.openapi_schemas import DECISIONS, SYSTEMONE
from fw_assets.embedded.routes import Operation, operations

_LIST_PARAMETERS = ("filter", "orderBy", "pageToken", "readMask")
_CREATE_PARAMETERS = {
    "/supervisedFineTuningJobs": ("supervisedFineTuningJobId",),
    "/deployments": ("deploymentId", "validateOnly"),
    "/batchInferenceJobs": ("batchInferenceJobId",),
}
_ERROR = {
    "type": "object",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}
_INFERENCE_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["object", "message", "code", "type"],
            "properties": {key: {"type": "string"} for key in ("object", "message", "code", "type")},
        }
    },
}
_CHAT = {
    "type": "object",
    "required": ["model", "messages"],
    "properties": {
        "model": {"type": "string"},
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["role"],
                "properties": {
                    "role": {"enum": ["system", "developer", "user", "assistant", "tool"]},
                    "content": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]},
                },
            },
        },
        "response_format": {"type": "object"},
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "top_p": {"type": "number", "minimum": 0, "maximum": 1},
        "top_k": {"type": "integer", "minimum": 0},
        "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "stop": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 4}]},
        "max_tokens": {"type": "integer", "minimum": 1},
        "n": {"type": "integer", "minimum": 1, "maximum": 128},
        "seed": {"type": "integer"},
        "logprobs": {"type": "boolean"},
        "top_logprobs": {"type": "integer", "minimum": 0, "maximum": 5},
        "stream": {"type": "boolean"},
    },
}


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, one operation per method and path."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe_operation(operation)
    for prefix in ("", "/inference"):
        paths[f"{prefix}/v1/chat/completions"] = {"post": _describe_chat(f"{prefix.strip('/')}ChatCompletions")}
        for path, summary, schema in (
            ("systemone", "Answer questions about a state.", SYSTEMONE),
            ("decisions", "Answer questions about an input, in OpenAI's form.", DECISIONS),
        ):
            description = _describe(summary, f"{prefix.strip('/')}{path}", _INFERENCE_ERROR)
            body = {"required": True, "content": {"application/json": {"schema": schema}}}
            paths[f"{prefix}/v1/{path}"] = {"post": description | {"requestBody": body}}
        paths[f"{prefix}/v1/models"] = {
            "get": _describe("List the models that can be asked.", f"{prefix.strip('/')}ListServed", _INFERENCE_ERROR)
        }
    paths["/v1/accounts/{account}/datasets/{id}:upload"] = {"post": _describe_upload()}
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Embedded platform",
            "version": "1",
            "description": "The Fireworks REST API on this machine.",
        },
        "paths": paths,
        "components": {"securitySchemes": schemes},
        "security": [{"bearer": []}, {"key": []}],
    }


def _describe_operation(operation: Operation) -> dict[str, Any]:
    handler = operation.handler
    module = handler.__module__.rsplit(".", 1)[1]
    description = _describe((handler.__doc__ or "").split("\n")[0], f"{module}.{handler.__name__}", _ERROR)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    names: tuple[str, ...] = ()
    if handler.__name__ == "list_all":
        names = _LIST_PARAMETERS
        parameters.append({"name": "pageSize", "in": "query", "required": False, "schema": {"type": "integer"}})
    elif handler.__name__ == "get":
        names = ("readMask",)
    elif handler.__name__ == "create":
        names = next((names for end, names in _CREATE_PARAMETERS.items() if operation.path.endswith(end)), ())
    parameters += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in names]
    if operation.method in ("POST", "PATCH"):
        description["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return description | {"parameters": parameters}


def _describe_chat(id: str) -> dict[str, Any]:
    description = _describe("Answer a chat completion.", id, _INFERENCE_ERROR)
    description["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    return description | {"requestBody": {"required": True, "content": {"application/json": {"schema": _CHAT}}}}


def _describe_upload() -> dict[str, Any]:
    part = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
    path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in ("account", "id")]
    return _describe("Upload the file of a dataset.", "datasets.upload", _ERROR) | {
        "parameters": path,
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": part}}},
    }


def _describe(summary: str, id: str, error: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "operationId": id,
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": {"description": "Refused.", "content": {"application/json": {"schema": error}}},
        },
    }
