"""Phase 1: rows whose label is probably wrong, for a person to look at."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg

from fw_assets.classification.labels.label_noise import LabelSuspects, find_suspects, suspects_csv
from fw_assets.pipeline.resources import WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.data_checks import noise_check, suspect_rows, wrong_labels
from fw_assets.pipeline.ui.metadata import figure, files, summary, table
from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.dataset_rows import split_rows

MAX_SHOWN, MAX_TEXT = 10, 100


@pipeline_asset(
    kinds={"scikitlearn"},
    description=(
        "Phase 1: Rows whose label a model of the other rows doubts, for a person to look at. Nothing is changed, "
        "and nothing waits for it."
    ),
)
def label_suspects(context: dg.AssetExecutionContext, workspace: WorkspaceResource) -> dg.MaterializeResult:
    """Ranks the doubted rows, in label_suspects_train.csv and label_suspects_test.csv. No other asset waits for it."""
    store, dataset = workspace.open(), context.partition_key
    with readable_failures():
        registration = store.require("registration", dataset, Registration)
        made = made_meanwhile(LabelSuspects, registration.inputs)
        suspects = made or find_suspects(split_rows(store, dataset), registration.session.seed)
    for side in ("train", "test"):
        store.write_text(suspects_csv(suspects, test=side == "test"), dataset, f"label_suspects_{side}.csv")
    version = store.write("label_suspects", dataset, suspects, inputs=registration.inputs)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=[noise_check(dataset, suspects)],
        metadata={
            "summary": summary(
                dataset,
                f"{wrong_labels(suspects).capitalize()}. Where to look, not what to change.",
            ),
            **({"wrong_share": figure(suspects.wrong.value)} if suspects.wrong else {}),
            "doubted_train": suspects.doubted_train,
            "doubted_test": suspects.doubted_test,
            "judged_rows": suspects.judged,
            "first": table(suspect_rows(suspects, MAX_TEXT)[:MAX_SHOWN]),
            **files(
                store.root,
                train=(dataset, "label_suspects_train.csv"),
                test=(dataset, "label_suspects_test.csv"),
            ),
        },
    )
