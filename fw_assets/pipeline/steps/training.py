"""Training on the platform under the approved plan: the rows after the mitigation, their upload, and paid jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.labels.imbalance import apply_mitigation
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.splits.sampling import stratified_sample
from fw_assets.fireworks import Fireworks, JobFailed, Stalled
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.budget.payment import open_payment
from fw_assets.pipeline.budget.quote_checks import check_estimate, check_quote
from fw_assets.pipeline.errors.attempts import JobStalled
from fw_assets.pipeline.platform.fine_tuning import (
    STALL_SECONDS,
    Upload,
    ended_job,
    job_ending,
    train,
    upload,
)
from fw_assets.pipeline.steps.job_start import job_start
from fw_assets.pipeline.values.tuning import SweepCell
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.slots import slot

TrainingPart = Literal["train", "sweep"]


@dataclass(frozen=True)
class TrainingData:
    """Uploaded rows for training jobs.

    Attributes:
        part: all training rows, or the sample of the sweep.
        share: of the training rows, what a point of the learning curve trains on.
    """

    part: TrainingPart
    share: float
    training: Upload
    validation: Upload


def training_rows(account: PlanAccount, part: TrainingPart, share: float = 1.0) -> pl.DataFrame:
    """The rows of a part after the approved mitigation.

    A sample is drawn before the mitigation, so that oversampled rows do not crowd out others.
    """
    seed = account.plan.session.seed
    rows = split_rows(account.store, account.dataset, "train").collect()
    most = account.plan.sweep_rows if part == "sweep" else max(1, round(rows.height * share))
    if most < rows.height:
        rows = stratified_sample(rows, most, seed)
    labels = account.store.require("label_set", account.dataset, LabelSet)
    return apply_mitigation(rows, labels.imbalance, account.mitigation, seed)


async def upload_training_data(
    client: Fireworks, account: PlanAccount, part: TrainingPart, share: float = 1.0
) -> TrainingData:
    """Put the training rows of a part and the validation rows on the platform, or find them there."""
    store, dataset, plan = account.store, account.dataset, account.plan
    prompt = store.require("prompt", dataset, Prompt)
    validation = split_rows(store, dataset, "validation").with_columns(weight=pl.lit(None, pl.Float64)).collect()
    return TrainingData(
        part,
        share,
        await upload(
            client, plan.dataset_id(part, account.mitigation, share), training_rows(account, part, share), prompt
        ),
        await upload(client, plan.dataset_id("validation", account.mitigation), validation, prompt),
    )


async def run_training_job(
    client: Fireworks,
    account: PlanAccount,
    slug: str,
    cell: Cell,
    data: TrainingData,
    *,
    line: str,
    price_share: float = 1.0,
    poll: float,
    what: str,
    on_quote: Callable[[], None] = lambda: None,
) -> SweepCell:
    """Train a model with one cell of the grid and pay for it; a job that exists is waited for.

    Of one dataset, over all its models and steps, at most the session's `max_parallel_jobs` are active.

    Args:
        line: the estimate line that pays.
        price_share: of the line's price, what this job is at most.
        poll: seconds between two looks at the job.
        what: the job in progress messages.
        on_quote: is called once the job exists and the platform's estimate of its cost is within what is held for it.

    Raises:
        CeilingReached: it could cost more than was approved; nothing was started.
        EstimateAboveHeld: the platform asks more than the line holds; nothing was started.
        EstimateAboveCeiling: the plan has no price of the job, and the platform asks more than is left.
        JobCost: it asks more, which only the job that it created shows.
        AttemptFailed: it ended without a model; the message says whether approving again allows another attempt.
        JobStalled: it makes no progress.
    """
    first_id = account.plan.job_id(slug, cell, data.part, account.mitigation, data.share)
    attempts = Attempts.of(account)
    tokens = data.training.tokens
    in_dataset = None if tokens is None else tokens * cell.epochs

    async def settle(job_id: str) -> None:
        # What another workspace's attempt cost is in its own ledger.
        if job_id in {item.id for item in account.ledger().reservations}:
            ended = await ended_job(client, job_id, data.training, cell.epochs)
            failed = open_payment(account, line, job_id, price_share)
            if ended.tokens is not None:
                failed.settle({"training": ended.tokens}, "tokens")
            else:
                failed.settle_uncounted(ended.estimated_usd, in_dataset)

    async def current_id() -> str:
        find_ending = partial(job_ending, client, created=attempts.created)
        current = await attempts.current(first_id, "fine-tuning job", find_ending, settle)
        return current.id

    job_id = await current_id()
    limit = account.plan.session.max_parallel_jobs
    async with slot(account.store, limit, job_id, account.dataset, "training_slots", poll=poll):
        payment = open_payment(account, line, job_id, price_share)

        def accept_quote(usd: float | None) -> None:
            attempts.record_created(job_id)
            check_quote(payment, usd)
            on_quote()

        try:
            trained = await train(
                client,
                job_id,
                account.plan.model(slug).name,
                cell,
                data.training,
                data.validation,
                start=account.plan.warm_start.name if account.plan.warm_start else None,
                thresholds=account.plan.job_thresholds(account.plan.model(slug)),
                poll=poll,
                what=what,
                estimated=partial(check_estimate, payment, model=account.plan.model(slug).name),
                quoted=accept_quote,
                turn=job_start(client, account, job_id, poll=poll, what=f"{what} {cell.name}"),
            )
        except JobFailed:
            await current_id()  # settles the attempt, and says whether there is another
            raise
        except Stalled as stall:
            raise JobStalled(
                job_id, stall.last, STALL_SECONDS / 60, to_approve(account.store, account.dataset)
            ) from stall
    payment.settle_tokens(trained.trained_tokens, trained.estimated_usd, in_dataset)
    return trained
