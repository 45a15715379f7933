"""Phase 1: the dataset as it is, and the labels it is about."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg
import polars as pl

from fw_assets.classification.dataset.read_result import RejectedRow, rejected_jsonl
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.inspection import inspect_dataset
from fw_assets.classification.labels.label_noise import find_suspects, suspects_csv
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import SPLIT_COLUMNS, rejected_for_labels, resolve
from fw_assets.pipeline.config import SessionConfig, session_values
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.registration.registration import register, source_paths
from fw_assets.pipeline.registration.staging import local_copies
from fw_assets.pipeline.registration.verification import verified_unchanged
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.ui.data_checks import (
    label_checks,
    label_specs,
    noise_check,
    noise_spec,
    schema_check,
    schema_spec,
    suspect_rows,
)
from fw_assets.pipeline.ui.histograms import label_histogram, length_histogram, worst_findings, worst_problems
from fw_assets.pipeline.ui.metadata import files, summary, table
from fw_assets.pipeline.values import Registration
from fw_assets.report.escape import code
from fw_assets.report.formatting import count, plural
from fw_assets.workspace.frames import row_folder, scan_rows, sink_frame
from fw_assets.workspace.workspace import Workspace


def registered(
    workspace: Workspace, platform: PlatformResource, dataset: str, changes: dict[str, object]
) -> Registration:
    """The registration of a dataset, after `changes` from the launchpad, if there are any.

    Raises:
        InputError: the changes are wrong.
        FileNotFoundError: the dataset was never registered and the changes do not name a file and models.
    """
    current = workspace.read("registration", dataset, Registration)
    if current is not None and not changes:
        return current
    if current is None and "dataset" not in changes:
        raise FileNotFoundError(
            f"{dataset} has no session yet: name its file and the models in the launchpad (ops: inspected_dataset: "
            f"config: dataset, models), or use `fw-assets plan FILE --model MODEL`"
        )
    before = current.session.model_dump(mode="json", exclude_unset=True) if current else {}
    return register(workspace, platform.open(), {**before, **changes}, driver="daemon", name=dataset)


@dg.asset(
    partitions_def=datasets,
    group_name="1_plan",
    kinds={"polars", "pandera"},
    check_specs=[schema_spec("inspected_dataset")],
    code_version="1",
    description=(
        "**Phase 1.** The dataset as it is: every row read and validated line by line.\n\n"
        "Starts by itself when a file is dropped in the inbox (sensor `inbox`). Malformed lines fail it with "
        "file, line and field in the failure's metadata; `bad_rows: quarantine` in the session leaves them out. To "
        "register a dataset by hand: *Materialize*, and name `dataset` and `models` in the launchpad."
    ),
)
def inspected_dataset(
    context: dg.AssetExecutionContext,
    config: SessionConfig,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Reads the files of one dataset. Malformed lines fail it, with file, line and field, unless quarantined."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = registered(store, platform, dataset, session_values(config))
        with (
            local_copies(store, registration.files) as sources,
            verified_unchanged(sources) as check,
            row_folder(store, *rows_path(dataset)) as folder,
        ):
            inspected = inspect_dataset(RowStore(folder), *source_paths(sources), registration.session)
            check(inspected.files)
    _write_rejected(store, dataset, inspected.rejected)
    with scan_rows(store, *rows_path(dataset)) as rows:
        lengths = length_histogram(rows)
    made = store.write("inspected_dataset", dataset, inspected, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[schema_check("inspected_dataset", dataset, inspected)],
        metadata={
            "summary": summary(
                dataset,
                f"**{plural(inspected.rows, 'row')}** in {plural(len(inspected.files), 'file')}, "
                f"{plural(inspected.labels_seen, 'label')}; {plural(len(inspected.rejected), 'line')} left out.",
            ),
            "dagster/partition_row_count": inspected.rows,
            "files": table(
                [
                    {"file": f.path_name, "rows": f.rows, "rejected": f.rejected, "bytes": f.size_bytes}
                    for f in inspected.files
                ]
            ),
            "rows": inspected.rows,
            "rejected_rows": len(inspected.rejected),
            "labels": inspected.labels_seen,
            "lengths": lengths,
            "worst_problems": worst_problems(inspected),
            **(files(store, rejected=(dataset, "rejected_rows.jsonl")) if inspected.rejected else {}),
        },
    )


@dg.asset(
    partitions_def=datasets,
    deps=[inspected_dataset],
    group_name="1_plan",
    kinds={"polars"},
    check_specs=label_specs("label_set"),
    code_version="1",
    description=(
        "**Phase 1.** The labels, given or inferred: counts, imbalance, duplicates and near-duplicates, and which rows "
        "are for training, validation and test. The checks name what to look at before approving the plan."
    ),
)
def label_set(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Resolves the labels of every row and assigns each row to train, validation or test."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures(), scan_rows(store, *rows_path(dataset)) as rows:
        registration = store.require("registration", dataset, Registration)
        inspected = store.require("inspected_dataset", dataset, InspectedDataset)
        frame = rows.select(pl.exclude("messages")).collect(engine="streaming")
        split, labels = resolve(frame, inspected, registration.session)
        if registration.session.bad_rows == "quarantine":
            unknown = rejected_for_labels(frame, inspected, registration.session)
            _write_rejected(store, dataset, (*inspected.rejected, *unknown))
        # The messages are wide: they pass from one file to the other without being in memory at once.
        whole = pl.concat([split.lazy(), rows.select("messages")], how="horizontal").select(SPLIT_COLUMNS)
        sink_frame(store, whole, dataset, "assets", "label_set.parquet")
    made = store.write("label_set", dataset, labels, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=label_checks("label_set", dataset, labels),
        metadata={
            **_label_metadata(dataset, labels),
            "rejected_rows": len(inspected.rejected) + sum(count for _, count in labels.left_out),
            "rejected": table([{"kind": kind, "rows": count} for kind, count in labels.left_out]),
        },
    )


@dg.asset(
    partitions_def=datasets,
    # After the plan, which a person waits for.
    deps=[label_set, "plan"],
    group_name="1_plan",
    kinds={"scikitlearn"},
    check_specs=[noise_spec("label_suspects")],
    code_version="1",
    description=(
        "**Phase 1.** Rows whose label a model of the other rows doubts, for a person to look at. Nothing is changed, "
        "and nothing waits for it."
    ),
)
def label_suspects(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Ranks the doubted rows, in label_suspects_train.csv and label_suspects_test.csv. No other asset waits for it."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        frame = store.scan_frame(dataset, "assets", "label_set.parquet")
        found = find_suspects(frame, registration.session.seed)
    for side in ("train", "test"):
        store.write_text(suspects_csv(found, test=side == "test"), dataset, f"label_suspects_{side}.csv")
    made = store.write("label_suspects", dataset, found, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[noise_check("label_suspects", dataset, found)],
        metadata={
            "summary": summary(
                dataset,
                f"**{count(found.doubted_train + found.doubted_test)}** of {plural(found.judged, 'row')} are labelled "
                "otherwise than a model of the other rows would. Where to look, not what to change.",
            ),
            "doubted_train_rows": found.doubted_train,
            "doubted_test_rows": found.doubted_test,
            "judged_rows": found.judged,
            "first": table(suspect_rows(found)[:20]),
            **files(
                store,
                train_suspects=(dataset, "label_suspects_train.csv"),
                test_suspects=(dataset, "label_suspects_test.csv"),
            ),
        },
    )


def rows_path(dataset: str) -> tuple[str, ...]:
    """Where the rows of an inspected dataset lie."""
    return (dataset, "assets", "inspected_dataset.rows")


def _write_rejected(store: Workspace, dataset: str, rejected: tuple[RejectedRow, ...]) -> None:
    # An empty file takes the place of one that an earlier state of the data left behind.
    if rejected or store.read_text(dataset, "rejected_rows.jsonl"):
        store.write_text("".join(f"{line}\n" for line in rejected_jsonl(rejected)), dataset, "rejected_rows.jsonl")


def _label_metadata(dataset: str, labels: LabelSet) -> dict[str, dg.MetadataValue | int | float | bool]:
    ratio, most, least = labels.imbalance.ratio, labels.imbalance.most, labels.imbalance.least
    return {
        "summary": summary(
            dataset,
            f"**{plural(len(labels.labels), 'label')}**, {'given' if labels.given else 'inferred from the data'}; "
            f"{code(most[0])} is {ratio:.1f} times as frequent as {code(least[0])}.",
        ),
        "labels": len(labels.labels),
        "multi_label": labels.multi_label,
        "imbalance_ratio": round(ratio, 2),
        "counts": table(
            [{"label": c.label, "train": c.train, "validation": c.validation, "test": c.test} for c in labels.counts]
        ),
        "histogram": label_histogram(labels),
        "findings": table([{"check": f.check, "severity": f.severity, "finding": f.message} for f in labels.findings]),
        "worst_problems": worst_findings(labels),
        "alike": table([item.model_dump() for item in labels.overlap.examples]),
    }
