"""After delivery: the deployment's answers of all nights against those that it was accepted with."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt

import dagster as dg
from pydantic import Field

from fw_assets.classification.selection.nightly_checks import NightlyChecks
from fw_assets.pipeline.approvals import regression_account
from fw_assets.pipeline.evaluation.night_log import LOG
from fw_assets.pipeline.evaluation.regression import reevaluate
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.ui.metadata import Row, figure, files, picture, summary, table
from fw_assets.pipeline.ui.regression_checks import accuracy_sentence, regression_checks
from fw_assets.report.escape import prose
from fw_assets.report.formatting import percent
from fw_assets.report.plots.nights import nights_chart
from fw_assets.workspace.workspace import Workspace

MAX_DATES = 30


class RegressionConfig(dg.Config):
    """When, and for how much at most."""

    date: str = Field("", description="YYYY-MM-DD; today (UTC) when empty. Answers of one date are asked for once.")
    max_usd: float = Field(
        0.0,
        description="The check is not part of the approved plan: it is refused when it could cost more than this.",
    )


@pipeline_asset(
    kinds={"fireworks"},
    description=(
        "Afterwards: The live deployment, asked again for its frozen test rows; all nights since it was accepted "
        "are compared with the accepted answers. Materialize it by hand, or switch on the schedule "
        "{nightly_regression}."
    ),
)
def regression(
    context: dg.AssetExecutionContext,
    config: RegressionConfig,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Asks, keeps the night in regression.jsonl, checks all nights, and keeps the cost in ledger/regression.jsonl."""
    store, dataset = workspace.open(), context.partition_key
    date = config.date or dt.datetime.now(dt.UTC).date().isoformat()
    with readable_failures():
        host = platform.open()
        result = host.call(lambda client: reevaluate(client, host, store, dataset, date, config.max_usd))
    version = store.write("regression", dataset, result, inputs=date)
    checks, accuracy = result.checks, result.checks.accuracy
    verdict = "**It got worse.**" if accuracy.shown else ""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=regression_checks(dataset, result),
        metadata={
            "summary": summary(
                dataset, prose(f"{date}: {accuracy_sentence(checks)}"), verdict, *map(prose, result.notes)
            ),
            "date": date,
            "deployment": result.deployment,
            "accuracy": figure(checks.nights[-1].right),
            "difference": figure(accuracy.difference),
            "difference_low": figure(accuracy.low),
            "difference_high": figure(accuracy.high),
            "e_value": accuracy.e_value,
            "coverage": figure(checks.nights[-1].valid),
            "flips": figure(checks.nights[-1].flips),
            "rows": checks.rows,
            "distinct_rows": checks.units,
            "nights": len(checks.nights),
            **_costs(store, dataset),
            "by_night": picture(nights_chart(checks.right, checks.nights)),
            "dates": table(_date_rows(checks)),
            **files(
                store.root,
                every_date=(dataset, LOG),
                night=result.predictions,
            ),
        },
    )


def _date_rows(checks: NightlyChecks) -> list[Row]:
    """The last nights, the newest first."""
    return [
        {
            "date": night.date,
            "right": percent(night.right),
            "flips": percent(night.flips),
            "shown": ", ".join(night.shown),
        }
        for night in reversed(checks.nights[-MAX_DATES:])
    ]


def _costs(store: Workspace, dataset: str) -> dict[str, int | float]:
    """The cost of all checks of a dataset, which the UI plots over time."""
    ledger = regression_account(store, dataset).ledger()
    return {"checks": len(ledger.entries), "paid_usd": ledger.spent, "held_usd": ledger.reserved}
