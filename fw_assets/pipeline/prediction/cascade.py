"""Cascade in use: the free model answers what it is sure of, and the served model is asked for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.unlabelled.input_table import MESSAGES
from fw_assets.pipeline.errors.phase import PhaseError
from fw_assets.pipeline.evaluation.response_cache import StoredAnswer
from fw_assets.pipeline.free_models.cascades import best_cascade, cascades
from fw_assets.pipeline.free_models.free_model import FreeModel, free_model
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.report.formatting import points_text
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class FreeFirst:
    """The free model that answers first, where its confidence is `threshold` or more."""

    model: FreeModel
    threshold: float

    def unsure(self, rows: Batches) -> Batches:
        """The rows (with `MESSAGES`) for which the other model is asked, in their order."""
        sure = [batch[MESSAGES].filter(self._is_sure(answers)).hash() for batch, answers in self._answered(rows)]
        found = pl.concat(sure) if sure else pl.Series(dtype=pl.UInt64)
        rest = ~pl.col(MESSAGES).hash().is_in(found.unique().implode())
        return Batches(rows.frame, rest if rows.where is None else rows.where & rest)

    def merged(self, rows: Batches, others: Iterator[StoredAnswer | str]) -> Iterator[StoredAnswer | str]:
        """The answers to all rows in their order; `others` are those to the unsure ones."""
        for _, answers in self._answered(rows):
            for _, confidence, text in answers.iter_rows():
                if confidence is not None and confidence >= self.threshold:
                    yield StoredAnswer(
                        key="", text=text, finish_reason="stop", confidence=confidence, by=self.model.method
                    )
                else:
                    yield next(others)

    def _answered(self, rows: Batches) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        return ((batch, self.model.answers(batch[MESSAGES].to_list())) for batch in rows)

    def _is_sure(self, answers: pl.DataFrame) -> pl.Series:
        return (answers["confidence"] >= self.threshold).fill_null(value=False)


def free_first(store: Workspace, platform: Platform, dataset: str) -> FreeFirst:
    """The free model of the cascade that the validation rows chose for the model that is served.

    Raises:
        FileNotFoundError: nothing was decided yet.
        PhaseError: no cascade is shown to lose less than the session's margin.
    """
    plan = store.require("plan", dataset, Plan)
    record = store.require("deployment", dataset, DeploymentRecord)
    best = best_cascade(cascades(store, plan, record.serves), record.serves, plan.session.margin)
    if best is None or best.threshold is None:
        raise PhaseError(
            f"{dataset} has no cascade: its validation rows do not show that a free model first would lose less than "
            f"{points_text(plan.session.margin)} against {record.model} alone; leave --cascade out"
        )
    return FreeFirst(free_model(store, platform, dataset, best.free), best.threshold.confidence)
