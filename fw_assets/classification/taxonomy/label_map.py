"""Labels as a map, as session files may give them: label -> what it means, or its description and its parent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fw_assets.classification.near_names import did_you_mean
from fw_assets.classification.taxonomy.label_parents import LabelFault, check_circles, parent_faults

_FIELDS = ("description", "parent")


def without_map(fields: Any) -> Any:
    """A session's fields in which `labels` is a list; what a map says of them is in `label_descriptions` and
    `label_parents`.

    Raises:
        LabelFault: a label is described twice, or its parent cannot be.
    """
    if not isinstance(fields, Mapping) or not isinstance(fields.get("labels"), Mapping):
        return fields
    labels = fields["labels"]
    descriptions, parents = dict[Any, Any](), dict[Any, Any]()
    for label, value in labels.items():
        description, parent = _read(label, value)
        if description is not None:
            descriptions[label] = description
        if parent is not None:
            parents[_plain(label)] = parent
    if fields.get("label_parents") is None and parents:
        names = [_plain(label) for label in labels if isinstance(label, str)]
        check_circles(parents)
        for fault in parent_faults(parents, names):
            raise fault
    read = {**fields, "labels": list(labels)}
    for field, found in (("label_descriptions", descriptions), ("label_parents", parents)):
        own = fields.get(field)
        if isinstance(own, Mapping):
            if twice := [label for label in found if label in own]:
                raise LabelFault(twice[0], f"labels and {field} both describe {twice[0]}; keep one of them")
            read[field] = found | dict(own)
        elif own is None and (found or field == "label_descriptions"):
            read[field] = found or None
    return read


def _plain(label: Any) -> Any:
    return label.strip() if isinstance(label, str) else label


def _read(label: Any, value: Any) -> tuple[Any, str | None]:
    """The description, unchecked, and the parent."""
    if not isinstance(value, Mapping):
        return value, None
    if unknown := [name for name in value if name not in _FIELDS]:
        meant = did_you_mean(str(unknown[0]), _FIELDS) or "the fields are description and parent"
        raise LabelFault(label, f"{unknown[0]!r} is not a field of a label; {meant}")
    parent = value.get("parent")
    if parent is not None and (not isinstance(parent, str) or not parent.strip()):
        raise LabelFault(label, f"expected the name of its parent as a text, found {parent!r:.80}; quote it")
    return value.get("description"), parent.strip() if parent else None
