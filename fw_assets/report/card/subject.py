"""Model that a card describes: the fine-tuned winner, or the base model that is kept as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fw_assets.classification.arm import without_arm
from fw_assets.report.formatting import short
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report

Relation = Literal["adapter", "finetune"]


@dataclass(frozen=True)
class CardSubject:
    """A model with its figures; `tuned` is false for one that needs no tuning, whose card is an evaluation alone.

    Attributes:
        licence: of its base model, as the hub writes it; empty where nobody has told it.
        relation: of its files to the base model.
        hub_id: of its base model at Hugging Face's hub; empty for one that is not known to be there.
    """

    model: str
    candidate: CandidateResult
    result: ModelResult
    tuned: bool
    licence: str = ""
    relation: Relation = "adapter"
    hub_id: str = ""

    @property
    def name(self) -> str:
        return short(self.model)

    @property
    def base_model(self) -> str:
        """The full name of what it was trained from, however it is asked."""
        return without_arm(self.candidate.model)


def card_subject(report: Report) -> CardSubject | None:
    """The model of the card; None where a run has no verdict or no model.

    A fine-tuned winner has a card whether the gate let it be deployed or not, which the card says.
    """
    winner = report.winner
    if report.status == "incomplete" or winner is None:
        return None
    tuned = winner.kind == "tuned"
    name = winner.base_model if tuned else report.kept
    candidate = next((item for item in report.candidates if item.model == name), None)
    result = (candidate.tuned if tuned else candidate.base) if candidate else None
    if candidate is None or result is None:
        return None
    return CardSubject(without_arm(winner.model) if tuned else candidate.model, candidate, result, tuned)


def no_card(report: Report) -> str:
    """Why there is no card."""
    reasons = "; ".join(report.incomplete).rstrip(".") or "no model was evaluated to the end"
    return f"The run has no verdict, and so no model to describe: {reasons}."
