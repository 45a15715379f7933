"""Options of a session: none is dropped on its way from the command line to the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from fw_assets.classification.session_fields import SESSION_FIELDS, SessionField
from fw_assets.cli import main
from fw_assets.commands.session_options import session_values


def parsed(*arguments: str) -> dict[str, Any]:
    """The session fields that `fw-assets run` takes from its arguments."""
    return session_values(main.commands["run"].make_context("run", list(arguments)).params)


def arguments_for(field: SessionField, value: Any) -> list[str]:
    """The arguments that say `value`, found on the command itself."""
    (parameter,) = (item for item in main.commands["run"].params if item.name == field.name)
    if isinstance(parameter, click.Argument):
        return [str(value)]
    if isinstance(value, bool):
        return [parameter.opts[0] if value else parameter.secondary_opts[0]]
    values = value if field.repeatable else [value]
    return [text for item in values for text in (parameter.opts[0], str(item))]


@pytest.mark.parametrize("field", SESSION_FIELDS, ids=lambda field: field.name)
def test_every_session_field_can_be_said_and_arrives(field: SessionField) -> None:
    one = (
        {str: "text", int: 7, float: 0.25, bool: False, dict: {"a b": {"c": 5}}}[field.kind]
        if not field.choices
        else field.choices[-1]
    )
    value = [one, one] if field.repeatable else one
    assert parsed(*arguments_for(field, value)) == {field.name: value}


def test_an_option_wins_over_the_session_file(tmp_path: Path) -> None:
    file = tmp_path / "session.yaml"
    file.write_text("seed: 1\nfinalists: 3\nmode: fine-tune\n", "utf-8")
    fields = parsed("--session", str(file), "--seed", "2", "--benchmark-only")
    assert fields == {"seed": 2, "finalists": 3, "mode": "benchmark"}


def test_nothing_is_said_by_saying_nothing() -> None:
    assert parsed() == {}
