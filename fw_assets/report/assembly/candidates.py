"""The candidates, the finalists and the winner as report.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fw_assets.classification.arm import arm_of
from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.selection import Finalists, Winner
from fw_assets.classification.values import Interval
from fw_assets.report.assembly.model_results import comparison_result, model_result, validation
from fw_assets.report.formatting import clip, short, typeset
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import Flip
from fw_assets.report.schema.confidence import ConfidenceResult, NullControl, OrderResult, UnconstrainedResult
from fw_assets.report.schema.confused_cells import ConfusedCell
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, RankedModel, WinnerResult
from fw_assets.report.schema.tuning import LearningPoint, SweepCellResult


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """One model's calibration, unconstrained rows, null control and confused rows, as far as they were measured."""

    confidence: ConfidenceResult | None = None
    free: UnconstrainedResult | None = None
    null_control: NullControl | None = None
    order: OrderResult | None = None
    cells: tuple[ConfusedCell, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CandidateInputs:
    """The results of one base model and its fine-tuned descendant.

    Scores are on the test rows, the intervals on the validation rows. `note` says why something is missing.
    `flips` come from `changed_rows`.
    """

    model: str
    base_scores: Scores | None
    tuned_model: str | None = None
    tuned_scores: Scores | None = None
    comparison: Comparison | None = None
    base_validation: Interval | None = None
    tuned_validation: Interval | None = None
    flips: Sequence[Flip] = ()
    sweep: Sequence[SweepCellResult] = ()
    hyperparameters: Mapping[str, float | int | None] = field(default_factory=dict)
    note: str = ""
    examples: int | None = None
    calibration: ContextualCalibration | None = None
    base_diagnostics: Diagnostics = field(default_factory=Diagnostics)
    tuned_diagnostics: Diagnostics = field(default_factory=Diagnostics)
    learning: Sequence[LearningPoint] = ()


def candidate_result(inputs: CandidateInputs, plan: Plan, finalists: Finalists | None) -> CandidateResult:
    strategies = {planned.name: planned.strategy for planned in plan.models}
    adapters = {planned.name: planned.base_model for planned in plan.models}
    entry = next((planned.entry for planned in plan.models if planned.entry and planned.name == inputs.model), None)
    comparison = inputs.comparison if inputs.tuned_scores is not None else None
    is_finalist = finalists is not None and any(same_model(inputs.model, name) for name in finalists.chosen)
    return CandidateResult(
        model=inputs.model,
        base=_model(inputs.model, inputs.base_scores, inputs.base_diagnostics),
        tuned=_model(inputs.tuned_model or inputs.model, inputs.tuned_scores, inputs.tuned_diagnostics),
        comparison=comparison_result(comparison, inputs.flips) if comparison else None,
        finalist=is_finalist,
        note=inputs.note,
        strategy=strategies.get(inputs.model),
        base_validation=validation(inputs.base_validation),
        tuned_validation=validation(inputs.tuned_validation),
        hyperparameters=dict(inputs.hyperparameters),
        sweep=tuple(inputs.sweep),
        learning=tuple(inputs.learning),
        adapter_of=adapters.get(inputs.model, ""),
        endpoint=next((m.endpoint.address for m in plan.models if m.endpoint and m.name == inputs.model), ""),
        named=_named(entry),
        serves=entry.serves if entry else "",
        serves_trained=bool(entry and entry.serves and entry.is_trained),
        answered_by=entry.answered_by if entry else "",
        examples=inputs.examples,
        calibration=inputs.calibration,
        arm=str(arm_of(inputs.model) or ""),
        warm_start=plan.warm_start.name if plan.warm_start and inputs.tuned_scores is not None else "",
    )


def _named(entry: CatalogueModel | None) -> Literal["", "deployment", "router"]:
    if entry is None or not (entry.is_named_deployment or entry.is_router):
        return ""
    return "router" if entry.is_router else "deployment"


def ranking(finalists: Finalists | None) -> tuple[RankedModel, ...]:
    if finalists is None:
        return ()
    return tuple(
        RankedModel(
            model=ranked.model,
            accuracy=ranked.validation.value,
            interval=bounds(ranked.validation),
            chosen=ranked.model in finalists.chosen,
            why=typeset(ranked.why),
        )
        for ranked in finalists.ranked
    )


def winner_result(winner: Winner | None, candidates: Sequence[CandidateInputs], plan: Plan) -> WinnerResult | None:
    """The winner under its full name.

    Raises:
        ValueError: it is none of the candidates.
    """
    if winner is None:
        return None
    for item in candidates:
        tuned = item.tuned_model if winner.kind == "tuned" else None
        if same_model(winner.model, tuned or item.model):
            return WinnerResult(
                model=tuned or item.model,
                kind=winner.kind,
                base_model=item.model,
                why=typeset(winner.why),
                untuned=_full_name(winner.against if winner.adapter else winner.untuned, candidates),
                adapter_of=next((m.base_model for m in plan.models if winner.adapter and m.name == item.model), ""),
            )
    # A tuned winner may be named by what it was tuned from.
    for item in candidates:
        if winner.kind == "tuned" and item.tuned_model and same_model(winner.model, item.model):
            return WinnerResult(
                model=item.tuned_model,
                kind="tuned",
                base_model=item.model,
                why=typeset(winner.why),
                untuned=_full_name(winner.untuned, candidates),
            )
    raise ValueError(f"the winner {winner.model!r} is none of the candidates")


def _full_name(name: str | None, candidates: Sequence[CandidateInputs]) -> str | None:
    return next((item.model for item in candidates if name is not None and same_model(name, item.model)), None)


def unanswered(candidates: Sequence[CandidateInputs]) -> list[str]:
    """Why the run is not finished: test rows without an answer, per model."""
    reasons = []
    for item in candidates:
        for scores, kind in ((item.base_scores, "base"), (item.tuned_scores, "fine-tuned")):
            if scores is not None and not scores.complete:
                missing = scores.rows - scores.scored
                name = clip(short(item.model), 60)
                reasons.append(f"{missing:,} of {scores.rows:,} test rows got no answer from {name} ({kind})")
    return reasons


def same_model(one: str, other: str) -> bool:
    """Whether two model names mean the same, one of them perhaps without its account."""
    return one == other or (("/" in one) != ("/" in other) and short(one) == short(other))


def _model(name: str, scores: Scores | None, diagnostics: Diagnostics) -> ModelResult | None:
    if scores is None:
        return None
    return model_result(name, scores).model_copy(update=vars(diagnostics))
