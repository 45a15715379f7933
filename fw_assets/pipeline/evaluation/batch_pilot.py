"""Pilot of batch inference: a handful of rows in a job of their own, before a model is paid for all of them."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import Fireworks, NotFound
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.evaluation.batch import ask_in_batch
from fw_assets.pipeline.evaluation.request_set import request_key
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.thinking import HANDFUL, ThinkingWatch
from fw_assets.workspace.batches import Batches


async def ask_pilot(
    client: Fireworks,
    model: str,
    prompt: Prompt,
    rows: Batches | pl.DataFrame,
    cache: ResponseCache,
    *,
    pilot: str,
    job: str,
    poll: float,
    what: str,
    attempts: Attempts,
) -> None:
    """Ask the first rows in a job of the id `pilot`; their answers are kept, so `job` does not ask them again.

    Nothing is asked where an answer already speaks for the others, the rows are few, or `job` was started without one.

    Args:
        what: title of the progress messages.

    Raises:
        ThinksBeforeAnswering: the model spends the tokens of an answer on its reasoning; the other rows are not asked.
        ReasoningRefused, BatchStalled, AttemptFailed: as for `ask_in_batch`.
    """
    watch = ThinkingWatch.over(model, prompt, cache.answers())
    if watch.answers and not watch.doubtful:
        return
    first = _first_rows(prompt, rows)
    if first is None or (await _exists(client, job) and not await _exists(client, pilot)):
        return
    await ask_in_batch(
        client, model, prompt, first, cache, job=pilot, poll=poll, what=f"{what}, the first ones", attempts=attempts
    )


def _first_rows(prompt: Prompt, rows: Batches | pl.DataFrame) -> pl.DataFrame | None:
    """The rows with the first distinct requests, a handful; None where there are no more than that."""
    keys = set[str]()
    frames = list[pl.DataFrame]()
    for batch in [rows] if isinstance(rows, pl.DataFrame) else rows:
        chosen = list[int]()
        for position, messages in enumerate(batch["messages"]):
            key = request_key(prompt, messages)
            if key in keys:
                continue
            if len(keys) == HANDFUL:
                return pl.concat([*frames, batch[chosen]])
            keys.add(key)
            chosen.append(position)
        frames.append(batch[chosen])
    return None


async def _exists(client: Fireworks, job: str) -> bool:
    try:
        await client.batch_inference_job(job)
    except NotFound:
        return False
    return True
