"""Launchpad fields of a session: one for each of its fields."""

# No `from __future__ import annotations` here: Dagster reads a config's annotations as they are written.

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from fw_assets.classification.session_fields import SESSION_FIELDS, SessionField
from fw_assets.pipeline.run_config import enum_name


def _launchpad_field(field: SessionField) -> tuple[Any, Any]:
    """Type and default of a field. The default is null: the launchpad lists every default that is a value."""
    kind: Any = field.kind
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
