"""Accuracy by slices of the test rows, and by levels of the labels, in report.json."""

from __future__ import annotations

from pydantic import Field

from fw_assets.classification.hierarchy.levels import LevelScores
from fw_assets.classification.selection.verdict import Verdict
from fw_assets.classification.values import Frozen, Interval
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import Kind


class SliceChangeResult(Frozen):
    """The fine-tuned model against its base on one slice; the interval holds together with those of all slices."""

    before: float
    after: float
    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    adjusted_p_value: float
    verdict: Verdict


class SliceResult(Frozen):
    """The model that is kept on one slice, against its accuracy on all other test rows.

    `groups` of the rows are distinct. `interval` is that of the accuracy (95%), `difference_interval` that of slice
    minus rest, which holds together with those of all slices. `shown_worse`: the slice is shown to be worse than the
    rest by more than the session's margin.
    """

    field: str
    name: str
    rows: int
    groups: int
    accuracy: float
    interval: Bounds
    rest_accuracy: float
    difference: float
    difference_interval: Bounds
    p_value: float
    adjusted_p_value: float
    verdict: Verdict
    shown_worse: bool
    change: SliceChangeResult | None = None


class UnjudgedSlice(Frozen):
    """A slice that is too small to be judged, or that leaves too few other rows."""

    field: str
    name: str
    rows: int
    groups: int


class Slices(Frozen):
    """All slices that the session asked for, those that lie furthest below the rest first.

    `model` is the one that is kept, `tuned` the fine-tuned one that `change` is about. `comparisons`: of slices with
    the rest, for which the p-values are adjusted; `changes`: of the two models. `min_groups`: distinct rows that a
    slice needs. `notes`: fields that make no slices, and why.
    """

    model: str
    kind: Kind
    tuned: str | None
    comparisons: int
    changes: int
    min_groups: int
    margin: float
    whats: dict[str, str] = Field(default_factory=dict)
    """What the slices of each field are of, where it is no field of the rows: `script`, `number of characters`."""
    results: tuple[SliceResult, ...]
    unjudged: tuple[UnjudgedSlice, ...] = ()
    notes: tuple[str, ...] = ()


class HierarchyResult(Frozen):
    """The scores of one model at each level, from the top; the last level is that of whole labels."""

    model: str
    kind: str
    scores: LevelScores


class LevelChange(Frozen):
    """A fine-tuned model minus its base at one level, from 1; all levels of a model are judged together."""

    model: str
    level: int
    difference: Interval
    adjusted_p: float
    verdict: Verdict


class Hierarchy(Frozen):
    """The levels of the labels, and `sizes`: the number of names at each, from the top.

    `separator` is that of labels that are paths, empty where the session gives parents.
    """

    separator: str
    sizes: tuple[int, ...]
    results: tuple[HierarchyResult, ...]
    changes: tuple[LevelChange, ...] = ()
