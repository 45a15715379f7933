"""One model on the validation and the test rows: the same requests for base and fine-tuned models."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.metrics.confidence import ModelConfidence, model_confidence
from fw_assets.classification.metrics.scores import SCORED_COLUMNS, Scores, Tally
from fw_assets.classification.plan.plan import EvaluationPart
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.paired_counts import COMPARED_COLUMNS
from fw_assets.classification.session import Inference
from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.budget.account import Account, reserved
from fw_assets.pipeline.errors import Unanswered
from fw_assets.pipeline.evaluation.endpoint import Served, serve
from fw_assets.pipeline.evaluation.response_cache import ResponseCache
from fw_assets.pipeline.evaluation.robustness import ask_again, ask_unconstrained
from fw_assets.pipeline.evaluation.strategy import InferenceStrategy
from fw_assets.pipeline.values import NO_USAGE, UnconstrainedSample, Usage
from fw_assets.workspace.batches import Batches, write_batches
from fw_assets.workspace.predictions import CONFIDENCE_COLUMNS, prediction_batches, prediction_path
from fw_assets.workspace.workspace import Workspace

PARTS: tuple[EvaluationPart, ...] = ("validation", "test")


@dataclass(frozen=True)
class Evaluated:
    """One model on the parts that it was asked for."""

    served: Served
    scores: Mapping[str, Scores]
    usage: Usage
    trust: ModelConfidence | None = None
    free: UnconstrainedSample | None = None
    null_control: Comparison | None = None

    @property
    def validation(self) -> Scores:
        """The figures on the validation rows."""
        return self.scores["validation"]

    @property
    def test(self) -> Scores:
        """The figures on the test rows."""
        return self.scores["test"]


async def evaluate(
    client: Fireworks,
    account: Account,
    model: str,
    *,
    strategy: Inference,
    slug: str,
    kind: str,
    stage: str,
    poll: float,
    parts: Sequence[EvaluationPart] = PARTS,
    extras: bool = True,
    share: float = 1.0,
) -> Evaluated:
    """Ask `model` for the validation and test rows, score the answers, and keep the predictions.

    Args:
        strategy: on the platform's shared endpoint, in batch jobs, or on a deployment of its own that scales to zero.
        kind: `base` or `tuned`; with `slug`, the predictions' name.
        stage: the estimate's stage that pays.
        poll: how often a batch job's state is looked at, in seconds.
        parts: the parts to ask for.
        extras: also judge the confidence, and ask the session's unconstrained rows and null control.
        share: of the stage's price that this evaluation is at most.

    Raises:
        Unanswered: requests failed for good.
        CeilingReached: it could cost more than was approved.
    """
    store, dataset = account.store, account.dataset
    prompt = store.require("prompt", dataset, Prompt)
    labels = store.require("label_set", dataset, LabelSet)
    frame = store.scan_frame(dataset, "assets", "label_set.parquet")
    first = next(iter(Batches(frame, pl.col("split").is_in(PARTS))))["messages"][0]
    payment = reserved(account, f"{stage}/{slug}", f"{kind}-{digest([model, prompt.digest])}", share)
    served = await serve(client, model, shared=strategy != "deployment", probe=request(prompt, first))
    # The wait until a deployment is up is not charged for.
    started = time.monotonic()
    asker = InferenceStrategy(client, account.plan, model, served.address, strategy, poll)
    answers = ResponseCache(store, dataset, served.address, prompt.digest)
    scored: dict[str, Scores] = {}
    usage = NO_USAGE
    free, control = None, None
    async with payment.in_time(served.idle_seconds if served.deployment else None):
        for part in parts:
            rows = Batches(frame, pl.col("split") == part)
            what = f"{slug} {kind}, {part} rows"
            asked = await asker(prompt, rows, answers, part=part, what=what)
            scored[part] = keep_and_score(
                store, (dataset, slug, kind, part), asked.judged(), labels.labels, labels.multi_label
            )
            usage += asked.usage
        missing = _missing(scored)
        if missing:
            # Nothing is settled yet: the attempt that gets the last answer settles all of them.
            raise Unanswered(model, missing)
        if extras:
            rows, what = Batches(frame, pl.col("split") == "test"), f"{slug} {kind}"
            before = prediction_batches(store, dataset, slug, kind, "test", (*COMPARED_COLUMNS, "lenient_outcome"))
            free, used = await ask_unconstrained(asker, account, prompt, labels, rows, before, what=what)
            usage += used
            if kind == "base":
                control, used = await ask_again(asker, account, prompt, labels, rows, before, what=what)
                usage += used
    prefix = "inference" if kind == "base" or strategy == "batch" else "tuned-inference"
    busy = time.monotonic() - started
    hours = 0.0 if served.deployment is None else payment.hours(busy, served.idle_seconds)
    payment.settle(
        {
            f"{prefix}-input": usage.prompt_tokens,
            f"{prefix}-output": usage.completion_tokens,
            "deployment-hour": hours,
        },
        "tokens and hours",
    )
    wanted = account.plan.session.wanted_precision
    trust = None
    if extras:
        validation, test = (prediction_batches(store, dataset, slug, kind, part, CONFIDENCE_COLUMNS) for part in PARTS)
        trust = model_confidence(validation, test, wanted)
    return Evaluated(served, scored, usage, trust, free, control)


def keep_and_score(
    store: Workspace,
    of: tuple[str, str, str, str],
    judged: Iterable[pl.DataFrame],
    labels: Sequence[str],
    multi_label: bool,
) -> Scores:
    """Keep predictions as they come, and count them on the way.

    Args:
        of: dataset, slug, kind and part, as `predictions` takes them.
    """
    tally = Tally(labels, multi_label)

    def counted() -> Iterator[pl.DataFrame]:
        for part in judged:
            tally.add(part.select(SCORED_COLUMNS))
            yield part

    write_batches(store, counted(), *prediction_path(*of))
    return tally.scores()


def _missing(scored: Mapping[str, Scores]) -> int:
    return sum(item.rows - item.scored for item in scored.values())
