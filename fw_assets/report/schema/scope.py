"""Rows that belong to no label in report.json."""

from __future__ import annotations

from fw_assets.classification.scope.figures import ScopeFigures
from fw_assets.classification.values import Frozen


class ScopeResult(Frozen):
    """How well one model tells rows that belong to no label from the others."""

    model: str
    kind: str
    figures: ScopeFigures
