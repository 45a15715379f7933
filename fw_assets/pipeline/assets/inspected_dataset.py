"""Phase 1: the rows of a dataset, read and validated line by line."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from pathlib import PurePath

import dagster as dg

from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.inspection import inspect_dataset
from fw_assets.pipeline.config import SessionConfig, session_values
from fw_assets.pipeline.registration.registration import register, source_paths
from fw_assets.pipeline.registration.staging import local_copies
from fw_assets.pipeline.registration.verification import verified_unchanged
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.data_checks import schema_check
from fw_assets.pipeline.ui.histograms import length_histogram, worst_problems
from fw_assets.pipeline.ui.metadata import files, summary, table
from fw_assets.pipeline.values.registration import Registration
from fw_assets.pipeline.workflow.next_step import to_register
from fw_assets.report.formatting import plural
from fw_assets.workspace.dataset_rows import REJECTED_ROWS, inspected_rows_path, write_rejected_rows
from fw_assets.workspace.frames import row_folder, scan_rows
from fw_assets.workspace.workspace import Workspace


@pipeline_asset(
    kinds={"polars", "pandera"},
    description=(
        "Phase 1: The dataset as it is: every row read and validated line by line.\n\n"
        "Starts by itself when a file is dropped in the inbox (sensor {inbox}). Malformed lines fail it with "
        "file, line and field in the failure's metadata; “bad_rows: quarantine” in the session leaves them out. To "
        "register a dataset by hand: click Materialize, and name dataset and models in the launchpad."
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
        registration = _registration(store, platform, dataset, session_values(config))
        inspected = made_meanwhile(InspectedDataset, registration.inputs) or _inspect(store, dataset, registration)
    with scan_rows(store, *inspected_rows_path(dataset)) as rows:
        lengths = length_histogram(rows)
    version = store.write("inspected_dataset", dataset, inspected, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=[schema_check(dataset, inspected)],
        metadata={
            "summary": summary(
                dataset,
                f"**{plural(inspected.rows, 'row')}** in {plural(len(inspected.files), 'file')}, "
                f"{plural(inspected.labels_seen, 'label')}; {plural(inspected.rejected_rows, 'line')} left out.",
            ),
            "files": table(
                [
                    {"file": PurePath(f.path_name).name, "rows": f.rows, "left out": f.rejected, "bytes": f.size_bytes}
                    for f in inspected.files
                ]
            ),
            "rows": inspected.rows,
            "rejected_rows": inspected.rejected_rows,
            "labels": inspected.labels_seen,
            "lengths": lengths,
            **worst_problems(inspected),
            **(files(store.root, rejected=(dataset, REJECTED_ROWS)) if inspected.rejected else {}),
        },
    )


def _inspect(store: Workspace, dataset: str, registration: Registration) -> InspectedDataset:
    with (
        local_copies(store, registration.dataset_files) as sources,
        verified_unchanged(sources) as check_unchanged,
        row_folder(store, *inspected_rows_path(dataset)) as folder,
    ):
        inspected = inspect_dataset(RowStore(folder), *source_paths(sources), registration.session)
        check_unchanged(inspected.files)
    write_rejected_rows(store, dataset, inspected.rejected)
    return inspected


def _registration(
    store: Workspace, platform: PlatformResource, dataset: str, changes: dict[str, object]
) -> Registration:
    """The registration of the dataset, after the changes that the launchpad makes to its session, if any.

    Raises:
        InputError: the changes are wrong.
        FileNotFoundError: the dataset was never registered, and the changes do not name its file.
    """
    current = store.read("registration", dataset, Registration)
    if current is not None and not changes:
        return current
    if current is None and "dataset" not in changes:
        raise FileNotFoundError(
            f"{dataset} has no session yet: name its file and the models in the launchpad (ops: inspected_dataset: "
            f"config: dataset, models), or {to_register(store)}"
        )
    before = current.session_fields() if current else {}
    return register(store, platform.open(), {**before, **changes}, driver="daemon", name=dataset)
