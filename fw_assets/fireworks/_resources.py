"""Resources as frozen values: unknown fields are ignored, and integers may arrive as text (proto3 JSON)."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from ._errors import UnexpectedResponse


class ApiValue(BaseModel):
    """A read-only part of a response. A null counts as absent, as in proto3 JSON."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if value is not None}
        return data


class Spec(BaseModel):
    """What the caller asks for; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


class Status(ApiValue):
    """The platform's verdict on a resource; `code` is OK when nothing is wrong."""

    code: str = "OK"
    message: str = ""

    @model_validator(mode="before")
    @classmethod
    def _code_as_text(cls, data: Any) -> Any:
        if isinstance(data, dict) and not isinstance(data.get("code", ""), str):
            return {**data, "code": "OK" if not data["code"] else str(data["code"])}
        return data

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.code in ("", "OK", "CODE_UNSPECIFIED")


class Money(ApiValue):
    """google.type.Money: whole units and billionths."""

    currency_code: str = "USD"
    units: int = 0
    nanos: int = 0

    @property
    def usd(self) -> float | None:
        """The amount in US dollars; None in another currency."""
        return self.units + self.nanos / 1e9 if self.currency_code in ("", "USD") else None


class Resource(ApiValue):
    """Anything with a name of the form `accounts/ACCOUNT/COLLECTION/ID`."""

    name: str
    display_name: str = ""
    state: str = "STATE_UNSPECIFIED"
    status: Status = Status()
    create_time: str = ""
    raw: dict[str, Any] = Field(default={}, exclude=True, repr=False)
    """The JSON object as it came."""

    @property
    def id(self) -> str:
        """The last segment of the name."""
        return self.name.rsplit("/", 1)[-1]


R = TypeVar("R", bound=Resource)
V = TypeVar("V", bound=ApiValue)


def parse_resource(kind: type[R], item: Any) -> R:
    """The resource in a JSON object.

    Raises:
        UnexpectedResponse: there is none.
    """
    return parse_value(kind, {**item, "raw": item} if isinstance(item, dict) else item)


def parse_value(kind: type[V], item: Any) -> V:
    """The value in a JSON object.

    Raises:
        UnexpectedResponse: there is none.
    """
    try:
        return kind.model_validate({**item})
    except ValidationError as error:
        # Without its input, which may quote the key.
        first = error.errors(include_input=False, include_url=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except TypeError:
        problem = "it is no JSON object"
    raise UnexpectedResponse(f"the response is no {kind.__name__}: {problem[:200]}")
