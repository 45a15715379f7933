"""The dataset in report.json: its files, labels and parts."""

from __future__ import annotations

from pydantic import Field

from fw_assets.classification.splits.out_of_scope import OutOfScope
from fw_assets.classification.values import Frozen


class SplitRows(Frozen):
    """Rows of each part; `excluded` rows repeat a test row or have no known label, and are used nowhere."""

    train: int
    validation: int
    test: int
    excluded: int = 0


class SplitGroups(Frozen):
    """Distinct rows of each part: copies of a text, near-copies and rows of one conversation count once.

    `effective_test`: groups of equal size that those of the test part are worth (Kish 1965); null in older reports.
    """

    train: int
    validation: int
    test: int
    effective_test: float | None = None


class DataFile(Frozen):
    """A file that was read."""

    name: str
    sha256: str
    size_bytes: int
    rows: int
    rejected: int = 0
    read_as: str = ""
    """Format and columns; empty for chat JSONL."""
    part: str = "train"
    """`train`, `validation` or `test`, as the file's name says."""


class DatasetSummary(Frozen):
    """Files, labels and faults of the data, known before anything is paid for."""

    files: tuple[DataFile, ...] = ()
    extraction: str | None = None
    extraction_coverage: float | None = None
    labels_given: bool = False
    multi_label: bool = False
    label_rows: dict[str, SplitRows] = Field(default_factory=dict)
    imbalance_ratio: float | None = None
    imbalance_threshold: float | None = None
    imbalance_exceeded: bool = False
    duplicate_groups: int = 0
    removed_from_train: int = 0
    variants_in_test: int = 0
    """Rows of a given evaluation dataset with variants among the training rows: all but a word or a slot the same."""
    variants_in_train: int = 0
    """Those training rows."""
    large_groups_outside: int = 0
    """Large duplicate groups of which the test rows have another share than all rows: those without any test row."""
    large_group_rows: int = 0
    """Their rows."""
    large_share: float = 0.0
    """Of large duplicate groups among all rows; `large_test_share`: among the test rows."""
    large_test_share: float = 0.0
    contradictions: int = 0
    out_of_scope: OutOfScope | None = None
    """The file of texts that belong to no label; null without one."""
    rejected: int = 0
    """Lines and rows that `bad_rows: quarantine` left out, those without a known label among them."""
    findings: tuple[str, ...] = ()
