"""Cost lines of the deployed winner."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.cost_lines import CostLine, cost_line, cost_part
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import NOTHING, Range, exactly
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.session import Session

REPLAYED_ROWS = 20
"""Test rows that the deployed winner answers again, to prove that it is the evaluated model."""
DEAREST = ", at the dearest candidate's price"
"""Ending of a formula whose price is the highest of several."""


def deployment_lines(
    models: Sequence[PlannedModel], workload: Workload, session: Session, pricing: Pricing
) -> list[CostLine]:
    """Lines for the winner, which can be any candidate: at the highest price, or unknown if any price is."""
    prices = [pricing.hour(model, tuned=bool(model.cells)) for model in models]
    unknown = next((price for price in prices if price.usd is None), None)
    highest = unknown or max(prices, key=lambda price: price.usd or 0.0)
    replayed = min(REPLAYED_ROWS, workload.test.rows)
    busy = (pricing.timing.inference_minutes(replayed) + pricing.timing.idle_minutes).times(1 / 60)
    certain = session.deploy == "always"
    proof = cost_part(highest, busy if certain else busy.model_copy(update={"low": 0.0}))
    first = cost_part(highest, Range(low=pricing.timing.idle_minutes.low / 60 if certain else 0.0, expected=1, high=1))
    of = "" if len({price.usd for price in prices}) == 1 else DEAREST
    return [
        cost_line(
            "deployment",
            None,
            f"the deployed winner is asked {replayed} rows again, until it has scaled to zero{of}",
            [proof],
            pricing.timing.deploy_minutes + pricing.timing.inference_minutes(replayed),
            key="deployment/proof",
        ),
        cost_line(
            "deployment",
            None,
            f"the winner's first hour of serving{of}",
            [first],
            NOTHING,
            key="deployment/first-hour",
            promise=True,
        ),
        cost_line(
            "deployment",
            None,
            f"each day that traffic keeps one replica up{of}; without traffic it scales to zero",
            [cost_part(highest, exactly(24))],
            NOTHING,
            key="deployment/idle-day",
            counted=False,
        ),
    ]
