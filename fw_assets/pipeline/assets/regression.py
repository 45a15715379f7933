"""After delivery: the deployment's answers today against those that it was accepted with."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt

import dagster as dg
from pydantic import Field

from fw_assets.pipeline.approvals import regression_account
from fw_assets.pipeline.evaluation.regression import reevaluate
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.steps.asset_definition import pipeline_asset
from fw_assets.pipeline.steps.retries import readable_failures
from fw_assets.pipeline.steps.step_lock import made_meanwhile
from fw_assets.pipeline.ui.delivery_checks import regression_check
from fw_assets.pipeline.ui.metadata import Row, files, summary, table
from fw_assets.pipeline.values.delivery import Regression
from fw_assets.report.formatting import rows_text
from fw_assets.workspace.workspace import Workspace

HISTORY = "regression.jsonl"
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
        "**Afterwards.** The live deployment, asked again for its frozen test rows and compared row by "
        "row with the accepted answers. Materialize it by hand, or switch on the schedule nightly_regression."
    ),
)
def regression(
    context: dg.AssetExecutionContext,
    config: RegressionConfig,
    workspace: WorkspaceResource,
    platform: PlatformResource,
) -> dg.MaterializeResult:
    """Asks, compares, and keeps each date's figures in regression.jsonl and its cost in ledger/regression.jsonl."""
    store, dataset = workspace.open(), context.partition_key
    date = config.date or dt.datetime.now(dt.UTC).date().isoformat()
    with readable_failures():
        result = made_meanwhile(Regression, date)
        if result is None:
            host = platform.open()
            result = host.call(lambda client: reevaluate(client, host, store, dataset, date, config.max_usd))
            store.append_line(result.model_dump_json(), dataset, HISTORY)
    version = store.write("regression", dataset, result, inputs=date)
    comparison, difference = result.comparison, result.comparison.difference
    figures = {
        "accuracy": (comparison.both + comparison.gained) / comparison.rows,
        "accuracy_difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "rows": comparison.rows,
        "distinct_rows": comparison.rows if comparison.groups is None else comparison.groups,
        "rows_gained": comparison.gained,
        "rows_lost": comparison.lost,
    }
    sentence = (
        f"{comparison.gained} rows gained, {comparison.lost} lost of {rows_text(comparison.rows, comparison.groups)}: "
        f"accuracy {difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"
    )
    verdict = "It answers as it did." if result.holds else "**It changed.**"
    return dg.MaterializeResult(
        data_version=dg.DataVersion(version),
        check_results=[regression_check(dataset, result.holds, sentence, figures)],
        metadata={
            "summary": summary(dataset, f"on {date}: {sentence}. {verdict}"),
            "date": date,
            "deployment": result.deployment,
            **figures,
            **_costs(store, dataset),
            "dates": table(_date_rows(store, dataset)),
            **files(store, every_date=(dataset, HISTORY)),
        },
    )


def _date_rows(store: Workspace, dataset: str) -> list[Row]:
    """The last checks, the newest first."""
    checks = [Regression.model_validate_json(line) for line in store.lines(dataset, HISTORY)]
    return [
        {
            "date": check.date,
            "difference": check.comparison.difference.value,
            "low": check.comparison.difference.low,
            "high": check.comparison.difference.high,
            "holds": check.holds,
        }
        for check in reversed(checks[-MAX_DATES:])
    ]


def _costs(store: Workspace, dataset: str) -> dict[str, int | float]:
    """The cost of all checks of a dataset, which the UI plots over time."""
    ledger = regression_account(store, dataset).ledger()
    return {"checks": len(ledger.entries), "paid_usd": ledger.spent, "held_usd": ledger.reserved}
