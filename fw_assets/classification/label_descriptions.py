"""Descriptions of labels: what some of them mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from fw_assets.classification.errors import InputError, Problem

MAX_DESCRIPTION = 2_000
"""Characters."""
_MAX_LABEL = 300


def description_fault(text: Any) -> str:
    """What is wrong with what a label means; empty where nothing is."""
    if not isinstance(text, str):
        return f"expected what it means as a text, found {text!r:.80}; quote it"
    if not text.strip():
        return "its description is empty; leave it out"
    if "\0" in text:
        return "its description has a NUL character; take it out"
    if len(text.strip()) > MAX_DESCRIPTION:
        return f"its description has {len(text.strip()):,} characters, and {MAX_DESCRIPTION:,} are the most"
    return ""


def _checked(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    read = {}
    for label, text in value.items():
        if not isinstance(label, str):
            raise ValueError(f"the label {label!r} has to be quoted, since YAML reads it as something else than a text")
        if fault := description_fault(text):
            raise ValueError(f"{label}: {fault}")
        read[label.strip()] = text.strip()
    return read


LabelDescriptions = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=_MAX_LABEL)],
        Annotated[str, Field(max_length=MAX_DESCRIPTION)],
    ],
    Field(min_length=1, max_length=5_000),
    BeforeValidator(_checked),
]
"""Label -> what it means."""


def check_descriptions(descriptions: Mapping[str, str], labels: Sequence[str]) -> None:
    """Raises InputError where a label that is described is none of the dataset's."""
    known = set(labels)
    unknown = [label for label in descriptions if label not in known]
    if not unknown:
        return
    names = ", ".join(labels[:10]) + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
    problems = []
    for label in unknown[: InputError.MAX_SHOWN]:
        near = difflib.get_close_matches(label, labels, n=1)
        guess = f" Did you mean {near[0]}?" if near else ""
        message = f"{label!r} is no label of this dataset; the labels are {names}.{guess}"
        problems.append(Problem(kind="session", field="label_descriptions", message=message))
    advice = "Correct the session and run again; nothing was started."
    raise InputError(problems, advice=advice, counts={"session": len(unknown)})
