"""An account with a ceiling and one estimate line, on real files."""

from __future__ import annotations

from pathlib import Path

from fw_assets.classification.cost.cost_lines import CostLine, cost_line, cost_part
from fw_assets.classification.cost.prices import Price
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.plan.plan import Plan
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.workspace.workspace import Workspace

CEILING = 10.0


class FixedAccount(PlanAccount):
    """Three quarters of the line's highest price, 4 US dollars, are for training."""

    @property
    def ceiling(self) -> float:
        return CEILING

    def line(self, key: str) -> CostLine | None:
        tokens = Range(low=1e6, expected=2e6, high=3e6)
        prices = [Price(item="training", usd=1.0), Price(item="deployment-hour", usd=2.0)]
        hours = Range(low=0.1, expected=0.1, high=0.5)
        return cost_line("sweep", "m", "", [cost_part(prices[0], tokens), cost_part(prices[1], hours)], key=key)


class UnpricedAccount(FixedAccount):
    """The same with training and hours whose price nobody knows."""

    def line(self, key: str) -> CostLine | None:
        tokens, hours = Range(low=1e6, expected=2e6, high=3e6), Range(low=0.1, expected=0.1, high=0.5)
        parts = [cost_part(Price(item="training", usd=None), tokens)]
        parts.append(cost_part(Price(item="deployment-hour", usd=None), hours))
        return cost_line("sweep", "m", "", parts, key=key)


def unpriced_account(folder: str | Path, plan: Plan) -> UnpricedAccount:
    return UnpricedAccount(Workspace(str(folder)), "tickets", plan, "none")


def fixed_account(folder: str | Path, plan: Plan) -> FixedAccount:
    return FixedAccount(Workspace(str(folder)), "tickets", plan, "none")
