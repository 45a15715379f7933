"""Attributes of `fw_assets.ClassificationWorkflow` in `defs.yaml` beside the source: session, platform, automation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal, cast, get_args

import dagster as dg
from pydantic import Field, SecretStr, create_model

from fw_assets.classification.errors import InputError, input_error
from fw_assets.classification.session_fields import SESSION_FIELDS, SessionField
from fw_assets.components.attribute_bounds import session_bounds
from fw_assets.pipeline.workflow.instance import PlatformChoice, Status
from fw_assets.settings import PlatformName

PLATFORMS: tuple[PlatformName, ...] = get_args(PlatformName)
STATUSES: tuple[Status, ...] = get_args(Status)
SENSORS = ("phases", "dataset", "inbox", "platform_datasets", "outdated_plans", "lost_runs", "alerts")
_OWNER = re.compile(r"team:.+|[^@\s]+@[^@\s]+\.[^@\s]+")
SCHEDULES = ("nightly_regression", "weekly_rerun", "monthly_benchmark")


def _attribute(field: SessionField) -> tuple[Any, Any]:
    """Type and default of a session field."""
    kind: Any = dict[str, Any] if field.kind is dict else field.kind
    if field.choices:
        kind = Literal[field.choices]
    several: Any = kind | list[kind] if field.repeatable else kind
    return several | None, Field(None, description=field.help, json_schema_extra=session_bounds(field.name))


_FIELDS: dict[str, Any] = {field.name: _attribute(field) for field in SESSION_FIELDS if field.name != "dataset"}
_SessionModel: Any = create_model("_SessionModel", __base__=dg.Model, **_FIELDS)


class SessionAttributes(_SessionModel):
    """Every field of a session but the dataset (docs/session.md). What is left out keeps its default."""

    def given(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in values.items() if value is not None}


class PlatformAttributes(dg.Model, dg.Resolvable):
    """The platform that is asked."""

    # Checked by `choice`, which names what is wrong with its place: what fails in here Dagster wraps in a traceback.
    kind: str | None = Field("embedded", description="embedded (models on this machine, free) or fireworks.")
    account: str | None = Field(None, description="Account of the service; left out, the key's own.")
    key: str | None = Field(
        None, repr=False, description="Key of the service: {{ env.FIREWORKS_API_KEY }}. Never written here itself."
    )
    url: str | None = Field(
        None, description="Another address of the service, or that of an embedded platform that is served elsewhere."
    )
    home: str | None = Field(None, description="Folder of the embedded platform; left out, .platform in the workspace.")

    def choice(self) -> PlatformChoice:
        """The choice.

        Raises:
            InputError: there is no such platform, or it is not named, and what another has is given.
        """
        require_values(self, ("kind", "account", "url", "home"), "platform.")
        for name in ("key", "account"):
            if name in self.model_fields_set and "kind" not in self.model_fields_set:
                message = "is that of the service, and the platform is the embedded one: give kind: fireworks too"
                raise input_error(message, kind="component", field=f"platform.{name}")
        kind = cast("PlatformName", one_of_these("platform.kind", str(self.kind), PLATFORMS))
        # A key that is named and not set is none, and not that of the environment: another account would pay.
        key = SecretStr(self.key or "") if "key" in self.model_fields_set else None
        return PlatformChoice(kind, self.account, key, self.url, self.home)


_AUTOMATION: dict[str, Any] = {
    name: (str | None, Field(None, description="running, stopped (until it is switched on) or absent"))
    for name in (*SENSORS, *SCHEDULES)
}
_AutomationModel: Any = create_model("_AutomationModel", __base__=dg.Model, **_AUTOMATION)


def require_values(attributes: dg.Model, names: Sequence[str], where: str = "") -> None:
    """Refuses given attributes without a value, which would be read as left out: another place than was meant.

    Raises:
        InputError: an attribute is null or empty, as `{{ env.NAME }}` is where the variable is not set.
    """
    for name in names:
        if name in attributes.model_fields_set and not getattr(attributes, name):
            raise _without_value(f"{where}{name}")


def refuse_null(attributes: dg.Model, where: str = "") -> None:
    """Refuses each attribute that is given and null, as `require_values` does: a ceiling would be none, unnoticed."""
    for name in type(attributes).model_fields:
        if name in attributes.model_fields_set and getattr(attributes, name) is None:
            raise _without_value(f"{where}{name}")


def _without_value(field: str) -> InputError:
    message = "is empty: where it is {{ env.NAME }}, that variable is not set here; else leave it out"
    return input_error(message, kind="component", field=field)


def check_owners(owners: Sequence[str]) -> None:
    """Refuses owners that Dagster does not take."""
    for owner in owners:
        if not _OWNER.fullmatch(owner):
            message = f"expected team:NAME or an address of mail (found {owner!r})"
            raise input_error(message, kind="component", field="owners")


def key_path(field: str, key: str | list[str]) -> tuple[str, ...]:
    """The parts of an asset key, or of its beginning.

    Raises:
        InputError: one is empty.
    """
    path = tuple(key.split("/") if isinstance(key, str) else key)
    if not any(path):
        raise _without_value(field)
    if not all(path):
        raise input_error(f"{'/'.join(path)!r} has an empty part", kind="component", field=field)
    return path


def name_of(key: Sequence[str]) -> str:
    """What belongs to an asset key, of the characters that names have in Dagster."""
    return re.sub(r"[^A-Za-z0-9_]", "_", "__".join(key))


class AutomationAttributes(_AutomationModel, dg.Resolvable):
    """Each sensor and schedule. Schedules and `alerts` are stopped, and the others run, unless it is said here."""

    def given(self) -> dict[str, Status]:
        """The status of each that has one.

        Raises:
            InputError: one has another status than there are.
        """
        values = {name: getattr(self, name) for name in _AUTOMATION}
        return {
            name: cast("Status", one_of_these(f"automation.{name}", value, STATUSES))
            for name, value in values.items()
            if value is not None
        }


def check_amount(field: str, usd: float) -> None:
    """Refuses what is no amount of US dollars."""
    if not (math.isfinite(usd) and usd >= 0):
        raise input_error(f"expected US dollars, 0 or more (found {usd})", kind="component", field=field)


def one_of_these(field: str, value: str, allowed: Sequence[str]) -> str:
    """The value.

    Raises:
        InputError: it is none of those that are allowed.
    """
    if value not in allowed:
        message = f"expected {', '.join(allowed[:-1])} or {allowed[-1]} (found {value!r})"
        raise input_error(message, kind="component", field=field)
    return value
