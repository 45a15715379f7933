"""Money in report.json: the bill, and cost against accuracy."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds


class CostEntry(Frozen):
    """One line of the bill. Amounts are rounded to a hundredth of a cent; totals are sums of the rounded amounts."""

    line: str
    stage: str
    model: str | None = None
    formula: str = ""
    estimated_usd: float | None
    revised_usd: float | None = None
    """The estimate with token counts as the base models' evaluation showed them."""
    quantity_estimated: bool = False
    """The platform did not say how much it was; the actual figure is the expected quantity at the line's price."""
    note: str = ""
    """What the actual figure was paid at, where it is not what the platform counted, at its price."""
    low_usd: float | None = None
    high_usd: float | None = None
    actual_usd: float | None


class BilledItem(Frozen):
    """One item of the account's bill, such as the fine-tuning of a model."""

    category: str
    name: str
    quantity: float
    usd: float


class Billing(Frozen):
    """What the platform billed the account for, from the first to the last day (ISO dates, UTC).

    Whole days and everything that the account did, so it can be more than the run cost; it may lag, and be less.
    """

    first_day: str
    last_day: str
    usd: float
    items: tuple[BilledItem, ...]


class Cost(Frozen):
    """Estimated against actual. With a null line the totals cover the known lines (`*_complete` is false).

    `not_started`: lines of the plan that never began, such as training a model that was not a finalist; they are
    in no total.
    """

    lines: tuple[CostEntry, ...]
    estimated_usd: float
    actual_usd: float
    estimated_complete: bool = True
    actual_complete: bool = True
    not_started: tuple[str, ...] = ()
    promised: tuple[CostEntry, ...] = ()
    """Approved and held, but for after the report, such as the first hour of serving; in no total."""
    billed: Billing | None = None
    """The account's own bill, where the platform tells it."""


class CostPoint(Frozen):
    """The cost of 1,000 answers of a model, and its accuracy on the test rows.

    On a deployment it is its hours at `rows_per_hour` rows; otherwise what the evaluation paid for its requests.
    `dominated`: another one costs no more, and its interval lies above this one's. `latency`: of the test rows'
    requests as they were asked, for free models of one row at a time; null where nothing was timed. Of a cascade,
    `name` and `then` are the model that is asked where the free one, `first`, is not sure.
    """

    name: str
    kind: Literal["base", "tuned", "baseline", "cascade"]
    accuracy: float
    interval: Bounds
    usd_per_1000: float | None
    rows_per_hour: int | None = None
    dominated: bool = False
    latency: Latency | None = None
    first: str = ""
    then: Literal["base", "tuned"] | None = None

    @property
    def usd_per_right(self) -> float | None:
        """US dollars for one answer that is right; None where the cost is unknown, or none is."""
        if self.usd_per_1000 is None or not self.accuracy:
            return None
        return self.usd_per_1000 / 1000 / self.accuracy


def mark_dominated(points: tuple[CostPoint, ...]) -> tuple[CostPoint, ...]:
    """The points with `dominated` set; one whose cost is unknown neither dominates nor is dominated."""

    def is_dominated(point: CostPoint) -> bool:
        cost = point.usd_per_1000
        return cost is not None and any(
            other.usd_per_1000 is not None and other.usd_per_1000 <= cost and other.interval[0] > point.interval[1]
            for other in points
        )

    return tuple(point.model_copy(update={"dominated": is_dominated(point)}) for point in points)
