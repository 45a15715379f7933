"""Lines of an estimate by the plan's rule for a family of models, beside what a tokenizer of that family counts."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
from tokenizers import Tokenizer

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.prices import Item, Price, PriceBook
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import exactly
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, TokenRatio
from fw_assets.classification.cost.vocabularies import VOCABULARIES
from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import workload_of
from fw_assets.classification.prompting.prompt import Prompt, training_example
from fw_assets.pipeline.planning.volumes import with_sweep_sample
from fw_assets.pipeline.platform.training_metrics import TOKENS, trained_tokens
from fw_assets.workspace.dataset_rows import split_rows_path
from fw_assets.workspace.workspace import Workspace

BATCH = 32
TEMPLATE = TokenRatio(
    characters=exactly(1), per_message=exactly(5), per_prompt=exactly(3), per_answer=exactly(1), source="ChatML"
)
"""What ChatML adds: `<|im_start|>`, role and line breaks of a message, and those that open the answer."""


class TokenLine(NamedTuple):
    """US dollars of one line."""

    key: str
    estimated: float
    actual: float


def token_lines(
    store: Workspace, dataset: str, tokenizer: Path, model: str, prices: Mapping[Item, float]
) -> Iterator[TokenLine]:
    """The lines of a planned dataset that tokens make, as if its first candidate were `model` of the hosted service.

    Training is the sum over the steps of its jobs, each of whose rows is counted as its chat.
    """
    plan, prompt = store.require("plan", dataset, Plan), store.require("prompt", dataset, Prompt)
    rows = with_sweep_sample(store.read_frame(*split_rows_path(dataset)), plan.session.sweep_rows, plan.session.seed)
    loaded = Tokenizer.from_file(str(tokenizer))

    @lru_cache(maxsize=100_000)
    def count(text: str) -> int:
        return len(loaded.encode(text, add_special_tokens=False).ids)

    layer = tuple(Price(item=item, usd=usd, source="rehearsed") for item, usd in prices.items())
    book = PriceBook(layers=(layer, (Price(item="deployment-hour", usd=0.0),)))
    planned = plan.models[0].model_copy(update={"name": model, "entry": None})

    def usd(
        ratio: TokenRatio, vocabularies: Mapping[str, TokenRatio], counter: Callable[[str], int] | None
    ) -> dict[str, float]:
        volumes = measure_volumes(rows, system=prompt.system or "", render=prompt.render, count=counter)
        trained = volumes["train"].rows
        workload = workload_of(plan.session, volumes, trained, plan.sweep_rows, plan.label_set.multi_label)
        pricing = Pricing(prices=book, ratio=ratio, timing=FIREWORKS_TIMING, vocabularies=vocabularies)
        estimate = estimate_costs([planned], workload, plan.session, pricing)
        return {line.stage: line.usd.expected for line in estimate.lines if line.usd is not None and line.usd.expected}

    estimated, actual = usd(BYTE_PAIR, VOCABULARIES, None), usd(TEMPLATE, {}, count)
    for stage, amount in estimated.items():
        if stage in ("sweep", "full-training"):
            part = "sweep" if stage == "sweep" and "sweep" in rows["split"].unique() else "train"
            examples = _example_tokens(rows.filter(pl.col("split") == part), prompt, count)
            tokens = sum(_trained(examples, epochs) for epochs in _epochs(planned, stage))
            yield TokenLine(stage, amount, tokens * prices["training"] / 1e6)
        else:
            yield TokenLine(stage, amount, actual[stage])


def _epochs(model: PlannedModel, stage: str) -> Sequence[int]:
    """Of the jobs of a stage; a plan expects the middle cell to be chosen."""
    epochs = sorted(cell.epochs for cell in model.cells)
    return epochs if stage == "sweep" else [epochs[len(epochs) // 2]]


def _example_tokens(rows: pl.DataFrame, prompt: Prompt, count: Callable[[str], int]) -> list[int]:
    """Tokens of each training example, as its chat is written out."""
    tokens = []
    for messages, labels in rows.select("messages", "labels").iter_rows():
        chat = training_example(prompt, messages, labels)["messages"]
        tokens.append(sum(5 + count(content_text(turn["content"])) for turn in chat))
    return tokens


def _trained(examples: Sequence[int], epochs: int) -> int:
    """What the client sums over a job's metrics records, one for each step."""
    records, step = [], itertools.count(1)
    for epoch in range(epochs):
        order = random.Random(epoch).sample(examples, len(examples))
        for start in range(0, len(order), BATCH):
            records.append({"step": float(next(step)), TOKENS: float(sum(order[start : start + BATCH]))})
    return trained_tokens(records) or 0
