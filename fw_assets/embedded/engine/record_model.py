"""A tuned model whose answers are JSON objects: one model for each field with a set of values, a rule for each text.

On disk it has the two files of a `tuned_model`, with format 2 in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fw_assets.embedded.engine.span_rule import SpanRule
from fw_assets.embedded.engine.tuned_model import (
    TunedModel,
    flat_arrays,
    from_manifest,
    intact,
    manifest_in,
    manifest_of,
    read_arrays,
    read_manifest,
    write_files,
)

FORMAT = 2


@dataclass(frozen=True)
class LearnedField:
    """What was learned of one field; of `model` and `rule` at most one is there.

    Attributes:
        path: its keys, from the object inwards.
        values: the values of the training by the labels of `model`, as JSON; of lists those of their items.
        constant: the only value of the training, or what is said of every text, as JSON, where neither is there; empty
            where nothing can be said. Of lists, what is said where no item applies.
        many: whether the values are lists.
    """

    path: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)
    model: TunedModel | None = None
    rule: SpanRule | None = None
    constant: str = "null"
    many: bool = False


@dataclass(frozen=True)
class RecordModel:
    """The fields in the order of the training's objects."""

    base_model: str
    fields: tuple[LearnedField, ...]
    notes: Mapping[str, Any] = field(default_factory=dict)


def save(model: RecordModel, folder: Path) -> None:
    """Write the model into a folder."""
    arrays = {
        f"{index}/{name}": array
        for index, item in enumerate(model.fields)
        if item.model is not None
        for name, array in flat_arrays(item.model).items()
    }
    fields = [
        {
            "path": item.path,
            "values": dict(item.values),
            "model": manifest_of(item.model) if item.model else None,
            "rule": asdict(item.rule) if item.rule else None,
            "constant": item.constant,
            "many": item.many,
        }
        for item in model.fields
    ]
    write_files(
        folder,
        arrays,
        {"format": FORMAT, "base_model": model.base_model, "fields": fields, "notes": dict(model.notes)},
    )


def is_record_model(folder: Path) -> bool:
    """Whether the folder holds a model of records.

    Raises:
        DamagedModel: its manifest is missing or unreadable.
    """
    with intact(folder):
        return bool(read_manifest(folder)["format"] == FORMAT)


def load(folder: Path) -> RecordModel:
    """The model in `folder`.

    Raises:
        DamagedModel: naming the file that is missing or unreadable.
        EngineError: it has another format.
    """
    with intact(folder):
        manifest, arrays = manifest_in(folder, FORMAT), read_arrays(folder)
        return RecordModel(
            base_model=manifest["base_model"],
            fields=tuple(_field(item, index, arrays) for index, item in enumerate(manifest["fields"])),
            notes=manifest["notes"],
        )


def _field(item: Mapping[str, Any], index: int, arrays: Mapping[str, Any]) -> LearnedField:
    own = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{index}/")}
    return LearnedField(
        # The first version knew no fields within fields.
        path=tuple(item.get("path") or (item["name"],)),
        values=item["values"],
        model=from_manifest(item["model"], own) if item["model"] else None,
        rule=SpanRule(**item["rule"]) if item["rule"] else None,
        constant=item["constant"],
        many=item.get("many", False),
    )
