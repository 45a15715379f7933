"""Launchpad fields: of a session, one for each of its fields, and of the answer to a plan."""

# No `from __future__ import annotations` here: Dagster reads a config's annotations as they are written.

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from fw_assets.classification.session import MITIGATIONS
from fw_assets.classification.session_fields import SESSION_FIELDS, SessionField
from fw_assets.pipeline.run_config import AS_PLANNED, DRIVERS, enum_name


def _launchpad_field(field: SessionField) -> tuple[Any, Any]:
    """Type and default of a field. The default is null: the launchpad lists every default that is a value."""
    kind: Any = dict[str, Any] if field.kind is dict else field.kind
    if field.choices:
        # Dagster's schema has enums and no literals, and takes their members by name.
        enum: Any = Enum
        kind = enum(
            f"Session{field.name.title().replace('_', '')}", {enum_name(choice): choice for choice in field.choices}
        )
    return (list[kind] if field.repeatable else kind) | None, Field(None, description=field.help)


_DEFINITIONS: dict[str, Any] = {field.name: _launchpad_field(field) for field in SESSION_FIELDS}
_Fields: Any = create_model("_Fields", __base__=dg.Config, **_DEFINITIONS)


class SessionConfig(_Fields):
    """What to do with the dataset. Everything left out keeps what was registered before, or its default."""


def session_values(config: SessionConfig) -> dict[str, object]:
    """The session fields that were filled in."""
    values = {field.name: getattr(config, field.name) for field in SESSION_FIELDS}
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items() if value is not None
    }


class Decision(Enum):
    """Yes or no."""

    approve = "approve"
    reject = "reject"


class MitigationChoice(Enum):
    """The session's mitigations, and to leave it at the session's choice."""

    _ignore_ = "mitigation"
    as_planned = AS_PLANNED
    for mitigation in MITIGATIONS:
        vars()[enum_name(mitigation)] = mitigation


class DriverChoice(Enum):
    """Who carries on."""

    _ignore_ = "driver"
    for driver in DRIVERS:
        vars()[enum_name(driver)] = driver


class ApprovalConfig(dg.Config):
    """A person's answer to the current plan."""

    approved_by: str = Field(description="Your name. Recorded with the answer, and shown in the report.")
    # No default: whoever has not seen the plan, such as a page of another site, cannot name it.
    plan_digest: str = Field(
        description="The digest of the plan you read, from its summary; refused if the plan is another by now."
    )
    decision: Decision = Field(
        Decision.approve, description="approve starts the next phases; reject starts nothing and costs nothing."
    )
    mitigation: MitigationChoice = Field(
        MitigationChoice.as_planned,
        description=(
            "What to do about imbalance in the training rows; what each leaves and costs is in the plan. as_planned: "
            "the session's choice. none, rebalance, weight or drop_rare: this one instead."
        ),
    )
    labels_confirmed: bool = Field(
        False, description="true: you have looked at the labels in the plan and they are the right ones. Recorded."
    )
    note: str = Field("", description="Anything to remember; kept with the answer.")
    driver: DriverChoice | None = Field(
        None,
        description="Who carries on: daemon (the sensors, also without a choice) or command_line (`fw-assets run`).",
    )
