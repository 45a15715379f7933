"""Command-line options of a session: one for each of its fields, and a session file for all of them.

This module is imported for `fw-assets --help`: it needs neither Dagster nor polars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.session_fields import SESSION_FIELDS, SessionField
from fw_assets.classification.session_input import load_session
from fw_assets.classification.yaml_file import parse_yaml

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the dataset and the session's options to a command, and `--session` and `--benchmark-only`."""
    options = [
        *(_option(field) for field in SESSION_FIELDS),
        click.option("--session", "session_file", type=click.Path(path_type=Path), help="A session YAML file."),
        click.option("--benchmark-only", is_flag=True, help="Short for --mode benchmark."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def session_values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The session fields that a session file and the options say; options win."""
    values = load_session(arguments["session_file"]) if arguments["session_file"] else {}
    if arguments["benchmark_only"]:
        values["mode"] = "benchmark"
    for field in SESSION_FIELDS:
        value = arguments[field.name]
        if value is not None and field.kind is dict:
            # The short form of an entry is a plain text to YAML.
            texts = value if field.repeatable else (value,)
            read = [parse_yaml(text.encode("utf-8", "surrogateescape"), "session", field=field.name) for text in texts]
            value = read if field.repeatable else read[0]
        if value not in (None, (), []):
            values[field.name] = list(value) if field.repeatable else value
    return values


def _option(field: SessionField) -> Decorator:
    if field.name == "dataset":
        return click.argument(field.name, required=False)
    flag = f"--{field.name.replace('_', '-')}"
    if field.repeatable:
        return click.option(
            flag.removesuffix("s"),
            field.name,
            type=str if field.kind is dict else field.kind,
            metavar="NAME=URL#MODEL" if field.kind is dict else None,
            multiple=True,
            help=f"{field.help} Repeat for more.",
        )
    if field.kind is bool:
        return click.option(f"{flag}/--no-{flag.removeprefix('--')}", field.name, default=None, help=field.help)
    if field.kind is dict:
        return click.option(flag, field.name, metavar="YAML", help=field.help)
    return click.option(
        flag, field.name, type=click.Choice(field.choices) if field.choices else field.kind, help=field.help
    )
