"""Does what was deployed still answer as well as on the day it was accepted? Asked again for its frozen test rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import datetime as dt
import time

import dagster as dg
import polars as pl
from pydantic import Field

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.values import Frozen, Interval
from fw_assets.fireworks import DeploymentSpec, Fireworks
from fw_assets.pipeline.assets.deployment import deployment
from fw_assets.pipeline.budget.regression_account import regression_account
from fw_assets.pipeline.errors import PhaseError, Unanswered
from fw_assets.pipeline.evaluation.online import ask
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.partitions import datasets
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import readable_failures
from fw_assets.pipeline.ui.metadata import Row, files, summary, table
from fw_assets.pipeline.values import DeploymentRecord
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace

CHECK = "regression"


class RegressionConfig(dg.Config):
    """When, and for how much at most."""

    date: str = Field("", description="YYYY-MM-DD; today (UTC) when empty. Answers of one date are asked for once.")
    max_usd: float = Field(
        0.0,
        description="The check is not part of the approved plan: it is refused when it could cost more than this.",
    )


class Regression(Frozen):
    """A deployment on one date against the result that it was accepted with."""

    date: str
    deployment: str
    comparison: Comparison

    @property
    def holds(self) -> bool:
        """Whether the paired interval of the difference includes no difference at all."""
        return unchanged(self.comparison.difference)


def unchanged(difference: Interval) -> bool:
    """Whether a paired interval includes 0."""
    return difference.low <= 0 <= difference.high


@dg.asset(
    partitions_def=datasets,
    deps=[deployment],
    group_name="4_delivery",
    kinds={"fireworks"},
    pool="inference",
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="regression",
            description="The deployment answers its test rows as well as when it was accepted.",
        )
    ],
    code_version="1",
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
    store, host, dataset = workspace.open(), platform.open(), context.partition_key
    date = config.date or dt.datetime.now(dt.UTC).date().isoformat()
    with readable_failures():
        found = host.call(lambda client: reevaluate(client, store, dataset, date, config.max_usd))
    store.append_line(found.model_dump_json(), dataset, "regression.jsonl")
    made = store.write("regression", dataset, found, inputs=date)
    difference = found.comparison.difference
    figures = {
        "accuracy": (found.comparison.both + found.comparison.gained) / found.comparison.rows,
        "accuracy_difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "rows": found.comparison.rows,
        "rows_gained": found.comparison.gained,
        "rows_lost": found.comparison.lost,
    }
    said = (
        f"{found.comparison.gained} rows gained, {found.comparison.lost} lost of {found.comparison.rows}: "
        f"accuracy {difference.value:+.3f} (95 % interval {difference.low:+.3f} to {difference.high:+.3f})"
    )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[
            dg.AssetCheckResult(
                asset_key="regression",
                check_name=CHECK,
                passed=found.holds,
                severity=dg.AssetCheckSeverity.ERROR,
                description=f"{dataset}: {said}",
                metadata=figures,
            )
        ],
        metadata={
            "summary": summary(
                dataset,
                f"on {date}: {said}. " + ("It answers as it did." if found.holds else "**It changed.**"),
            ),
            "date": date,
            "deployment": found.deployment,
            **figures,
            **_costs(store, dataset),
            "dates": table(dates(store, dataset)),
            **files(store, every_date=(dataset, "regression.jsonl")),
        },
    )


def dates(store: Workspace, dataset: str, most: int = 30) -> list[Row]:
    """The last checks, the newest first."""
    kept = [Regression.model_validate_json(line) for line in store.lines(dataset, "regression.jsonl")]
    return [
        {
            "date": one.date,
            "difference": one.comparison.difference.value,
            "low": one.comparison.difference.low,
            "high": one.comparison.difference.high,
            "holds": one.holds,
        }
        for one in reversed(kept[-most:])
    ]


def _costs(store: Workspace, dataset: str) -> dict[str, int | float]:
    """What all checks of a dataset came to, for the UI to plot over time."""
    ledger = regression_account(store, dataset).ledger()
    return {"checks": len(ledger.entries), "paid_usd": ledger.spent, "held_usd": ledger.reserved}


async def reevaluate(client: Fireworks, store: Workspace, dataset: str, date: str, max_usd: float) -> Regression:
    """The deployment's answers of `date` against those it was accepted with.

    Raises:
        PhaseError: nothing is deployed, the test rows are others by now, or it could cost more than `max_usd`.
        Unanswered: requests failed for good.
    """
    record = store.require("deployment", dataset, DeploymentRecord)
    if not record.deployed or record.deployment is None or record.address is None:
        raise PhaseError(f"nothing is deployed for {dataset}: {record.gate.why}")
    slug = record.winner.model
    accepted = prediction_batches(store, dataset, slug, "tuned", "test")
    rows = Batches(store.scan_frame(dataset, "assets", "label_set.parquet"), pl.col("split") == "test")
    known = accepted.columns("id")["id"].sort()
    if not rows.columns("id")["id"].sort().equals(known):
        raise PhaseError(
            f"{dataset} has other test rows than those its deployment was accepted on: finish the new plan"
        )
    account = regression_account(store, dataset)
    most = account.most_usd(slug)
    if most is None or most > max_usd:
        cost = "has no known price" if most is None else f"could cost ${most:.2f}"
        raise PhaseError(f"asking {known.len()} rows {cost}; allowed are ${max_usd:.2f}: raise max_usd to allow it")
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    probe = request(prompt, next(iter(rows))["messages"][0])
    payment = account.reserve_check(slug, record.deployment, date)
    started = time.monotonic()
    await client.wait_deployment_ready(record.deployment.rsplit("/", 1)[-1], record.model, probe=probe)
    answers = ResponseCache(store, dataset, record.address, [prompt.digest, "regression", date])
    asked = await ask(client, record.address, prompt, rows, answers, what=f"{slug} regression {date}")
    window = DeploymentSpec(base_model=record.model).scale_to_zero_window
    payment.settle(
        {
            "tuned-inference-input": asked.usage.prompt_tokens,
            "tuned-inference-output": asked.usage.completion_tokens,
            "deployment-hour": payment.hours(time.monotonic() - started, window),
        },
        "tokens and hours",
    )
    comparison = compare(accepted, asked.judged(), labels=labels.labels, resamples=0)
    if not comparison.complete:
        raise Unanswered(record.model, known.len() - comparison.rows)
    return Regression(date=date, deployment=record.deployment, comparison=comparison)
