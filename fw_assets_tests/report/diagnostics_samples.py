"""A report with diagnostics, baselines, costs and a learning curve."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from fw_assets.classification.metrics.confidence import model_confidence
from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.assembly.candidates import same_model
from fw_assets.report.assembly.confidence import confidence_result
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult
from fw_assets.report.schema.confidence import ConfidenceResult, NullControl, UnconstrainedResult
from fw_assets.report.schema.cost import CostPoint, mark_dominated
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.tuning import LearningPoint
from fw_assets.report.sections.answer import answer

Needed = Literal["yes", "no", "cannot be told"]


def answers(rows: int, accuracy: float, seed: int) -> pl.DataFrame:
    """Predictions whose confidence is too sharp; about `accuracy` of them are right."""
    rng = np.random.default_rng(seed)
    true = rng.beta(8 * accuracy, 8 * (1 - accuracy), rows).clip(0.02, 0.98)
    right = rng.random(rows) < true
    return pl.DataFrame(
        {
            "confidence": 1 / (1 + ((1 - true) / true) ** 2),
            "outcome": np.where(right, "correct", "wrong_label"),
            "group": pl.Series(np.arange(rows), dtype=pl.UInt32),
        }
    )


def confidence(accuracy: float, seed: int, rows: int = 600, precision: float = 0.9) -> ConfidenceResult:
    """Calibration of a simulated model."""
    calibration = model_confidence(answers(rows, accuracy, seed), answers(rows, accuracy, seed + 1), precision)
    assert calibration is not None
    return confidence_result(calibration)


def with_diagnostics(
    report: Report,
    *,
    needed: Needed = "yes",
    why: str = "POST /inference/v1/chat/completions: 400 response_format is needed",
) -> Report:
    """`report` with confidence, unconstrained rows, a null control, baselines, costs and a learning curve."""
    candidates = []
    costs: list[CostPoint] = []
    for index, candidate in enumerate(report.candidates):
        changes: dict[str, object] = {}
        if candidate.base is not None:
            changes["base"] = candidate.base.model_copy(
                update={
                    "confidence": confidence(max(0.3, candidate.base.accuracy), 10 * index),
                    "free": UnconstrainedResult(rows=50, supported=False, why=why),
                    "null_control": NullControl(rows=candidate.base.rows, gained=1, lost=2, p_value=1.0),
                }
            )
            costs.append(_cost(candidate.model, "base", candidate.base, 0.02 * (index + 1)))
        if candidate.tuned is not None:
            right, interval = candidate.tuned.accuracy, candidate.tuned.interval
            changes["tuned"] = candidate.tuned.model_copy(
                update={
                    "confidence": confidence(right, 10 * index + 5),
                    "free": UnconstrainedResult(
                        rows=50,
                        supported=True,
                        accuracy=right,
                        interval=interval,
                        coverage=0.98,
                        constrained_accuracy=right,
                    ),
                }
            )
            low, high = interval
            changes["learning"] = tuple(
                LearningPoint(
                    share=share,
                    rows=round(report.rows.train * share),
                    accuracy=right - drop,
                    interval=(low - drop, high - drop),
                )
                for share, drop in ((0.25, 0.12), (0.5, 0.05), (1.0, 0.0))
            )
            costs.append(_cost(candidate.model, "tuned", candidate.tuned, 0.05 * (index + 1)))
        candidates.append(candidate.model_copy(update=changes))
    name = report.winner.base_model if report.winner else report.candidates[0].model
    final = next(c for c in candidates if same_model(c.model, name))
    result = final.tuned or final.base
    assert result is not None
    shift = {"yes": 0.08, "no": 0.002}.get(needed, 0.03)
    half = {"yes": 0.03, "no": 0.01}.get(needed, 0.05)
    verdicts: dict[Needed, Verdict] = {"yes": "better", "no": "as good", "cannot be told": "cannot be told"}
    versus = BaselineComparison(
        model=final.model,
        kind="tuned" if final.tuned else "base",
        rows=result.rows,
        groups=result.rows,
        gained=30,
        lost=10,
        difference=shift,
        interval=(shift - half, shift + half),
        margin=0.02,
        p_value=0.001 if needed == "yes" else 0.5,
        adjusted_p_value=0.002 if needed == "yes" else 1.0,
        verdict=verdicts[needed],
        macro_f1_difference=shift,
        macro_f1_interval=(shift - half, shift + half),
        macro_f1_p_value=0.002 if needed == "yes" else 1.0,
        needed=needed,
    )
    best = result.accuracy - shift
    baselines = (
        _baseline("tfidf", best).model_copy(update={"versus": versus}),
        _baseline("majority", 0.2),
    )
    costs += [
        CostPoint(name=b.name, kind="baseline", accuracy=b.accuracy, interval=b.interval, usd_per_1000=0.0)
        for b in baselines
    ]
    extended = report.model_copy(
        update={
            "candidates": tuple(candidates),
            "baselines": baselines,
            "costs": mark_dominated(tuple(costs)),
        }
    )
    return extended.model_copy(update={"answer": answer(extended)})


def _baseline(name: str, accuracy: float) -> BaselineResult:
    return BaselineResult(
        name=name,
        method="made up",
        accuracy=accuracy,
        interval=(max(0.0, accuracy - 0.04), min(1.0, accuracy + 0.04)),
        macro_f1=accuracy,
        balanced_accuracy=accuracy,
        validation_accuracy=accuracy,
    )


def _cost(model: str, kind: Literal["base", "tuned"], result: ModelResult, usd: float) -> CostPoint:
    return CostPoint(name=model, kind=kind, accuracy=result.accuracy, interval=result.interval, usd_per_1000=usd)
