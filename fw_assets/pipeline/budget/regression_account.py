"""The account of regression checks: money outside every approved plan, in a ledger of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.cost.ledger import Ledger
from fw_assets.classification.plan.plan_diff import price_changes
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.ledger_log import read_ledger
from fw_assets.pipeline.budget.line_prices import high_usd, usd_at_hour
from fw_assets.pipeline.budget.payment import Payment, open_payment
from fw_assets.workspace.workspace import Workspace

LOG = "regression.jsonl"


@dataclass(frozen=True)
class RegressionAccount(PlanAccount):
    """The money of the nightly checks. Each is reserved before it asks and paid after it, under its date's id.

    The caller says how much a check may cost and compares before anything is reserved: there is no ceiling over all
    nights, and no check stops a plan. Prices are those of the day.

    Attributes:
        current: the plan's estimate at them.
        hour_usd: the price of an hour of the deployment as it runs; None: the estimate's.
    """

    current: Estimate | None = None
    hour_usd: float | None = None

    @property
    def estimate(self) -> Estimate:
        return self.current or super().estimate

    @property
    def ceiling(self) -> float:
        return math.inf

    @property
    def _path(self) -> tuple[str, ...]:
        return (self.dataset, "ledger", LOG)

    def stop(self, reason: str, remedy: str) -> None:
        """Nothing: no check ends a plan."""

    def _key(self, slug: str) -> str:
        """The line that prices an evaluation of what is deployed: of an adapter that existed, its only one."""
        return f"{'base' if self.plan.model(slug).base_model else 'tuned'}-evaluation/{slug}"

    def max_usd(self, slug: str) -> float | None:
        """The high figure for evaluating the model once, validation rows included; None: a price is unknown."""
        line = self.line(self._key(slug))
        if line is None or line.usd is None:
            return None
        return high_usd(line) if self.hour_usd is None else usd_at_hour(line, self.hour_usd)

    def price_changes(self, slug: str) -> tuple[str, ...]:
        """What has another price than in the approved plan, one sentence each."""
        key = self._key(slug)
        before, now = ([line for line in of.lines if line.key == key] for of in (super().estimate, self.estimate))
        return price_changes(self.plan, before, now)

    def reserve_check(self, slug: str, deployment: str, date: str) -> Payment:
        """Reserve the most that the check of one date can cost."""
        payment = open_payment(self, self._key(slug), f"regression-{deployment.rsplit('/', 1)[-1]}-{date}")
        self.raise_reservation(payment.id, self.max_usd(slug) or 0.0)
        return payment.at_hour(self.hour_usd)


def regression_ledger(store: Workspace, dataset: str) -> Ledger:
    """Everything that checks of a dataset's deployment cost, whichever plan is the current one."""
    return read_ledger(store, dataset, "ledger", LOG)
