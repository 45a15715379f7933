"""Arm of a model that a plan leaves out."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen


class LeftOutArm(Frozen):
    """An arm that the session asks for and a model does not answer.

    Attributes:
        name: the full name of its row.
        model: the id of the model; arm: the way of asking.
        why: in the platform's words; of an arm without shortlists, in ours.
        lacks: what the arm needs.
    """

    name: str
    model: str
    arm: str
    why: str
    lacks: Literal["decisions", "shortlist"] = "decisions"

    @property
    def sentence(self) -> str:
        """What plan and report say of it."""
        if self.lacks == "shortlist":
            return f"{self.model} is left out of the arm {self.arm}: {self.why.rstrip('.')}."
        return f"{self.model} is left out of the arm {self.arm}: it answers no decisions ({self.why.rstrip('.')})."
