"""A few test rows asked without constrained decoding, as production callers may ask; and a base against itself."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.splits.sampling import sample_positions, sampling_keys
from fw_assets.pipeline.budget.account import Account
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.values import NO_USAGE, UnconstrainedSample, Usage
from fw_assets.workspace.batches import Batches


async def ask_unconstrained(
    asker: InferenceStrategy,
    account: Account,
    prompt: Prompt,
    labels: LabelSet,
    test: Batches,
    constrained: Batches,
    *,
    what: str,
) -> tuple[UnconstrainedSample | None, Usage]:
    """The session's `free_rows` test rows without constraint, beside the same rows as they were evaluated.

    Args:
        test: the test rows (SPLIT), of which there are some.
        constrained: their predictions.

    Returns:
        None where the session wants no such rows. A platform that answers only with constraints refuses the first
        row, and no other is sent; in a batch it refuses all of them.
    """
    session = account.plan.session
    if not session.free_rows:
        return None, NO_USAGE
    keys = pl.concat([sampling_keys(part, session.seed) for part in test])
    rows = test.rows_at(sample_positions(keys, session.free_rows))
    free = prompt.unconstrained()
    answers = ResponseCache(account.store, account.dataset, asker.address, free.digest)
    tried = rows if asker.in_batch else rows.head(1)
    asked = await asker(free, tried, answers, part="unconstrained", what=f"{what}, unconstrained")
    if asked.refused is not None:
        return UnconstrainedSample(rows=rows.height, supported=False, why=asked.refused), NO_USAGE
    if not asker.in_batch:
        asked = await asker(free, rows, answers, part="unconstrained", what=f"{what}, unconstrained")
    same = constrained.rows_with_ids(rows["id"])
    return UnconstrainedSample(
        rows=rows.height,
        supported=True,
        free=score(asked.predictions, labels.labels, labels.multi_label),
        constrained=score(same, labels.labels, labels.multi_label),
    ), asked.usage


async def ask_again(
    asker: InferenceStrategy,
    account: Account,
    prompt: Prompt,
    labels: LabelSet,
    test: Batches,
    before: Batches,
    *,
    what: str,
) -> tuple[Comparison | None, Usage]:
    """The null control: the same model on the same rows a second time; None where the session wants none."""
    if not account.plan.session.null_control:
        return None, NO_USAGE
    answers = ResponseCache(account.store, account.dataset, asker.address, [prompt.digest, "null control"])
    asked = await asker(prompt, test, answers, part="null control", what=f"{what}, null control")
    found = compare(
        before,
        asked.judged(),
        labels=labels.labels,
        seed=account.plan.session.seed,
        resamples=0,
    )
    return found, asked.usage
