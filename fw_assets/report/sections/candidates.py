"""Candidates of a report: their order, their evaluated models, and the one that the answer is about."""

from __future__ import annotations

from collections.abc import Iterable

from fw_assets.report.formatting import short
from fw_assets.report.imbalance.judged_models import JudgedModel, judged_models
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report


def ordered(report: Report) -> list[CandidateResult]:
    """Candidates, the winner's first, then by their accuracy on the validation rows."""
    winner = report.winner.base_model if report.winner else None

    def key(candidate: CandidateResult) -> tuple[bool, bool, float]:
        validation = candidate.tuned_validation or candidate.base_validation
        return (candidate.model != winner, candidate.tuned is None, -validation.accuracy if validation else 0.0)

    return sorted(report.candidates, key=key)


def evaluated(candidates: Iterable[CandidateResult]) -> list[tuple[CandidateResult, ModelResult, str]]:
    """Every evaluated model with its candidate, and its kind: that of the candidate, or `fine-tuned`."""
    return [
        (candidate, result, kind)
        for candidate in candidates
        for result, kind in ((candidate.base, candidate.kind), (candidate.tuned, "fine-tuned"))
        if result is not None
    ]


def subject(report: Report) -> CandidateResult | None:
    """The candidate that the answer is about: the best fine-tuned one on the validation rows, else the winner."""
    if report.choice is not None:
        challenger = next((c for c in report.candidates if c.tuned and short(c.model) == report.choice.second), None)
        if challenger is not None:
            return challenger
    by_model = {candidate.model: candidate for candidate in report.candidates}
    winner = by_model.get(report.winner.base_model) if report.winner else None
    if winner is not None and (winner.tuned is not None or report.status != "complete"):
        return winner
    tuned = [candidate for candidate in report.candidates if candidate.tuned and candidate.comparison]
    if tuned:
        return max(tuned, key=lambda c: c.tuned_validation.accuracy if c.tuned_validation else 0.0)
    return winner or next((c for c in report.candidates if c.base is not None), None)


def headline_models(report: Report) -> list[JudgedModel]:
    """The models that the answer is about, and the best baseline that learns anything."""
    candidate = subject(report)
    named = [candidate] if candidate else []
    if report.choice is not None:
        named += [c for c in report.candidates if c is not candidate and short(c.model) == report.choice.first]
    learned = [item for item in report.baselines if item.name != "majority"]
    return list(judged_models(report, named, learned[:1]))


def winner_kind(report: Report) -> str:
    """`base`, `adapter` or `fine-tuned`; empty without a winner."""
    if report.winner is None:
        return ""
    return report.kind_of(short(report.winner.model), report.winner.kind)


def incomplete_note(candidate: CandidateResult) -> str:
    """Why a candidate has no verdict; empty where it has one."""
    if candidate.arm and candidate.base is not None:
        return candidate.kind
    if candidate.adapter_of and candidate.base is not None:
        return "adapter"
    if candidate.endpoint and candidate.base is not None:
        return "endpoint"
    if candidate.named and candidate.base is not None:
        return candidate.named
    if candidate.note:
        return candidate.note
    if candidate.base is None:
        return "not evaluated"
    return "" if candidate.tuned else "not a finalist"
