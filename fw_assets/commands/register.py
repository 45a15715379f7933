"""From arguments to a registered dataset: session fields, questions to a person, and the optional second reader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.session import load_session
from fw_assets.console import err, is_terminal
from fw_assets.pipeline.platform.platform import platform_from_environment
from fw_assets.pipeline.values import Registration
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


def session_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Session fields from a session file and the command line; the command line wins."""
    fields: dict[str, Any] = {}
    if given.get("session_file"):
        fields.update(load_session(Path(given["session_file"])))
    if given.get("benchmark_only"):
        fields["mode"] = "benchmark"
    plain = ("dataset", "eval_dataset", "instruction", "train_fraction", "imbalance_threshold", "mitigation")
    choices = ("inference", "extraction", "bad_rows", "deploy", "max_spend_usd", "auto_approve_up_to_usd")
    for name in (*plain, *choices):
        if given.get(name) is not None:
            fields[name] = given[name]
    for name in ("models", "labels"):
        if given.get(name):
            fields[name] = list(given[name])
    return fields


def registered(store: Workspace, given: Mapping[str, Any], *, ask: bool) -> Registration:
    """Register what the arguments say, or find the dataset that they name."""
    from fw_assets.pipeline.registration.registration import register, resolve_registered

    fields, known, readings = resolve_registered(store, session_fields(given))
    name = known or given.get("name")
    platform = platform_from_environment()
    rehearse(given.get("rehearse_prices"))
    reader = given.get("reader_model") or settings().fw_reader_model
    if reader and fields.get("instruction"):
        readings |= second_reading(platform, reader, fields, readings, ask=ask and is_terminal())
    if ask and is_terminal():
        _ask_missing(fields, platform)
    registration = register(store, platform, fields, driver="command-line", name=name, readings=readings)
    for item in registration.understood:
        err.print(f"Understood: {item}", markup=False)
    return registration


def rehearse(prices: Path | None) -> None:
    """Make the embedded platform charge by a price file from now on."""
    if prices is None:
        return
    from fw_assets.pipeline.platform.platform import rehearse_prices

    rehearse_prices(prices)


def second_reading(
    platform: Any, model: str, fields: dict[str, Any], known: Mapping[str, Any], *, ask: bool
) -> dict[str, dict[str, Any]]:
    """What a chat model reads in the clauses that the parser did not understand, as far as a person confirms it.

    A clause counts as understood when every field that was read in it is confirmed. Where nobody can be asked,
    the reading is shown and nothing of it is used.
    """
    from fw_assets.pipeline.registration.llm_parser import read_clause
    from fw_assets.pipeline.registration.registration import parse_session

    _, _, unused = parse_session(platform, fields, known)
    confirmed: dict[str, dict[str, Any]] = {}
    for clause in unused:
        found = platform.call(lambda client, clause=clause: read_clause(client, model, clause))
        err.print(f"{model} reads {clause!r} as: {_said(found)}", markup=False)
        if not ask:
            err.print("  Nobody is here to confirm it, so it is not used.", markup=False)
        elif found and all(click.confirm(f"  Use {key}: {value}?", err=True) for key, value in found.items()):
            confirmed[clause] = found
    return confirmed


def _said(found: Mapping[str, Any]) -> str:
    return "; ".join(f"{key}: {value}" for key, value in found.items()) or "nothing"


def _ask_missing(fields: dict[str, Any], platform: Any) -> None:
    from fw_assets.pipeline.registration.registration import parse_session

    session, _, _ = parse_session(platform, fields)
    if not session.dataset:
        fields["dataset"] = click.prompt("Dataset (a JSONL file)", err=True)
    if not session.models:
        names = [m.name.rsplit("/", 1)[-1] for m in platform.call(lambda client: client.models()) if m.tunable]
        err.print(f"Models to choose from: {', '.join(names)}", markup=False)
        fields["models"] = click.prompt("Models, separated by commas", err=True).replace(" ", "").split(",")
