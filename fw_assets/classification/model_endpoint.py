"""Endpoints: OpenAI-compatible servers of other people's models, which a session has evaluated as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator

from fw_assets.classification.values import Frozen

PREFIX = "endpoints/"
"""Begins the full names of models that are asked at endpoints, which no platform has."""
KEY_VARIABLE = "FW_ENDPOINT_KEY_"
CHAT_PATH = "/chat/completions"

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# A session may come from somebody else: it names no variable that holds another secret of this environment.
_KEY_VARIABLE = re.compile(rf"{KEY_VARIABLE}[A-Z0-9_]+|(?!FIREWORKS_|FW_)[A-Z][A-Z0-9_]*_API_KEY")
_SHORT = re.compile(r"(?P<name>[^=\s]+)=(?P<url>[^#\s]+)#(?P<model>\S+)")


def _base_url(url: str) -> str:
    """The URL that `/chat/completions` follows; with `/v1` where it has no path. Errors do not quote it."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL; write it as https://HOST/v1") from None
    if parts.scheme not in ("http", "https") or not host or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is no http or https URL; write it as https://HOST/v1")
    if "@" in parts.netloc:
        raise ValueError(f"has a user in it; put the key into a variable, {KEY_VARIABLE}NAME or that of key_variable")
    if "?" in text or "#" in text:
        raise ValueError("has a query or a fragment, which requests do not keep; leave it out")
    path = parts.path.rstrip("/").removesuffix(CHAT_PATH)
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


class ModelEndpoint(Frozen):
    """One model of an OpenAI-compatible server."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    url: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_base_url)]
    """The base URL, such as `https://api.openai.com/v1` or `http://localhost:11434/v1`; requests go to its
    `/chat/completions`."""
    model: str = Field(min_length=1, max_length=200, pattern=r"^[^\s#]+$")
    """The model as the server calls it."""
    key_variable: str = ""
    """The environment variable that holds the key; left out, `FW_ENDPOINT_KEY_NAME`. Without a key none is sent."""
    input_usd: float | None = Field(None, ge=0, le=1_000_000)
    """US dollars for 1M tokens of prompts; left out: unknown."""
    output_usd: float | None = Field(None, ge=0, le=1_000_000)
    """US dollars for 1M tokens of answers; left out: unknown."""
    context: int | None = Field(None, ge=1, le=1_000_000_000)
    """Tokens that the model reads at most."""
    kind: Literal["chat"] = "chat"
    """How it is asked."""

    @field_validator("key_variable")
    @classmethod
    def _is_for_keys_of_endpoints(cls, value: str) -> str:
        if value and not _KEY_VARIABLE.fullmatch(value):
            raise ValueError(
                f"names the variable of the key, never the key itself: {KEY_VARIABLE}NAME, or one that ends in "
                "_API_KEY and is not of this program"
            )
        return value

    @property
    def address(self) -> str:
        """What tells it from every other model, at whatever server."""
        return f"{self.url}#{self.model}"

    @property
    def chat_url(self) -> str:
        return self.url + CHAT_PATH


def _from_text(text: str) -> dict[str, str]:
    if not (found := _SHORT.fullmatch(text.strip())):
        raise ValueError("an endpoint is written as NAME=URL#MODEL, e.g. local=http://localhost:11434/v1#llama3.1")
    return found.groupdict()


def _by_name(value: Any) -> Any:
    """A mapping by name, of a list with a `name` in each entry or of texts `NAME=URL#MODEL`; with their variables."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        entries: dict[str, Any] = {}
        for item in value:
            entry = _from_text(item) if isinstance(item, str) else item
            if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
                raise ValueError("expected a name, a url and a model of each endpoint, or NAME=URL#MODEL")
            if entry["name"] in entries:
                raise ValueError(f"named twice: {entry['name']}")
            entries[entry["name"]] = {key: part for key, part in entry.items() if key != "name"}
        value = entries
    if not isinstance(value, Mapping):
        return value
    for name in value:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{str(name)[:80]!r} cannot be a name: use lower-case letters, digits and hyphens")
    return {name: _with_variable(name, entry) for name, entry in value.items()}


def _with_variable(name: str, entry: Any) -> Any:
    variable = KEY_VARIABLE + name.upper().replace("-", "_")
    if isinstance(entry, Mapping) and not entry.get("key_variable"):
        return {**entry, "key_variable": variable}
    return entry


Endpoints = Annotated[dict[str, ModelEndpoint], Field(max_length=20), BeforeValidator(_by_name)]
"""Name -> endpoint."""
