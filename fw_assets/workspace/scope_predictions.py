"""Stored predictions for rows that belong to no label, and how well a model tells them from the others."""

from __future__ import annotations

from fw_assets.classification.prompting.answer_parser import PROBABILITIES
from fw_assets.classification.scope.figures import ScopeFigures, scope_figures
from fw_assets.classification.scope.scope_rows import SCOPE_COLUMNS, ScopeRows, scope_rows
from fw_assets.classification.session import Session
from fw_assets.workspace.predictions import PARTS, prediction_path
from fw_assets.workspace.workspace import Workspace


def model_scope(store: Workspace, dataset: str, slug: str, kind: str, session: Session) -> ScopeFigures | None:
    """The figures of one model (`kind`: base, tuned or baseline); None where no row is known to belong to no label.

    Raises:
        FileNotFoundError: this model has no predictions.
    """
    if session.reject_label is None:
        return None
    validation, test = (_rows(store, dataset, slug, kind, part, session.reject_label) for part in PARTS)
    return scope_figures(validation, test, has_reject_label=True)


def _rows(store: Workspace, dataset: str, slug: str, kind: str, part: str, reject_label: str) -> ScopeRows:
    frame = store.scan_frame(*prediction_path(dataset, slug, kind, part))
    told = [PROBABILITIES] if PROBABILITIES in frame.collect_schema() else []
    return scope_rows(frame.select(*SCOPE_COLUMNS, *told).collect(), reject_label)
