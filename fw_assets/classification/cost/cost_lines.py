"""Cost lines and the estimate: one line per stage and model with its formula, and totals with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from fw_assets.classification.arm import without_arm
from fw_assets.classification.cost.prices import BROADER, Price
from fw_assets.classification.cost.ranges import NOTHING, Range, total
from fw_assets.classification.values import Frozen

Stage = Literal["base-evaluation", "sweep", "full-training", "tuned-evaluation", "learning-curve", "deployment"]
STAGES: tuple[Stage, ...] = (
    "base-evaluation",
    "sweep",
    "full-training",
    "tuned-evaluation",
    "learning-curve",
    "deployment",
)


class CostPart(Frozen):
    """A quantity at one price. `usd` is null when the price is not known.

    `item` is what the quantity is of; the price may be of a narrower one, as an hour of a tuned model's deployment is.
    """

    item: str
    quantity: Range
    unit: str
    price: Price
    usd: Range | None


class CostLine(Frozen):
    """The cost of one stage for one model.

    `key` is stable and joins the ledger to the estimate. `conditional`: it happens only if the model becomes
    a finalist. `counted` false: shown, but not part of a total. `promise`: covered by the approval, but spent only
    after the report, which therefore has no actual cost for it.
    """

    key: str
    stage: Stage
    model: str | None
    formula: str
    parts: tuple[CostPart, ...]
    usd: Range | None
    minutes: Range
    conditional: bool = False
    counted: bool = True
    promise: bool = False

    @property
    def finalist(self) -> str | None:
        """The model of which it is conditional, however that is asked."""
        return None if self.model is None else without_arm(self.model)

    @property
    def known_usd(self) -> Range:
        """US dollars of the parts whose price is known."""
        return total(part.usd for part in self.parts if part.usd is not None)


class Estimate(Frozen):
    """All cost lines, and totals in US dollars and minutes.

    The conditional lines of only `finalists` models will happen. Which ones is not known, so `expected` and
    `high` count the most expensive models and `low` the cheapest. `lower_bound`: some price is unknown, so
    the true totals are higher by the cost of the lines in `unknown`.
    """

    lines: tuple[CostLine, ...]
    finalists: int
    low: float
    expected: float
    high: float
    minutes: Range
    lower_bound: bool
    unknown: tuple[str, ...] = ()

    def line(self, key: str) -> CostLine:
        """The line of that key.

        Raises:
            KeyError: there is none.
        """
        for line in self.lines:
            if line.key == key:
                return line
        raise KeyError(key)

    def subtotals(self) -> tuple[tuple[Stage, Range], ...]:
        """US dollars per stage, of the models that the totals count; the expected ones add up to the total."""
        counted = _counted_models(self.lines, self.finalists)
        return tuple(
            (stage, _sum([line for line in self.lines if line.stage == stage], counted))
            for stage in STAGES
            if any(line.stage == stage and line.counted for line in self.lines)
        )

    def with_lines(self, lines: Sequence[CostLine]) -> Estimate:
        """The estimate of other lines for the same number of finalists."""
        return make_estimate(lines, finalists=self.finalists, minutes=self.minutes)

    def for_finalists(self, models: Iterable[str], minutes: Range | None = None) -> Estimate:
        """The estimate once the finalists (slugs) are known, without the conditional lines of other models."""
        names = set(models)
        lines = [
            line.model_copy(update={"conditional": False})
            for line in self.lines
            if not line.conditional or line.finalist in names
        ]
        return make_estimate(lines, finalists=len(names), minutes=minutes or self.minutes)


def cost_part(price: Price, quantity: Range) -> CostPart:
    """A quantity (single tokens, or hours) at a price."""
    usd_per_unit = price.per_unit
    unit = "tokens" if price.unit == "1M tokens" else "hours"
    return CostPart(
        item=BROADER.get(price.item, price.item),
        quantity=quantity,
        unit=unit,
        price=price,
        usd=None if usd_per_unit is None else quantity.times(usd_per_unit),
    )


def cost_line(
    stage: Stage,
    model: str | None,
    formula: str,
    parts: Sequence[CostPart],
    minutes: Range = NOTHING,
    *,
    key: str | None = None,
    conditional: bool = False,
    counted: bool = True,
    promise: bool = False,
) -> CostLine:
    """A cost line, whose cost is unknown if one part's is."""
    unknown = any(item.usd is None for item in parts)
    return CostLine(
        key=key or f"{stage}/{model}",
        stage=stage,
        model=model,
        formula=formula,
        parts=tuple(parts),
        usd=None if unknown else total(item.usd for item in parts if item.usd is not None),
        minutes=minutes,
        conditional=conditional,
        counted=counted,
        promise=promise,
    )


def make_estimate(lines: Sequence[CostLine], *, finalists: int, minutes: Range) -> Estimate:
    """The estimate of these lines, when `finalists` of the conditional models will be chosen."""
    unknown = tuple(line.key for line in lines if line.counted and line.usd is None)
    usd = _sum(lines, _counted_models(lines, finalists))
    return Estimate(
        lines=tuple(lines),
        finalists=finalists,
        low=usd.low,
        expected=usd.expected,
        high=usd.high,
        minutes=minutes,
        lower_bound=bool(unknown),
        unknown=unknown,
    )


def _counted_models(lines: Sequence[CostLine], finalists: int) -> tuple[set[str | None], ...]:
    """The models whose conditional lines the low, the expected and the high total count."""
    by_model: dict[str | None, Range] = {}
    for item in lines:
        if item.conditional and item.counted:
            by_model[item.finalist] = by_model.get(item.finalist, NOTHING) + item.known_usd
    cheapest = sorted(by_model, key=lambda model: by_model[model].low)
    expected = sorted(by_model, key=lambda model: by_model[model].expected, reverse=True)
    most_expensive = sorted(by_model, key=lambda model: by_model[model].high, reverse=True)
    return set(cheapest[:finalists]), set(expected[:finalists]), set(most_expensive[:finalists])


def _sum(lines: Sequence[CostLine], counted_models: Sequence[set[str | None]]) -> Range:
    low, expected, high = (
        math.fsum(
            getattr(line.known_usd, bound)
            for line in lines
            if line.counted and (not line.conditional or line.finalist in models)
        )
        for bound, models in zip(("low", "expected", "high"), counted_models, strict=True)
    )
    return Range(low=min(low, expected), expected=expected, high=max(expected, high))
