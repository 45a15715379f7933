"""Session as people give it: plain fields and YAML files, with every fault named."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fw_assets.classification.dataset_reference import is_remote
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.classification.label_descriptions import description_fault
from fw_assets.classification.model_endpoint import ModelEndpoint
from fw_assets.classification.near_names import did_you_mean
from fw_assets.classification.session import REFERENCES, Session
from fw_assets.classification.taxonomy.label_map import without_map
from fw_assets.classification.taxonomy.label_parents import LabelFault
from fw_assets.classification.yaml_file import key_line, read_yaml

_MAX_EXCERPT = 80


def make_session(fields: dict[str, Any], *, file: str | None = None) -> Session:
    """A session from plain fields, as they come from YAML or the launchpad.

    Args:
        file: where they come from, for the error.

    Raises:
        InputError: names every field that is unknown or out of range, and what was expected.
    """
    try:
        return Session.model_validate(fields)
    except ValidationError as error:
        problems = []
        errors = error.errors(include_url=False)
        in_lists = {item["loc"][0] for item in errors if len(item["loc"]) > 1}
        for item in errors:
            if len(item["loc"]) == 1 and item["loc"][0] in in_lists:
                continue  # the list counts as too short because of the entry that is wrong
            field = ".".join(str(part)[:_MAX_EXCERPT] for part in item["loc"]) or None
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] == "extra_forbidden":
                message = _unknown_field(item["loc"])
            elif item["type"] in ("model_type", "dict_type"):
                message = f"expected `name: value` pairs (found {_excerpt(item['input'])})"
            elif item["type"] != "value_error":
                message = f"{message} (found {_excerpt(item['input'])})"
            problems.append(Problem(kind="session", file=file, field=field, message=message))
        raise InputError(problems, advice="Correct the session and run again; nothing was started.") from None


def _unknown_field(at: tuple[int | str, ...]) -> str:
    name = str(at[-1])
    if len(at) == 1:
        meant = did_you_mean(name, Session.model_fields)
        return f"is not a session field; {meant or '`fw-assets run --help` lists them as options'}"
    if name in Session.model_fields:
        return f"is a field of the session itself, not of {at[0]}"
    fields = (ModelEndpoint if at[0] == "endpoints" else GatePolicy).model_fields
    return f"is not a field of {at[0]}; {did_you_mean(name, fields) or 'the fields are ' + ', '.join(fields)}"


def _excerpt(value: object) -> str:
    """A value as an error shows it, whatever its length."""
    shown = reprlib.Repr()
    shown.maxstring = shown.maxother = shown.maxlong = _MAX_EXCERPT
    try:
        return shown.repr(value)
    except ValueError:
        return "a number of thousands of digits"  # Python writes none of them out


def load_session(path: Path) -> dict[str, Any]:
    """The fields of a session YAML file; a relative dataset path is relative to the file's folder.

    Raises:
        InputError: the file is missing, not YAML, not a mapping, or gives a field twice.
    """
    fields = read_yaml(path, "session")
    if not isinstance(fields, dict):
        message = "expected `field: value` lines, e.g. `models: [char-ngram]`"
        raise InputError([Problem(kind="session", file=str(path), message=message)])
    for name in REFERENCES:
        value = fields.get(name)
        if isinstance(value, str) and not is_remote(value):
            # Path.resolve raises a RuntimeError where links lead in a circle; reading the file says so in words.
            fields[name] = value if Path(value).is_absolute() else os.path.abspath(path.parent / value)  # noqa: PTH100
    return plain_fields(fields, file=str(path))


def plain_fields(fields: Mapping[str, Any], *, file: str | None = None) -> dict[str, Any]:
    """The fields with `labels` as a list, so that those of another source can replace them one by one.

    Raises:
        InputError: a label is described twice, or its description or its parent cannot be.
    """
    try:
        read = dict(without_map(fields))
        _check_descriptions(fields.get("labels"), read.get("label_descriptions"), fields.get("label_descriptions"))
        return read
    except LabelFault as fault:
        at = key_line(Path(file), ("labels", str(fault.label))) if file else None
        field = f"labels.{fault.label}"
        problem = Problem(kind="session", file=file, line=at, field=field, message=fault.message)
        raise InputError([problem], advice="Correct the session and run again; nothing was started.") from None


def _check_descriptions(labels: Any, described: Any, own: Any) -> None:
    """Check what a map of labels says of them, and not what the session's own field does.

    Raises:
        LabelFault: a description cannot be.
    """
    if not isinstance(labels, Mapping) or not isinstance(described, Mapping):
        return
    for label, text in described.items():
        inside = isinstance(label, str) and label in labels and not (isinstance(own, Mapping) and label in own)
        if inside and (fault := description_fault(text)):
            raise LabelFault(label, fault)
