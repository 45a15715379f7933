"""A few test rows asked without constrained decoding, as production callers may ask; and a base against itself."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.comparison import Comparison, compare
from fw_assets.classification.labels import LabelSet
from fw_assets.classification.prompt import Prompt
from fw_assets.classification.sample import stratified_sample
from fw_assets.classification.scores import score
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.answers import AnswerStore
from fw_assets.pipeline.inference import ask
from fw_assets.pipeline.spending import Account
from fw_assets.pipeline.values import NO_USAGE, FreeSlice, Usage


async def ask_freely(
    client: Fireworks,
    account: Account,
    address: str,
    prompt: Prompt,
    labels: LabelSet,
    test: pl.DataFrame,
    constrained: pl.DataFrame,
    *,
    what: str,
) -> tuple[FreeSlice | None, Usage]:
    """The session's `free_rows` test rows without constraint, beside the same rows as they were evaluated.

    Args:
        test: the test rows (SPLIT).
        constrained: their predictions.

    Returns:
        None where the session wants no such rows. A platform that answers only with constraints refuses the first
        row, and no other is sent.
    """
    session = account.plan.session
    rows = stratified_sample(test, session.free_rows, session.seed) if session.free_rows else test.clear()
    if not rows.height:
        return None, NO_USAGE
    free = prompt.free()
    answers = AnswerStore(account.store, account.dataset, address, free.digest)
    first = await ask(client, address, free, rows.head(1), answers, what=f"{what}, unconstrained, first row")
    if first.refused is not None:
        return FreeSlice(rows=rows.height, supported=False, why=first.refused), NO_USAGE
    asked = await ask(client, address, free, rows, answers, what=f"{what}, unconstrained")
    same = constrained.join(rows.select("id"), on="id", how="semi", maintain_order="left")
    return FreeSlice(
        rows=rows.height,
        supported=True,
        free=score(asked.predictions, labels.labels, labels.multi_label),
        constrained=score(same, labels.labels, labels.multi_label),
    ), asked.usage


async def ask_again(
    client: Fireworks,
    account: Account,
    address: str,
    prompt: Prompt,
    labels: LabelSet,
    test: pl.DataFrame,
    before: pl.DataFrame,
    *,
    what: str,
) -> tuple[Comparison | None, Usage]:
    """The null control: the same model on the same rows a second time; None where the session wants none."""
    if not account.plan.session.null_control:
        return None, NO_USAGE
    answers = AnswerStore(account.store, account.dataset, address, [prompt.digest, "null control"])
    asked = await ask(client, address, prompt, test, answers, what=f"{what}, null control")
    found = compare(
        before,
        asked.predictions,
        labels=labels.labels,
        multi_label=labels.multi_label,
        seed=account.plan.session.seed,
        resamples=0,
    )
    return found, asked.usage
