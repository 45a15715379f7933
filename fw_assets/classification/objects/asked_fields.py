"""Asked fields: which fields of the answers a session asks for, and where in the objects they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fw_assets.classification.fields.answer_field import fields_called
from fw_assets.classification.fields.paths import Path, path_name
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.session import ALL_FIELDS, Session, field_kind


class AskedName(NamedTuple):
    """A field that the session asks for, and the kind that it forces, if any."""

    name: str
    path: Path
    forced: str | None = None


def asked_fields(session: Session, inspected: InspectedDataset) -> tuple[AskedName, ...]:
    """The fields that the session asks for, the label first; the name of an object stands for all that is in it."""
    every = {field.keys: field.name for field in inspected.fields}
    label = inspected.label_path
    if field_kind(session.fields[0])[0] == ALL_FIELDS:
        paths = dict.fromkeys((label, *every))
        return tuple(AskedName(every.get(path, path_name(path)), path) for path in paths)
    asked: dict[Path, AskedName] = {}
    for text in session.fields:
        name, forced = field_kind(text)
        called = fields_called(inspected.fields, name)
        if forced and len(called) > 1:
            # An object that is to be one value.
            called = ()
        named = [AskedName(field.name, field.keys, forced) for field in called] or [AskedName(name, (name,), forced)]
        for item in named:
            asked.setdefault(item.path, item)
    return tuple(asked.values())


def written_places(session: Session, inspected: InspectedDataset, asked: Sequence[AskedName]) -> list[int]:
    """The places of the fields in the objects: with `*` those of the data; zeros where they have that order."""
    if session.fields != (ALL_FIELDS,):
        return [0] * len(asked)
    order = {field.keys: place for place, field in enumerate(inspected.fields)}
    places = [order.get(item.path, 0) for item in asked]
    return places if places != sorted(places) else [0] * len(asked)
