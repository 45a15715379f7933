"""Component whose errors name the file and the line, and whose instances in a project have nothing in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import dagster as dg
from pydantic import BaseModel, PrivateAttr, ValidationError

from fw_assets.classification.errors import InputError, input_error
from fw_assets.components.error_places import faults_of, placed
from fw_assets.components.instance_clashes import check_clashes, location_of


class PlacedComponent(dg.Component, dg.Model):
    """A component of which a project may have several."""

    _location: tuple[Path, str] | None = PrivateAttr(None)

    @property
    def location(self) -> tuple[Path, str] | None:
        """The folder that it was loaded from, and which of its components it is; None where Python made it."""
        return self._location

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """The component of these attributes.

        Raises:
            InputError: a value is not of its kind; it is named with its file and line.
        """
        try:
            loaded = super().load(attributes, context)
        except ValidationError as error:
            raise placed(faults_of(error), context.path, Path(context.project_root)) from None
        loaded._location = location_of(context)
        return loaded

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The definitions. Neither the environment nor a file is read, and nothing is written.

        Raises:
            InputError: an attribute is wrong; it is named with its file and line, and what to do.
        """
        project = Path(context.project_root)
        try:
            if self.location is not None:
                check_clashes(self, context.component_tree.get_all_components(type(self)), project)
            return self.definitions_in(context.path, project)
        except InputError as error:
            raise placed(error, context.path, project) from None
        except dg.DagsterInvalidDefinitionError as error:
            raise placed(input_error(str(error), kind="component"), context.path, project) from None

    @abstractmethod
    def claims(self, folder: Path, project: Path) -> Mapping[str, str]:
        """What no other instance of the project may have, by the attribute that says it."""

    @abstractmethod
    def definitions_in(self, folder: Path, project: Path) -> dg.Definitions:
        """The definitions of an instance that is defined in this folder of the project."""
