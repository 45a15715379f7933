"""Free model of a dataset, as it was scored, for texts that are asked one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.baselines.baselines import BaselineName, fit_baseline
from fw_assets.classification.baselines.encoder import EncoderModel
from fw_assets.classification.dataset.chat import Turn
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.evaluation import Baselines
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.report.assembly.baselines import best_baseline
from fw_assets.workspace.dataset_rows import split_rows
from fw_assets.workspace.predictions import encoder_path
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class FreeAnswer:
    """The labels that the free model gives to a text; `method` says what it is."""

    labels: tuple[str, ...]
    confidence: float | None
    text: str | None
    method: str


@dataclass(frozen=True)
class FreeModel:
    """The free model, fitted.

    Attributes:
        predict: from rows (of a SPLIT frame) to their predictions (schema PREDICTIONS).
        row: one of its training rows, whose columns every row that is asked has.
    """

    prompt: Prompt
    name: BaselineName
    method: str
    predict: Callable[[pl.DataFrame], pl.DataFrame]
    row: pl.DataFrame

    def answer(self, conversation: list[Turn]) -> FreeAnswer:
        """The answer to one conversation."""
        (row,) = self.answers([json.dumps(conversation)]).iter_rows()
        labels, confidence, text = row
        return FreeAnswer(tuple(labels or ()), confidence, text, self.method)

    def answers(self, conversations: Sequence[str]) -> pl.DataFrame:
        """The answers to conversations as JSON: `predicted`, `confidence`, `completion`."""
        number = len(conversations)
        rows = self.row[[0] * number].with_columns(
            pl.Series("messages", conversations, dtype=pl.String),
            # Completions are told apart by it.
            pl.int_range(number, eager=True).cast(pl.String).alias("id"),
        )
        return self.predict(rows).select("predicted", "confidence", "completion")


def free_model(store: Workspace, platform: Platform, dataset: str, name: str | None = None) -> FreeModel:
    """A baseline, by default the one that is best on the validation rows, which the report names.

    It answers as it did for the report: fitted again with the same rows and seed, or as it was stored. Nothing is asked
    of a platform.

    Raises:
        PhaseError: the dataset has a plan whose baselines are not scored yet, or the encoder is not on this machine.
    """
    plan, scored = store.require("plan", dataset, Plan), store.read("baselines", dataset, Baselines)
    header = store.header("baselines", dataset)
    found = [item for item in scored.found if name in (None, item.name)] if scored else []
    best = best_baseline(found)
    if best is None or header is None or header.inputs != baseline_inputs(plan.digest):
        raise PhaseError(f"{dataset} has no free model for its plan yet: finish it ({to_approve(store, dataset)})")
    prompt = store.require("prompt", dataset, Prompt).with_thresholds(best.thresholds)
    train = split_rows(store, dataset, "train").collect()
    if best.name != "encoder":
        predict = fit_baseline(best.name, prompt, train, plan.session.seed)
        return FreeModel(prompt, best.name, best.method, predict, train.head(1))
    if missing := platform.missing_encoder:
        raise PhaseError(
            f"the free model of {dataset} is {best.method}, and the sentence encoder cannot run: {missing}"
        )
    predict = EncoderModel.from_frame(store.read_frame(*encoder_path(dataset))).baseline(prompt, platform.embed)
    return FreeModel(prompt, best.name, best.method, predict, train.head(1))
