"""Would more labels help: each finalist trained on a part of the training rows, and asked for the same test rows."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

import dagster as dg
import polars as pl

from fw_assets.classification.cost.estimate import CURVE_SHARES
from fw_assets.classification.labels.imbalance import apply_mitigation
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.assets.metrics import metrics
from fw_assets.pipeline.assets.plan import account_of, approved_plan
from fw_assets.pipeline.budget.account import Account, reserved, share_of
from fw_assets.pipeline.evaluation.evaluate import evaluate
from fw_assets.pipeline.partitions import cells, dataset_and_model
from fw_assets.pipeline.phases import tuning_inputs
from fw_assets.pipeline.platform.fine_tuning import train, upload
from fw_assets.pipeline.progress import listening, to_log
from fw_assets.pipeline.resources import PlatformResource, WorkspaceResource
from fw_assets.pipeline.retries import retry_transient, warn_on_cancel
from fw_assets.pipeline.run_tags import tag_cost
from fw_assets.pipeline.ui.checks import curve_check, specs
from fw_assets.pipeline.ui.metadata import picture, summary, table
from fw_assets.pipeline.values import CurvePoint, FineTuned, LearningCurve, TunedMetrics
from fw_assets.report.assembly.model_results import learning_point
from fw_assets.report.formatting import percent, plural
from fw_assets.report.plots.learning_curve import learning_curve as draw


@dg.asset(
    partitions_def=cells,
    deps=[metrics],
    group_name="3_tuning",
    kinds={"fireworks"},
    code_version="1",
    pool="fine_tune",
    check_specs=specs("learning_curve"),
    description=(
        "**Phase 5.** Would more labels help? One finalist on 25 % and 50 % of the training rows, where the session "
        "asks for it (`learning_curve: true`)."
    ),
)
def learning_curve(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource, platform: PlatformResource
) -> dg.MaterializeResult:
    """Trains with the finalist's own cell; nothing is chosen from it."""
    dataset, slug = dataset_and_model(context)
    store, host = workspace.open(), platform.open()
    with retry_transient(context), listening(to_log(context.log.info)):
        current = approved_plan(store, dataset)
        account = account_of(store, dataset, current)
        whole = store.require("fine_tuned_models", dataset, FineTuned, slug)
        measured = store.require("metrics", dataset, TunedMetrics, slug)

        async def work(client: Fireworks) -> LearningCurve:
            shares = CURVE_SHARES if current.session.learning_curve else ()
            points = [await _point(client, account, slug, whole, share, host.poll_seconds) for share in shares]
            last = CurvePoint(share=1.0, rows=whole.rows, test=measured.test, model=whole.tuned_model)
            return LearningCurve(points=(*points, last))

        with warn_on_cancel(context, account, slug):
            result = host.call(work)
    inputs = tuning_inputs(current.digest, account.mitigation)
    made = store.write("learning_curve", dataset, result, inputs=inputs, model=slug)
    chart = draw([learning_point(p.share, p.rows, p.test) for p in result.points])
    rows = [
        {"rows": p.rows, "accuracy": p.test.headline.value, "low": p.test.headline.low, "high": p.test.headline.high}
        for p in result.points
    ]
    sizes = " → ".join(f"{percent(p.test.headline.value)} on {plural(p.rows, 'row')}" for p in result.points)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(made),
        check_results=[curve_check(f"{dataset}, {slug}", result)],
        metadata={
            "summary": summary(f"{dataset}, {slug}", f"{sizes}."),
            "test_rows": table(rows),
            "accuracy": result.points[-1].test.headline.value,
            "rows": result.points[-1].rows,
            "cost_usd": tag_cost(context, account.paid_usd(f"learning-curve/{slug}")),
            "chart": picture(chart),
        },
    )


async def _point(
    client: Fireworks, account: Account, slug: str, whole: FineTuned, share: float, poll: float
) -> CurvePoint:
    store, dataset, current = account.store, account.dataset, account.plan
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    frame = store.scan_frame(dataset, "assets", "label_set.parquet")
    everything = frame.filter(pl.col("split") == "train").collect()
    sample = stratified_sample(everything, max(1, round(everything.height * share)), current.session.seed)
    rows = apply_mitigation(sample, labels.imbalance, account.mitigation, current.session.seed)
    validation = frame.filter(pl.col("split") == "validation").with_columns(weight=pl.lit(None, pl.Float64)).collect()
    training = await upload(client, current.dataset_id("train", account.mitigation, share), rows, prompt)
    checked = await upload(client, current.dataset_id("validation", account.mitigation), validation, prompt)
    job = current.job_id(slug, whole.cell, "train", account.mitigation, share)
    key = f"learning-curve/{slug}"
    line = account.line(key)
    training_share = share_of(line, "training") if line else 1.0
    payment = reserved(account, key, job, training_share * share / sum(CURVE_SHARES))
    trained = await train(
        client,
        job,
        whole.model,
        whole.cell,
        training,
        checked,
        poll=poll,
        what=f"{slug} on {share:.0%}",
        quoted=payment.quoted,
    )
    payment.settle_tokens(trained.trained_tokens)
    found = await evaluate(
        client,
        account,
        trained.model,
        strategy="deployment",
        slug=slug,
        kind=f"tuned-on-{share:.0%}".replace("%", "pct"),
        stage="learning-curve",
        poll=poll,
        parts=("test",),
        extras=False,
        share=(1 - training_share) / len(CURVE_SHARES),
    )
    return CurvePoint(share=share, rows=training.rows, test=found.test, model=trained.model)
