"""Robustness of an evaluation: test rows without constrained decoding or in another order, and the null control."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.prompting.decision import in_reverse
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.session import Session
from fw_assets.classification.splits.sampling import sample_positions, sampling_keys
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.values.evaluation import NO_USAGE, OrderControl, UnconstrainedSample, Usage
from fw_assets.workspace.batches import Batches


async def evaluate_unconstrained(
    strategy: InferenceStrategy,
    account: PlanAccount,
    prompt: Prompt,
    labels: LabelSet,
    test: Batches,
    predictions: Batches,
    *,
    what: str,
) -> tuple[UnconstrainedSample | None, Usage]:
    """Ask the session's `free_rows` test rows without constrained decoding, as production callers may ask.

    Args:
        test: the test rows (SPLIT), of which there are some.
        predictions: the model's constrained predictions for them.

    Returns:
        None if the session wants no such rows. A platform that answers with constraints only rejects the first row,
        and no other is sent; in a batch job it rejects all of them.
    """
    session = account.plan.session
    if not session.free_rows or prompt.mode == "decision":
        return None, NO_USAGE
    rows = _sample(test, session)
    unconstrained = prompt.unconstrained()
    cache = strategy.cache(account, unconstrained.digest)
    first_rows = rows if strategy.in_batch else rows.head(1)
    result = await strategy.ask(unconstrained, first_rows, cache, part="unconstrained", what=f"{what}, unconstrained")
    if result.rejection is not None:
        return UnconstrainedSample(rows=rows.height, supported=False, why=result.rejection), NO_USAGE
    if not strategy.in_batch:
        result = await strategy.ask(unconstrained, rows, cache, part="unconstrained", what=f"{what}, unconstrained")
    return UnconstrainedSample(
        rows=rows.height,
        supported=True,
        free=score(result.predictions, labels.labels, labels.multi_label),
        constrained=score(predictions.rows_with_ids(rows["id"]), labels.labels, labels.multi_label),
    ), result.usage


async def evaluate_order(
    strategy: InferenceStrategy, account: PlanAccount, prompt: Prompt, test: Batches, predictions: Batches, *, what: str
) -> tuple[OrderControl | None, Usage]:
    """Ask the session's `free_rows` test rows once more with the labels in reverse order: a decision reads options in
    an order, and may prefer a place.

    None if the session wants no such rows, or its answers are no decisions.
    """
    session = account.plan.session
    if not session.free_rows or prompt.mode != "decision":
        return None, NO_USAGE
    rows = _sample(test, session)
    cache = strategy.cache(account, in_reverse(prompt).digest)
    result = await strategy.ask(in_reverse(prompt), rows, cache, part="unconstrained", what=f"{what}, reverse order")
    answered = predictions.rows_with_ids(rows["id"]).select("id", before=pl.col("predicted").list.sort())
    again = result.predictions.select("id", "outcome", after=pl.col("predicted").list.sort())
    both = again.filter(pl.col("outcome") != "failed").join(answered, on="id")
    return OrderControl(rows=both.height, flipped=both.filter(pl.col("before") != pl.col("after")).height), result.usage


def _sample(test: Batches, session: Session) -> pl.DataFrame:
    keys = pl.concat([sampling_keys(batch, session.seed) for batch in test])
    return test.rows_at(sample_positions(keys, session.free_rows))


async def evaluate_null_control(
    strategy: InferenceStrategy,
    account: PlanAccount,
    prompt: Prompt,
    labels: LabelSet,
    test: Batches,
    predictions: Batches,
    *,
    what: str,
) -> tuple[Comparison | None, Usage]:
    """Compare a model with itself, asked a second time for the test rows: how much of a difference is noise.

    None if the session wants no null control.
    """
    session = account.plan.session
    if not session.null_control:
        return None, NO_USAGE
    cache = strategy.cache(account, [prompt.digest, "null control"])
    result = await strategy.ask(prompt, test, cache, part="null control", what=f"{what}, null control")
    comparison = compare(
        predictions, result.prediction_batches(), labels=labels.labels, resamples=0, margin=session.margin
    )
    return comparison, result.usage
