"""Launchpad fields of a session: none is dropped on its way to the session."""

# No `from __future__ import annotations` here: Dagster reads an op's annotations as they are written.

from typing import Any

import dagster as dg

from fw_assets.classification.session_fields import SESSION_FIELDS
from fw_assets.pipeline.config import SessionConfig, session_values
from fw_assets.pipeline.run_config import enum_name


def passed_through_dagster(values: dict[str, Any]) -> dict[str, object]:
    """What an op receives of values that were typed in the launchpad."""
    received: list[dict[str, object]] = []

    @dg.op
    def receive(config: SessionConfig) -> None:
        received.append(session_values(config))

    @dg.job
    def launchpad() -> None:
        receive()

    launchpad.execute_in_process(run_config={"ops": {"receive": {"config": values}}})
    return received[0]


def test_every_session_field_can_be_filled_in_and_arrives() -> None:
    samples: dict[object, object] = {str: "text", int: 7, float: 0.25, bool: False, dict: {"a b": {"c": 5}}}
    values: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    for field in SESSION_FIELDS:
        value = field.choices[-1] if field.choices else samples[field.kind]
        values[field.name] = [value, value] if field.repeatable else value
        typed[field.name] = enum_name(field.choices[-1]) if field.choices else values[field.name]
    assert passed_through_dagster(typed) == values


def test_choices_are_typed_as_identifiers() -> None:
    assert passed_through_dagster({"mode": "fine_tune"}) == {"mode": "fine-tune"}


def test_what_is_left_out_is_no_change() -> None:
    assert passed_through_dagster({}) == {}
