"""Phase 1: the labels of a dataset, and the part (train, validation, test) of every row."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from typing import Any

import dagster as dg
import polars as pl

from fw_assets.classification.dataset.chat import content_text, read_turns
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import SPLIT_COLUMNS, rejected_for_labels, resolve
from fw_assets.classification.labels.written_findings import turns_finding
from fw_assets.classification.objects.record_resolution import RECORD, resolve_records
from fw_assets.classification.prompting.listed_labels import check_listed, earlier_labels
from fw_assets.classification.slices.slicing import slice_rows
from fw_assets.classification.splits.turn_fields import turn_fields
from fw_assets.pipeline.registration.out_of_scope import with_out_of_scope
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.data_checks import label_checks
from fw_assets.pipeline.ui.histograms import findings, label_counts, label_histogram
from fw_assets.pipeline.ui.metadata import Row, document, markdown_table, summary, tables
from fw_assets.pipeline.values.registration import Registration
from fw_assets.report.escape import code
from fw_assets.report.formatting import clip, plural
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.dataset_rows import SLICES, inspected_rows_path, split_rows_path, write_rejected_rows
from fw_assets.workspace.frames import scan_rows, sink_frame
from fw_assets.workspace.workspace import Workspace

MAX_VALUES = 8

MAX_SYSTEM_MESSAGES = 1_000
"""Rows whose system messages are looked through for a list of the labels."""
MAX_CONVERSATIONS = 20_000
"""Rows whose earlier answers are compared with the labels."""


@pipeline_asset(
    kinds={"polars"},
    description=(
        "Phase 1: The labels, given or inferred: counts, imbalance, duplicates and near-duplicates, and which rows "
        "are for training, validation and test. The checks name what to look at before approving the plan."
    ),
)
def label_set(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Resolves the labels of every row and assigns each row to train, validation or test."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        inspected = store.require("inspected_dataset", dataset, InspectedDataset)
        made = made_meanwhile(LabelSet, registration.inputs)
        labels = made or _resolve(store, dataset, registration, inspected)
    version = store.write("label_set", dataset, labels, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=label_checks(dataset, labels),
        metadata={
            **_metadata(dataset, labels),
            "rejected_rows": inspected.rejected_rows + sum(count for _, count in labels.left_out),
            **tables(rejected=[{"kind": kind, "rows": count} for kind, count in labels.left_out]),
        },
    )


def _resolve(store: Workspace, dataset: str, registration: Registration, inspected: InspectedDataset) -> LabelSet:
    with scan_rows(store, *inspected_rows_path(dataset)) as rows:
        narrow = rows.select(pl.exclude("messages")).collect(engine="streaming")
        batches = Batches(rows.select("id", "messages"))
        fields = turn_fields(row for batch in batches for row in batch.iter_rows())
        split, labels = resolve(narrow, inspected, registration.session, fields)
        labels = _with_turns(rows, narrow, split, labels, inspected)
        if registration.session.bad_rows == "quarantine":
            unlabelled = rejected_for_labels(narrow, inspected, registration.session)
            write_rejected_rows(store, dataset, (*inspected.rejected, *unlabelled))
        columns: tuple[str, ...] = SPLIT_COLUMNS
        if registration.session.slices:
            parts = narrow.with_columns(split["group"], split["split"])
            slices, facts = slice_rows(parts, registration.session.slices, inspected.files)
            labels = labels.model_copy(update={"slices": facts})
            if slices.width:
                split, columns = split.with_columns(slices.to_struct(SLICES)), (*SPLIT_COLUMNS, SLICES)
        if registration.session.fields:
            records = resolve_records(narrow, split, labels.labels, inspected, registration.session)
            found = (*labels.findings, *records.findings)
            multi_label = labels.multi_label or records.fields[0].kind == "list"
            update = {"fields": records.fields, "findings": found, "multi_label": multi_label}
            labels = labels.model_copy(update=update)
            split, columns = split.with_columns(records.column), (*columns, RECORD)
        # The messages are wide: they pass from one file to the other without being in memory at once.
        wide = pl.concat([split.lazy(), rows.select("messages")], how="horizontal").select(columns)
        sink_frame(store, wide, *split_rows_path(dataset))
    used = narrow.select("id", "text").with_columns(split["group"], split["split"])
    return with_out_of_scope(store, registration, labels, used)


def _with_turns(
    rows: pl.LazyFrame, narrow: pl.DataFrame, split: pl.DataFrame, labels: LabelSet, inspected: InspectedDataset
) -> LabelSet:
    """The label set with what the turns before the answers say of it; refused where their list lacks a few labels."""
    if narrow["shape"].str.starts_with("s").all():
        sample = rows.select("messages").head(MAX_SYSTEM_MESSAGES).collect()["messages"]
        check_listed((content_text(read_turns(row)[0].get("content")) for row in sample), split, labels, inspected)
    earlier = rows.filter(pl.col("shape").str.contains("a.")).select("id", "messages").head(MAX_CONVERSATIONS).collect()
    found = turns_finding(earlier_labels(earlier["messages"], labels.labels), earlier["id"].to_list())
    return labels.model_copy(update={"findings": (*labels.findings, *found)})


_KINDS = {"label": "", "list": ", a list", "text": ", free text", "json": ", any JSON"}


def _field_rows(labels: LabelSet) -> list[Row]:
    """The fields that every answer has, the label first."""
    return [
        {
            "field": f"{field.name}{_KINDS[field.kind]}",
            "values": ", ".join(clip(text, 30) for text in field.texts[:MAX_VALUES]),
            "without": field.absent,
        }
        for field in labels.fields
    ]


def _metadata(dataset: str, labels: LabelSet) -> dict[str, Any]:
    return {
        "summary": summary(
            dataset,
            f"**{plural(len(labels.labels), 'label')}**, {'given' if labels.given else 'inferred from the data'}; "
            f"{_balance(labels)}.",
        ),
        "labels": len(labels.labels),
        "multi_label": labels.multi_label,
        "imbalance_ratio": round(labels.imbalance.ratio, 2),
        **tables(fields=_field_rows(labels)),
        **findings(labels),
        "rarest_labels": label_histogram(labels),
        "all_labels": document(f"Rows of each label, the rarest first.\n\n{markdown_table(label_counts(labels))}"),
        **tables(
            alike=[
                {"rows": f"{pair.first} {pair.second}", "kind": f"{pair.kind} {pair.similarity:.2g}", "text": pair.text}
                for pair in labels.overlap.examples
            ]
        ),
    }


def _balance(labels: LabelSet) -> str:
    ratio, most, least = labels.imbalance.ratio, labels.imbalance.most, labels.imbalance.least
    if f"{ratio:.1f}" == "1.0":
        return "all of them about equally frequent" if len(labels.labels) > 1 else "there is no other"
    return f"{code(most[0])} is {ratio:.1f} times as frequent as {code(least[0])}"
