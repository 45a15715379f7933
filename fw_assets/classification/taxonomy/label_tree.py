"""Label tree: what stands above labels, by parents that are given or by paths, such as `billing/refund`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from fw_assets.classification.values import Frozen

SEPARATORS = ("/", ">", "::", "|", ":", ".", "__")
MAX_LEVELS = 6
_MIN_SHARE = 0.5
"""Share of the labels that have to be paths, so that a single `n/a` makes no hierarchy."""


class LabelTree(Frozen):
    """Labels as paths from the top to themselves; one that is no path is its own parent at every level.

    Attributes:
        separator: between the names in a label; empty where parents are given, and labels are names.
        paths: by label; the names from the top, the last of which is the label's own.
    """

    separator: str
    paths: dict[str, tuple[str, ...]]

    @cached_property
    def levels(self) -> int:
        """The number of levels, the labels' own among them."""
        return max(map(len, self.paths.values()))

    def above(self, label: str, level: int) -> str:
        """The part of a label down to a level, from 1; the whole label at the last level, or where it ends before.

        Spaces around separators are left out above the last level, so that a label and those below it agree.
        """
        path = self.paths.get(label)
        if path is None or level >= self.levels:
            return label
        return self.separator.join(path[:level]) if self.separator else path[:level][-1]

    def size(self, level: int) -> int:
        """The number of different names at a level."""
        return len({self.above(label, level) for label in self.paths})


def label_tree(labels: Sequence[str], parents: Mapping[str, str] | None = None) -> LabelTree | None:
    """The hierarchy of labels; None where they are not written as one.

    Args:
        parents: of labels, where they are given; without circles.

    A separator makes one if at least half of the labels are paths by it, at least two tops are there, one of them has
    several labels below it, and tops are fewer than labels.
    """
    if parents:
        return LabelTree(separator="", paths={label: _upwards(label, parents)[::-1] for label in labels})
    for separator in SEPARATORS:
        paths = {label: _path(label, separator) for label in labels}
        deep = [path for path in paths.values() if len(path) > 1]
        tops = Counter(path[0] for path in paths.values())
        if len(deep) < max(2, _MIN_SHARE * len(labels)) or len(tops) < 2:
            continue
        if max(tops.values()) < 2 or max(map(len, deep)) > MAX_LEVELS:
            continue
        return LabelTree(separator=separator, paths=paths)
    return None


def _path(label: str, separator: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in label.split(separator))
    return parts if all(parts) else (label,)


def _upwards(label: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    way = [label]
    while (above := parents.get(way[-1])) is not None:
        way.append(above)
    return tuple(way)
