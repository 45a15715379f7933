"""Checks of what the platform quotes, for a job or an hour of a deployment, against what a payment holds for it."""

from __future__ import annotations

import math
from typing import NoReturn

from fw_assets.classification.cost.cost_lines import CostLine
from fw_assets.classification.cost.ledger import ROUNDING, CeilingReached
from fw_assets.classification.cost.prices import Item
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.line_prices import HOURS, TRAINING, has_price, high_usd, item_share, usd_at_hour
from fw_assets.pipeline.budget.payment import Payment
from fw_assets.pipeline.errors.budget import (
    DeploymentAboveCeiling,
    DeploymentAboveHeld,
    EstimateAboveCeiling,
    EstimateAboveHeld,
    JobCost,
    RunStopped,
)


def check_estimate(payment: Payment, usd: float | None, model: str) -> None:
    """Compare the platform's estimate of a job that does not exist yet with what is reserved for it.

    Where the plan has no price of training, the estimate itself is reserved.

    Raises:
        EstimateAboveHeld: it is more than the line's high figure; nothing is reserved any more, or started.
        EstimateAboveCeiling: the same of an estimate that is reserved itself, and of what was approved.
    """
    account, exceeded = payment.account, _exceeded(payment, usd)
    if usd is None or exceeded is None:
        return
    account.release(payment.id)
    line, bound = exceeded
    if line is None:
        _end(account, EstimateAboveCeiling(payment.id, payment.key, usd, bound, _limit(account), started=False))
    price = _price_of(line, payment.share, usd)
    _end(account, EstimateAboveHeld(payment.id, payment.key, usd, bound, model, price))


def check_quote(payment: Payment, usd: float | None) -> None:
    """Compare the platform's estimate of a job that has started with what is reserved for it.

    Where the plan has no price of training, the estimate itself is reserved.

    Raises:
        JobCost: it is more than the line's high figure; it is reserved, and nothing else is started.
        EstimateAboveCeiling: the same of an estimate that is reserved itself, and of what was approved.
    """
    account, exceeded = payment.account, _exceeded(payment, usd)
    if usd is None or exceeded is None:
        return
    account.raise_reservation(payment.id, usd)
    line, bound = exceeded
    if line is None:
        _end(account, EstimateAboveCeiling(payment.id, payment.key, usd, bound, _limit(account), started=True))
    _end(account, JobCost(payment.id, payment.key, usd, bound))


def check_hour(
    payment: Payment,
    usd: float | None,
    deployment: str,
    accelerators: str,
    model: str,
    *,
    tuned: bool,
    extends: bool = False,
) -> None:
    """Compare the quoted price of an hour of a deployment that does not exist yet with what is reserved for it.

    Where the plan has no price of an hour, what the hours cost at the quote is reserved.

    Args:
        tuned: whether it is of what was fine-tuned from `model`.
        extends: reserve that in any case, as far as what was approved allows it.

    Raises:
        DeploymentAboveHeld: it could cost more than the line's high figure; nothing more is started.
        DeploymentAboveCeiling: the same of what is reserved by the quote, and of what was approved.
    """
    account, key = payment.account, payment.key
    line = account.line(key)
    if usd is None or line is None:
        return
    most, held = usd_at_hour(line, usd) * payment.share, high_usd(line, payment.share)
    if extends or not has_price(line, HOURS):
        left = _hold(payment, most)
        if left is not None:
            _end(account, DeploymentAboveCeiling(deployment, key, accelerators, usd, most, left, _limit(account)))
    elif _is_above(most, held):
        item: Item = "tuned-deployment-hour" if tuned else HOURS
        _end(account, DeploymentAboveHeld(deployment, key, accelerators, usd, most, held, model, item))


def _exceeded(payment: Payment, usd: float | None) -> tuple[CostLine | None, float] | None:
    """The line and its high figure in US dollars, where the estimate of a job is more than it.

    Where the plan has no price of training, the estimate is reserved, and what is exceeded is what is left of what was
    approved: (None, US dollars).
    """
    if usd is None:
        return None
    line = payment.account.line(payment.key)
    if line is None or not has_price(line, TRAINING):
        left = _hold(payment, usd)
        return None if left is None else (None, left)
    high = high_usd(line, payment.share)
    return (line, high) if _is_above(usd, high) else None


def _is_above(usd: float, held: float) -> bool:
    return usd > held * (1 + ROUNDING) + ROUNDING


def _hold(payment: Payment, usd: float) -> float | None:
    """Reserve at least that amount; None, or the US dollars that are left for it where they are fewer."""
    account = payment.account
    ledger = account.ledger()
    held = math.fsum(item.usd for item in ledger.reservations if item.id == payment.id)
    try:
        account.extend(payment.key, payment.id, usd)
    except CeilingReached:
        return max(0.0, account.limit_usd(ledger) - ledger.spent - ledger.reserved + held)
    return None


def _limit(account: PlanAccount) -> float:
    return account.limit_usd(account.ledger())


def _end(account: PlanAccount, error: RunStopped) -> NoReturn:
    account.stop(str(error), error.remedy)
    raise error


def _price_of(line: CostLine, share: float, usd: float) -> float:
    """US dollars per million tokens at which the line would hold an amount, rounded up to the cent."""
    tokens = sum(part.quantity.high for part in line.parts if part.item == TRAINING) * share
    return math.ceil(usd / (tokens / item_share(line, TRAINING)) * 1e8) / 100 if tokens else usd
