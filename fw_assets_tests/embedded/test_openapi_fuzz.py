"""Fuzz test by schemathesis, from the platform's own OpenAPI document: no generated request fails the server.

Bounded: a few generated requests per operation, the same ones every time. Most are refused, and each refusal must have
the documented envelope.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from fw_assets.embedded import api_key, create_app, openapi

schemathesis = pytest.importorskip("schemathesis", reason="needs the development package schemathesis")
from schemathesis.specs.openapi import checks  # noqa: E402

CHECKS = (
    schemathesis.checks.not_a_server_error,
    checks.response_schema_conformance,
    checks.status_code_conformance,
    checks.content_type_conformance,
)


OPERATIONS = [(path, method) for path, methods in openapi.document()["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="module")
def document(home: Path) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(home))


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_operation_answers_as_documented(path: str, method: str, home: Path, document: Any) -> None:
    headers = {"Authorization": f"Bearer {api_key(home)}"}

    @given(case=document[path][method].as_strategy())
    @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers(case: Any) -> None:
        if "account" in (case.path_parameters or {}):
            case.path_parameters["account"] = "local"  # any other is refused at once, which tests nothing
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    answers()


def test_a_request_without_a_key_is_refused_everywhere(home: Path, document: Any) -> None:
    for result in document.get_all_operations():
        operation = result.ok()
        values = {parameter: "x" for parameter in ("account", "id") if f"{{{parameter}}}" in operation.path}
        response = operation.Case(path_parameters=values).call()
        assert response.status_code == 401, operation.label
