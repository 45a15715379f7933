"""The label set, as the plan shows it for confirmation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.fields.record_field import RecordField
from fw_assets.classification.intervals import wilson_half_width
from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.imbalance import Imbalance
from fw_assets.classification.slices.slice_fields import SliceField
from fw_assets.classification.splits.duplicates import OverlapFacts
from fw_assets.classification.splits.out_of_scope import OutOfScope
from fw_assets.classification.splits.split import SplitFacts
from fw_assets.classification.values import Frozen, digest

RARE_TEST_ROWS = 10
"""A label with fewer test rows is called rare: its accuracy cannot be told to better than about 25 points."""

TYPICAL_ACCURACY = 0.85
"""The accuracy for which the plan says how precisely it will be known."""

Severity = Literal["info", "warn", "error"]


class Finding(Frozen):
    """An observation that a person should see before approving the plan; `rows` are ids of the first rows concerned."""

    check: str
    """`schema`, `labels_known`, `imbalance`, `overlap` or `rare_labels`."""
    severity: Severity
    message: str
    rows: tuple[str, ...] = ()
    consequential: bool = False
    """Whether it is said among the plan's warnings as well: it changes what is learned."""


class LabelCount(Frozen):
    """Rows of one label in each part; `test_groups` of its test rows are distinct, where that was counted."""

    label: str
    train: int
    validation: int
    test: int
    test_groups: int | None = None

    @property
    def total(self) -> int:
        return self.train + self.validation + self.test

    @property
    def test_half_width(self) -> float | None:
        """Half the width of the 95 % interval of an accuracy of 0.85 on the distinct test rows; None without any."""
        rows = self.test if self.test_groups is None else self.test_groups
        return float(wilson_half_width(TYPICAL_ACCURACY, rows)) if rows else None


class LabelSet(Frozen):
    """The labels with their spellings, their rows in each part, and what is remarkable about them."""

    labels: tuple[str, ...]
    """In the order of the session's `labels`, else sorted."""
    multi_label: bool
    given: bool
    counts: tuple[LabelCount, ...]
    aliases: tuple[tuple[str, str], ...]
    """(spelling, label): other spellings in the data that count as the label."""
    alias_rows: dict[str, int] = Field(default_factory=dict)
    """Rows of each spelling of `aliases`; empty in values of before they were counted."""
    contained: tuple[tuple[str, str], ...]
    """(inner, outer): labels that are part of another label's text, so that only whole answers tell them apart."""
    only_in_eval: tuple[str, ...]
    rare: tuple[str, ...]
    """Labels with fewer than `RARE_TEST_ROWS` test rows."""
    near_misses: tuple[tuple[str, str], ...]
    """(rare, frequent): labels that are probably misspelled; they stay labels of their own."""
    contradictions: int
    """Groups of texts, equal after normalisation, whose rows have different labels."""
    extraction: Extraction
    imbalance: Imbalance
    split: SplitFacts
    overlap: OverlapFacts
    findings: tuple[Finding, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """Rows without a known label that `bad_rows: quarantine` left out, by kind: `no-label`, `unknown-label`."""
    groups: dict[str, int] = Field(default_factory=dict)
    """Distinct rows (duplicate groups, conversations) of each part; empty in values of before they were counted."""
    effective_groups: dict[str, float] = Field(default_factory=dict)
    """Groups of equal size that those of each part are worth (Kish 1965); empty in values of before it."""
    slices: tuple[SliceField, ...] = ()
    """Of the session's `slices`, those of the test rows."""
    fields: tuple[RecordField, ...] = ()
    """That every answer has, the label first; empty where the label alone is asked for."""
    out_of_scope: OutOfScope | None = None
    """Of the session's `out_of_scope` file."""

    def independent(self, part: str, rows: int) -> int:
        """The independent rows that `rows` of this part are worth: fewer than its groups where a few are large."""
        return int(self.effective_groups.get(part, self.groups.get(part, rows)) + 1e-9)

    @property
    def digest(self) -> str:
        """Digest of the labels, their order and aliases, the extraction and the split."""
        parts = [self.split.train_digest, self.split.validation_digest, self.split.test_digest]
        fields = [self.fields] if self.fields else []
        return digest([self.labels, self.multi_label, self.aliases, self.extraction.name, *parts, *fields])
