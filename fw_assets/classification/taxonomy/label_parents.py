"""Parents of labels that are no paths: label -> what stands above it, a label of its own or a name for several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.near_names import did_you_mean
from fw_assets.classification.taxonomy.label_tree import MAX_LEVELS, label_tree

_MAX_LABEL = 300


class LabelFault(ValueError):
    """What is wrong with a label of a session, whose place in the file a reader of it can tell."""

    def __init__(self, label: object, message: str) -> None:
        super().__init__(f"{label}: {message}")
        self.label, self.message = label, message


def _checked(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    read = {}
    for label, parent in value.items():
        if not isinstance(label, str):
            raise LabelFault(
                repr(label), "this label has to be quoted, since YAML reads it as something else than text"
            )
        if not isinstance(parent, str) or not parent.strip() or "\0" in parent:
            raise LabelFault(label, f"expected the name of its parent as a text, found {parent!r:.80}; quote it")
        read[label.strip()] = parent.strip()
    check_circles(read)
    return read


LabelParents = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=_MAX_LABEL)],
        Annotated[str, Field(min_length=1, max_length=_MAX_LABEL)],
    ],
    Field(min_length=1, max_length=5_000),
    BeforeValidator(_checked),
]
"""Label -> its parent."""


def check_circles(parents: Mapping[str, str]) -> None:
    """Raises LabelFault where a label stands above itself, or too deep."""
    for label in parents:
        way = [label]
        while (above := parents.get(way[-1])) is not None:
            if above in way:
                circle = " -> ".join([*way[way.index(above) :], above])
                raise LabelFault(label, f"its parents lead in a circle ({circle}); leave one of them out")
            way.append(above)
        if len(way) > MAX_LEVELS:
            raise LabelFault(label, f"it stands {len(way)} levels deep, and {MAX_LEVELS} are the most")


def label_tops(labels: Sequence[str], parents: Mapping[str, str]) -> frozenset[str]:
    """What stands at the top of the labels."""
    tree = label_tree(labels, parents)
    return frozenset(tree.above(label, 1) for label in labels) if tree else frozenset(labels)


def parent_faults(parents: Mapping[str, str], labels: Sequence[str]) -> Iterator[LabelFault]:
    """What is wrong with the parents of these labels, beside circles."""
    known = set(labels)
    children = Counter(parents.values())
    if (paths := label_tree(labels)) is not None:
        mixed = [label for label in labels if label not in parents and len(paths.paths[label]) > 1]
        for label in mixed[:1]:
            message = f"it is a path by {paths.separator!r}, and other labels have a parent; keep one form: give it a"
            yield LabelFault(label, f"{message} parent too, or leave parent out everywhere")
            return
    for label, parent in parents.items():
        if label not in known:
            meant = did_you_mean(label, labels) or f"the labels are {_some(labels)}"
            yield LabelFault(label, f"it has a parent and is no label; {meant}")
        elif parent not in known and children[parent] == 1:
            others = [name for name in children if children[name] > 1]
            meant = did_you_mean(parent, [*others, *labels])
            message = f"its parent {parent!r} is no label, and the parent of no other label"
            yield LabelFault(label, f"{message}; {meant or 'a group of one says nothing, so leave its parent out'}")
    if len(label_tops(labels, parents)) < 2:
        message = "the parents leave one name at the top alone, which makes no hierarchy; give parents to fewer labels"
        yield LabelFault(next(iter(parents)), message)


def check_parents(parents: Mapping[str, str], labels: Sequence[str]) -> None:
    """Raises InputError where the parents of a session do not fit the dataset's labels."""
    problems = [
        Problem(kind="session", field=f"label_parents.{fault.label}", message=fault.message)
        for fault in parent_faults(parents, labels)
    ]
    if problems:
        raise InputError(problems, advice="Correct the session and run again; nothing was started.")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
