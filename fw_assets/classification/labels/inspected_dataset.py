"""The inspected dataset: what the files hold, before any label is resolved."""

from __future__ import annotations

from collections.abc import Collection

from fw_assets.classification.dataset.read_result import FileFacts, RejectedRow
from fw_assets.classification.fields.answer_field import AnswerField
from fw_assets.classification.fields.paths import Path
from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.json_rules import path_of
from fw_assets.classification.splits.repeated_fields import RepeatedField
from fw_assets.classification.values import Frozen


class Quantiles(Frozen):
    """The spread of a length over the rows."""

    least: int
    median: int
    p95: int
    most: int


class InspectedDataset(Frozen):
    """Facts about the rows of one dataset and its evaluation dataset, if there is one."""

    files: tuple[FileFacts, ...]
    rows: int
    eval_rows: int
    """Of `rows`, those of the evaluation dataset."""
    multi_label_rows: int
    """Rows whose extracted labels are not exactly one."""
    ground_truth_rows: int
    weighted_rows: int
    group_key_rows: int
    turns: Quantiles
    """Messages per row."""
    characters: Quantiles
    """Characters of the input turns, without the system message."""
    roles: tuple[str, ...]
    system_prompts: int
    """Distinct system messages."""
    labels_seen: int
    """Distinct extracted labels, before spelling variants are joined."""
    label_counts: tuple[tuple[str, int], ...]
    """The most frequent extracted labels with their rows, at most `MAX_LABELS_LISTED`."""
    extraction: Extraction
    rejected: tuple[RejectedRow, ...]
    """Lines left out because of `bad_rows: quarantine`, and the first rows that are left out without being at fault."""
    rejected_kinds: tuple[tuple[str, int], ...]
    passed_over: tuple[str, ...] = ()
    """Files of a folder that are not read."""
    digest: str
    """Of the files' content and the extraction rule."""
    fields: tuple[AnswerField, ...] = ()
    """Of the answers, where these are JSON objects of several fields."""
    repeated: tuple[RepeatedField, ...] = ()
    """Fields of the first rows that look like ids, repeat and are not used to keep rows together."""

    @property
    def rejected_rows(self) -> int:
        """The number of all lines that are left out."""
        return sum(file.rejected + sum(count for _, count in file.left_out) for file in self.files)

    @property
    def label_path(self) -> Path:
        """The names from an answer's object to the label; empty where it is elsewhere."""
        key = self.extraction.key if self.extraction.rule == "json_key" else None
        return path_of(key) if key else ()

    def holds_label(self, field: AnswerField) -> bool:
        """Whether the field is the label, or what it is in."""
        return bool(self.label_path) and self.label_path[: len(field.keys)] == field.keys

    def left_out_fields(self, asked: Collection[Path] = ()) -> tuple[AnswerField, ...]:
        """The fields that are neither the label nor among those asked for."""
        return tuple(field for field in self.fields if not self.holds_label(field) and field.keys not in asked)
