"""Answers to a plan, the end of a run by its ceiling, and the changes that make an answer void."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.run_config import Driver


class Approval(Frozen):
    """The answer to one plan.

    Attributes:
        driver: who carries on.
        automatic: the session's `auto_approve_up_to_usd` answered, and no person.
        labels: the label set of the plan.
        labels_confirmed: a person said that the labels are right, or gave them.
        at: RFC 3339, UTC. Approving the same plan again allows another attempt at what is still missing.
    """

    plan_digest: str
    decision: Literal["approved", "rejected"]
    approved_by: str
    mitigation: Mitigation
    note: str = ""
    driver: Driver = "daemon"
    automatic: bool = False
    labels: tuple[str, ...] = ()
    labels_confirmed: bool = False
    at: str


class Stopped(Frozen):
    """The end of an approval's run by its ceiling, or without a model that could be evaluated.

    The stored `inputs` are the approval's digest.

    Attributes:
        remedy: what helps; empty where an earlier version stored it.
    """

    reason: str
    at: str
    remedy: str = ""


class PlanChanges(Frozen):
    """The differences of a plan from an earlier one.

    Attributes:
        before: digest of the earlier plan; empty if there is none.
        answered: how the earlier plan was answered, as in `approved by ann`; empty if it was not.
    """

    plan_digest: str
    before: str = ""
    answered: str = ""
    differences: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """One sentence about the effect of the change."""
        if not self.answered:
            return f"Changed since plan {self.before}."
        return f"Changed since plan {self.before}, {self.answered}: that answer holds no longer."
