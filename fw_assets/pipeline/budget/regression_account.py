"""What checking a deployment has cost: money outside every approved plan, on a record of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.assets.plan import approved
from fw_assets.pipeline.budget.account import REGRESSION, Account, Payment, high_usd, reserved
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class RegressionAccount(Account):
    """The money of the nightly checks. Each is promised before it asks and paid after it, under its date's id.

    What a check may cost at most is its caller's to say, and compared before anything is promised: there is no
    ceiling over all nights, and no check stops a plan.
    """

    @property
    def ceiling(self) -> float:
        """Infinite: every check is allowed by itself."""
        return math.inf

    @property
    def _place(self) -> tuple[str, ...]:
        return (self.dataset, "ledger", REGRESSION)

    def stop(self, reason: str) -> None:
        """Nothing is stopped by a check."""

    def most_usd(self, slug: str) -> float | None:
        """The plan's high figure for evaluating the model once, validation rows included; None: a price is unknown."""
        line = self.line(f"tuned-evaluation/{slug}")
        return None if line is None or line.usd is None else high_usd(line)

    def reserve_check(self, slug: str, deployment: str, date: str) -> Payment:
        """Hold the most that the check of one date can cost."""
        key = f"tuned-evaluation/{slug}"
        return reserved(self, key, f"regression-{deployment.rsplit('/', 1)[-1]}-{date}")


def regression_account(store: Workspace, dataset: str) -> RegressionAccount:
    """The account of a dataset's checks, at the prices of its plan."""
    plan = store.require("plan", dataset, Plan)
    return RegressionAccount(store, dataset, plan, approved(store, dataset).mitigation)
