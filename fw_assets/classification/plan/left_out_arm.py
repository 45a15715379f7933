"""Arm of a model that a plan leaves out."""

from __future__ import annotations

from fw_assets.classification.values import Frozen


class LeftOutArm(Frozen):
    """An arm that the session asks for and a model does not answer.

    Attributes:
        name: the full name of its row.
        model: the id of the model; arm: the way of asking.
        why: in the platform's words.
    """

    name: str
    model: str
    arm: str
    why: str

    @property
    def sentence(self) -> str:
        """What plan and report say of it."""
        return f"{self.model} is left out of the arm {self.arm}: it answers no decisions ({self.why.rstrip('.')})."
