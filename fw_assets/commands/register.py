"""Registration of the dataset that a command line names: missing fields are asked for, LLM readings confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from fw_assets.classification.visible_text import printable
from fw_assets.commands.dialogue import Dialogue, options
from fw_assets.commands.session_options import session_values
from fw_assets.console import err
from fw_assets.pipeline.platform.catalogue import own_prices, tunable_models
from fw_assets.pipeline.platform.platform import Platform, platform_from_environment, rehearse_prices
from fw_assets.pipeline.registration.registration import check_models, parse_session, register, resolve_registered
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.owner import require_no_owner
from fw_assets.settings import settings
from fw_assets.workspace.workspace import Workspace


def register_dataset(store: Workspace, arguments: Mapping[str, Any], dialogue: Dialogue) -> Registration:
    """Register the dataset of a command line, or the changes to the registered one that it names.

    Args:
        dialogue: is asked for what is missing.
    """
    require_no_owner(store)
    own_prices()  # a wrong file is an error before any question
    prices: Path | None = arguments["rehearse_prices"]
    if prices is not None:
        rehearse_prices(prices)
    fields, registered_name, readings = resolve_registered(store, session_values(arguments))
    platform = platform_from_environment()
    fields |= dialogue.missing
    reader_model = arguments["reader_model"] or settings().fw_reader_model
    if reader_model and fields.get("instruction"):
        readings |= confirmed_readings(
            platform, reader_model, fields, readings, confirm=_confirm if dialogue.is_open else None
        )
    if dialogue.is_open:
        dialogue.missing |= _ask_for_missing(fields, platform)
        fields |= dialogue.missing
    check_models(platform, fields, readings)
    name = registered_name or arguments["name"]
    registration = register(
        store, platform, fields, driver="command-line", name=name, readings=readings, answers=dialogue.answers
    )
    before = {name for name in registration.answered if name not in dialogue.answers and name not in fields}
    if before:
        err.print(
            f"As answered before: {options({name: getattr(registration.session, name) for name in sorted(before)})}"
        )
    for item in registration.understood:
        err.print(f"Understood: {item}")
    return registration


def confirmed_readings(
    platform: Platform,
    model: str,
    fields: Mapping[str, Any],
    readings: Mapping[str, Mapping[str, Any]],
    *,
    confirm: Callable[[str], bool] | None,
) -> dict[str, dict[str, Any]]:
    """A chat model's readings of the clauses that the parser did not understand, as far as a person confirms them.

    Args:
        readings: clauses that are confirmed already.
        confirm: asks a person a question; None where nobody can be asked: readings are printed and not used.

    Returns:
        The fields of each clause of which every field was confirmed.
    """
    from fw_assets.pipeline.registration.llm_parser import read_clause

    _, _, unused = parse_session(platform, fields, readings)
    confirmed: dict[str, dict[str, Any]] = {}
    for clause in unused:
        reading = platform.call(partial(read_clause, model=model, clause=clause))
        text = "; ".join(f"{name}: {value}" for name, value in reading.items()) or "nothing"
        err.print(f"{model} reads {clause!r} as: {text}")
        if confirm is None:
            err.print("  Nobody is here to confirm it, so it is not used.")
        elif reading and all(confirm(f"  Use {name}: {value}?") for name, value in reading.items()):
            confirmed[clause] = reading
    return confirmed


def _confirm(question: str) -> bool:
    return click.confirm(printable(question), err=True)


def _ask_for_missing(fields: Mapping[str, Any], platform: Platform) -> dict[str, Any]:
    session, _, _ = parse_session(platform, fields)
    said: dict[str, Any] = {}
    if not session.dataset:
        said["dataset"] = click.prompt("Dataset (a JSONL file)", err=True)
    if not session.candidates:
        choices = ", ".join(model.slug for model in platform.call(tunable_models))
        err.print(f"Models to choose from: {choices}")
        said["models"] = click.prompt("Models, separated by commas", err=True).replace(" ", "").split(",")
    return said
