"""The label set that the plan shows for confirmation, with everything about it that a person should know."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.intervals import wilson_half_width
from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.imbalance import Imbalance
from fw_assets.classification.splits.duplicates import OverlapFacts
from fw_assets.classification.splits.split import SplitFacts
from fw_assets.classification.values import Frozen, digest

RARE_TEST_ROWS = 10
"""A label with fewer test rows is called rare: its accuracy cannot be told to better than about 25 points."""

Severity = Literal["info", "warn", "error"]


class Finding(Frozen):
    """Something a person should see before approving; `rows` are ids, at most `ROWS` of them."""

    check: str
    """`schema`, `labels_known`, `imbalance`, `overlap` or `rare_labels`."""
    severity: Severity
    message: str
    rows: tuple[str, ...] = ()


class LabelCount(Frozen):
    """Occurrences of one label in each part."""

    label: str
    train: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        return self.train + self.validation + self.test

    @property
    def test_half_width(self) -> float | None:
        """Half the 95 % Wilson interval of an accuracy of 0.85 on the test rows; None without any."""
        return float(wilson_half_width(0.85, self.test)) if self.test else None


class LabelSet(Frozen):
    """The labels, how they were found, and how they lie in the data."""

    labels: tuple[str, ...]
    """In the given order, else sorted."""
    multi_label: bool
    given: bool
    counts: tuple[LabelCount, ...]
    aliases: tuple[tuple[str, str], ...]
    """(spelling, label): other spellings in the data, read as the label."""
    contained: tuple[tuple[str, str], ...]
    """(inner, outer): labels inside labels; only a whole-answer match tells them apart."""
    only_in_eval: tuple[str, ...]
    rare: tuple[str, ...]
    """Labels with fewer than `RARE_TEST_ROWS` test rows."""
    near_misses: tuple[tuple[str, str], ...]
    """(rare, frequent): probably misspelt labels; left as they are."""
    contradictions: int
    """Groups of equal texts (after normalisation) whose rows have different labels."""
    extraction: Extraction
    imbalance: Imbalance
    split: SplitFacts
    overlap: OverlapFacts
    findings: tuple[Finding, ...]
    left_out: tuple[tuple[str, int], ...] = ()
    """Rows without a known label that `bad_rows: quarantine` left out, by kind: `no-label`, `unknown-label`."""

    @property
    def digest(self) -> str:
        """Changes with the labels, their order and aliases, the extraction and the split."""
        parts = [self.split.train_digest, self.split.validation_digest, self.split.test_digest]
        return digest([self.labels, self.multi_label, self.aliases, self.extraction.name, *parts])
