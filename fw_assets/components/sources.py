"""Source of a workflow's datasets, as `defs.yaml` names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dagster as dg
from pydantic import Field

from fw_assets.components.attributes import key_path

DATASET = "dataset"
"""Name of the asset that registers the one dataset of an instance, and of its sensor."""


class Source(dg.Model, dg.Resolvable):
    """Where the rows come from: one of `asset`, `inbox` and `platform`. The columns are those of `asset`."""

    asset: str | list[str] | None = Field(
        None,
        description="Key of an asset of the project, such as raw/tickets: a table of polars, pandas or pyarrow, also "
        "behind an IO manager, or the path of a file.",
    )
    inbox: str | None = Field(None, description="A folder or fsspec URL; each file in it is a dataset.")
    platform: str | None = Field(
        None, description="Pattern of the platform's dataset ids, such as tickets-*; each is a dataset."
    )
    text: str | list[str] | None = Field(
        None, description="The column with the text, or several. Left out, it is found by its name or its values."
    )
    template: str | None = Field(None, description="Several columns as one text, such as '{subject}: {body}'.")
    label: str | None = Field(
        None, description="The column with the label: a text, a number, or a list of several. Left out, it is found."
    )
    label_names: list[str] | None = Field(None, description="Names of labels that are numbers, in their order from 0.")
    group: str | None = Field(None, description="The column that says which rows belong together.")
    split: str | None = Field(
        None, description="The column that says which part a row is of: train, validation or test."
    )
    id: str | None = Field(
        None, description="The column with the key of a row: a table in another order is the same version."
    )
    weight: str | None = Field(None, description="The column with the weight of a row in training.")
    io_manager: str | None = Field(
        None, description="Resource key of the IO manager that loads the table, where it is not that of the asset."
    )

    @property
    def key(self) -> dg.AssetKey | None:
        """The key of the upstream asset."""
        if self.asset is None:
            return None
        return dg.AssetKey(key_path(f"{DATASET}.asset", self.asset))

    def session_fields(self) -> dict[str, Any]:
        """The fields of the session that say which column is what."""
        several = self.template
        if isinstance(self.text, list) and several is None:
            several = "\n\n".join(f"{{{column}}}" for column in self.text)
        fields = {
            "text_template": several,
            "text_column": self.text if isinstance(self.text, str) and several is None else None,
            "label_column": self.label,
            "label_names": self.label_names,
            "group_field": self.group,
            "weight_column": self.weight,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class DatasetSource:
    """Where the one dataset of an instance comes from.

    Attributes:
        name: of the dataset, its partition.
        reference: a file, a folder, a URL or a dataset of the platform; None where `source` has an upstream asset.
    """

    name: str
    source: Source
    reference: str | None
