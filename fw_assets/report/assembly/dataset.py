"""The dataset as report.json has it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from fw_assets.classification.labels.findings import large_groups_outside
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.splits.split import SplitFacts
from fw_assets.report.formatting import typeset
from fw_assets.report.schema.dataset import DataFile, DatasetSummary, SplitRows


def dataset_summary(inspected: InspectedDataset, labels: LabelSet) -> DatasetSummary:
    imbalance, overlap = labels.imbalance, labels.overlap
    return DatasetSummary(
        files=tuple(
            DataFile(
                name=PurePath(file.path_name).name,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                rows=file.rows,
                rejected=file.rejected,
                read_as=file.read_as,
                part=file.part,
            )
            for file in inspected.files
        ),
        extraction=_label_source(inspected, labels),
        extraction_coverage=labels.extraction.coverage,
        labels_given=labels.given,
        multi_label=labels.multi_label,
        label_rows={
            item.label: SplitRows(train=item.train, validation=item.validation, test=item.test)
            for item in labels.counts
        },
        imbalance_ratio=imbalance.ratio,
        imbalance_threshold=imbalance.threshold,
        imbalance_exceeded=imbalance.exceeded,
        duplicate_groups=overlap.near_groups,
        removed_from_train=overlap.removed_from_train,
        variants_in_test=len(overlap.variants),
        variants_in_train=overlap.variants_in_train,
        out_of_scope=labels.out_of_scope,
        **_large_groups(labels.split),
        contradictions=labels.contradictions,
        rejected=inspected.rejected_rows + sum(count for _, count in labels.left_out),
        findings=tuple(typeset(finding.message) for finding in labels.findings),
    )


def _large_groups(split: SplitFacts) -> dict[str, Any]:
    """What is said of large duplicate groups; nothing where the test rows have their share of them."""
    if not large_groups_outside(split):
        return {}
    return {
        "large_groups_outside": split.large_groups,
        "large_group_rows": split.large_group_rows,
        "large_share": split.large_share,
        "large_test_share": split.large_test_share,
    }


def _label_source(inspected: InspectedDataset, labels: LabelSet) -> str:
    if inspected.ground_truth_rows == inspected.rows:
        return "the rows' ground_truth"
    rule = labels.extraction.name.replace("_", " ", 1 if labels.extraction.key else -1)
    return rule if not inspected.ground_truth_rows else f"ground_truth where given, else {rule}"
