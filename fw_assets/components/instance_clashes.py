"""Clashes of the instances of a component: what each has for itself, and two of a project have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import dagster as dg

from fw_assets.classification.errors import input_error
from fw_assets.components.error_places import place_of


class Instance(Protocol):
    """An instance of a component."""

    @property
    def location(self) -> tuple[Path, str] | None:
        """The folder that it was loaded from, and which of its components it is; None where Python made it."""

    def claims(self, folder: Path, project: Path) -> Mapping[str, str]:
        """What it has for itself, by the attribute that says it."""


def location_of(context: dg.ComponentLoadContext) -> tuple[Path, str]:
    path = context.component_path
    return path.file_path, str(path.instance_key)


def check_clashes(own: Instance, others: Iterable[Instance], project: Path) -> None:
    """Check that no other instance of the project claims the same.

    Raises:
        InputError: one does; the error names its folder.
    """
    if own.location is None:
        return
    claims = own.claims(own.location[0], project)
    for other in others:
        if other.location is None or other.location == own.location:
            continue
        folder = other.location[0]
        for attribute, value in other.claims(folder, project).items():
            if claims.get(attribute) == value:
                place = place_of(attribute, folder, project)
                message = f"{value} is that of the instance in {place} too; give one of them another {attribute}"
                raise input_error(message, kind="component", field=attribute)
