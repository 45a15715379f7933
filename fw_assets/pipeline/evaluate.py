"""One model on the validation and the test rows: the same requests for base and fine-tuned models."""

from __future__ import annotations

import time
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.labels import LabelSet
from fw_assets.classification.prompt import Prompt, request
from fw_assets.classification.scores import Scores, score
from fw_assets.classification.values import digest
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.answers import AnswerStore
from fw_assets.pipeline.errors import Unanswered
from fw_assets.pipeline.inference import ask
from fw_assets.pipeline.serve import Served, serve
from fw_assets.pipeline.spending import Account, promised
from fw_assets.pipeline.values import Usage
from fw_assets.pipeline.workspace import Workspace

PARTS = ("validation", "test")


@dataclass(frozen=True)
class Evaluated:
    """One model on both parts."""

    served: Served
    validation: Scores
    test: Scores
    usage: Usage


async def evaluate(
    client: Fireworks, account: Account, model: str, *, shared: bool, slug: str, kind: str, stage: str
) -> Evaluated:
    """Ask `model` for the validation and test rows, score the answers, and keep the predictions.

    Args:
        shared: on the platform's shared endpoint; else on a deployment of its own that scales to zero.
        kind: `base` or `tuned`; with `slug`, the predictions' name.
        stage: the estimate's stage that pays.

    Raises:
        Unanswered: requests failed for good.
        CeilingReached: it could cost more than was approved.
    """
    store, dataset = account.store, account.dataset
    prompt = store.need("prompt", dataset, Prompt)
    labels = store.need("label_set", dataset, LabelSet)
    frame = store.read_frame(dataset, "assets", "label_set.parquet").filter(pl.col("split").is_in(PARTS))
    payment = promised(account, f"{stage}/{slug}", f"{kind}-{digest([model, prompt.digest])}")
    started = time.monotonic()
    served = await serve(client, model, shared=shared, probe=request(prompt, frame["messages"][0]))
    answers = AnswerStore(store, dataset, served.address, prompt.digest)
    scored: dict[str, Scores] = {}
    usage = Usage(requests=0, prompt_tokens=0, completion_tokens=0)
    for part in PARTS:
        rows = frame.filter(pl.col("split") == part)
        asked = await ask(client, served.address, prompt, rows, answers, what=f"{slug} {kind}, {part} rows")
        store.write_frame(asked.predictions, *prediction_place(dataset, slug, kind, part))
        scored[part] = score(asked.predictions, labels.labels, labels.multi_label)
        usage += asked.usage
    prefix = "inference" if kind == "base" else "tuned-inference"
    hours = 0.0 if served.deployment is None else (time.monotonic() - started + served.idle_seconds) / 3600
    payment.settle(
        {
            f"{prefix}-input": usage.prompt_tokens,
            f"{prefix}-output": usage.completion_tokens,
            "deployment-hour": hours,
        },
        "tokens and hours",
    )
    missing = sum(item.rows - item.scored for item in scored.values())
    if missing:
        raise Unanswered(model, missing)
    return Evaluated(served, scored["validation"], scored["test"], usage)


def prediction_place(dataset: str, slug: str, kind: str, part: str) -> tuple[str, ...]:
    """Where the predictions of a model on a part lie in the workspace."""
    return (dataset, "predictions", f"{slug}-{kind}-{part}.parquet")


def predictions(store: Workspace, dataset: str, slug: str, kind: str, part: str) -> pl.DataFrame:
    """The kept predictions.

    Raises:
        FileNotFoundError: this model was not asked for this part.
    """
    return store.read_frame(*prediction_place(dataset, slug, kind, part))
