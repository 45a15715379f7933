"""Whole answers: read as the JSON objects that they hold, or as the errors that they tell of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from pydantic import SecretStr

from ._errors import ApiError, UnexpectedAnswer, api_error
from ._retry import retry_after


class HttpResponse(NamedTuple):
    """An answer that has arrived.

    Attributes:
        headers: by name, in whatever case.
        what: the request, as errors and logs name it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    what: str


def read_object(answer: HttpResponse) -> dict[str, Any]:
    """The JSON object that an answer holds; nothing at all counts as an empty one.

    Raises:
        UnexpectedAnswer: it holds something else.
    """
    if not answer.content:
        return {}
    try:
        body = decoded(answer.content)
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    raise UnexpectedAnswer(f"{answer.what}: answered {answer.status} with something that is no JSON object")


def decoded(content: bytes) -> Any:
    """JSON as plain values.

    Raises:
        ValueError: it is none.
    """
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return json.loads(content)  # more lenient: other encodings, NaN


def refusal(answer: HttpResponse, key: SecretStr) -> ApiError:
    """The error that an answer of another status than 2xx tells of, without the key should it quote that."""
    try:
        body = decoded(answer.content)
    except ValueError:
        body = {"message": answer.content.decode("utf-8", "replace").strip()[:300]}
    if 300 <= answer.status < 400:
        body = {"message": "the platform redirects; check the base URL"}
    seconds = retry_after(answer.headers.get("retry-after"), answer.headers.get("retry-after-ms"))
    error = api_error(answer.status, body, request=answer.what, retry_after=seconds)
    secret = key.get_secret_value()
    if secret in error.detail:
        error.detail = error.detail.replace(secret, "[key]")
        error.args = tuple(str(argument).replace(secret, "[key]") for argument in error.args)
    return error
