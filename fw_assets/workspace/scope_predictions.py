"""Stored predictions for rows that belong to no label, and how well a model tells them from the others."""

from __future__ import annotations

import polars as pl

from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.answer_parser import PROBABILITIES
from fw_assets.classification.scope.figures import ScopeFigures, scope_figures
from fw_assets.classification.scope.scope_rows import SCOPE_COLUMNS, ScopeRows, scope_rows
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE, SCOPE_PART
from fw_assets.workspace.dataset_rows import out_of_scope_path
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace


def model_scope(
    store: Workspace, dataset: str, slug: str, kind: str, session: Session, labels: LabelSet
) -> ScopeFigures | None:
    """The figures of one model (`kind`: base, tuned or baseline); None where no row is known to belong to no label.

    Such rows have the session's reject label, or are those of its out-of-scope file.

    Raises:
        FileNotFoundError: this model has no predictions.
    """
    if session.reject_label is None and labels.out_of_scope is None:
        return None
    beside = _out_of_scope(store, dataset, slug, kind) if labels.out_of_scope else None

    def rows(part: str) -> ScopeRows:
        frame = _columns(store.scan_frame(*prediction_path(dataset, slug, kind, part)))
        if beside is not None:
            others = beside.filter(pl.col(SCOPE_PART) == part).drop(SCOPE_PART)
            frame = pl.concat([frame, others], how="diagonal_relaxed")
        return scope_rows(frame, session.reject_label)

    validation, test = (rows(part) for part in PARTS)
    return scope_figures(validation, test, has_reject_label=session.reject_label is not None)


def _out_of_scope(store: Workspace, dataset: str, slug: str, kind: str) -> pl.DataFrame:
    """The predictions for the rows of the out-of-scope file, each with the part by which it is judged."""
    predicted = _columns(store.scan_frame(*prediction_path(dataset, slug, kind, OUT_OF_SCOPE)), "id")
    parts = store.scan_frame(*out_of_scope_path(dataset)).select("id", SCOPE_PART).collect()
    return predicted.join(parts, on="id").drop("id")


def _columns(frame: pl.LazyFrame, *more: str) -> pl.DataFrame:
    told = [PROBABILITIES] if PROBABILITIES in frame.collect_schema() else []
    return frame.select(*SCOPE_COLUMNS, *told, *more).collect()
