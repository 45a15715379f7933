"""The cost of a plan: by stage, by line, its prices, and what each mitigation would cost."""

from __future__ import annotations

from fw_assets.classification.cost.cost_lines import CostLine
from fw_assets.classification.cost.deployment_lines import DEAREST
from fw_assets.classification.cost.prices import per_1000_answers
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.plan.plan import Plan
from fw_assets.report.formatting import DASH, Quoted, count, plural, typeset, usd, usd_digits, usd_of_many, usd_roughly
from fw_assets.report.glossary import STAGES
from fw_assets.report.table import Table, columns


def stages(plan: Plan) -> Table:
    """Cost by stage; totals are sums of the rounded rows."""
    subtotals = plan.estimate.subtotals()
    amounts = [(cost.low, cost.expected, cost.high) for _, cost in subtotals]
    digits = usd_digits(amount for row in amounts for amount in row)
    rounded = [[round(amount, digits) for amount in row] for row in amounts]
    body = tuple(
        (STAGES[stage], *(usd(amount, digits) for amount in row))
        for (stage, _), row in zip(subtotals, rounded, strict=True)
    )
    sums = tuple(usd(sum(column), digits) for column in zip(*rounded, strict=True))
    return Table(columns("Stage", ">Low", ">Expected", ">High"), body, ("Total", *sums) if sums else None)


def cost_lines(plan: Plan) -> Table:
    """Every line of the estimate with its formula."""
    lines = plan.estimate.lines
    digits = usd_digits(
        value for line in lines if line.usd for value in (line.usd.low, line.usd.expected, line.usd.high)
    )
    body = tuple(
        (
            Quoted(line.key),
            typeset(line.formula),
            *(_bound(line, bound, digits) for bound in ("low", "expected", "high")),
            _minutes(line.minutes),
            _condition(line),
        )
        for line in lines
    )
    return Table(columns("Line", "Calculated as", ">Low", ">Expected", ">High", ">Minutes", "Counted"), body)


def prices(plan: Plan) -> Table:
    """The prices that the estimate rests on, with source and date."""
    used = dict.fromkeys(part.price for line in plan.estimate.lines for part in line.parts)
    body = tuple(
        (
            item.item.replace("-", " "),
            Quoted(item.model) if item.model else "every model" if not item.max_parameters else "by size",
            "unknown" if item.usd is None else f"{usd(item.usd)} per {item.unit}",
            Quoted(item.source),
            item.date,
        )
        for item in used
    )
    return Table(columns("Price of", "For", ">Price", "Source", "Date"), body)


def traffic(plan: Plan) -> str:
    """What 1,000 answers of the deployed winner will cost; empty where nothing is deployed, or it costs nothing."""
    line = next((line for line in plan.estimate.lines if line.key == "deployment/idle-day"), None)
    hourly = next((part.price.per_unit for part in line.parts), None) if line else None
    if line is None or not hourly:
        return ""
    price = usd_of_many(per_1000_answers(hourly, plan.session.traffic))
    differ = DEAREST in line.formula
    most, replica = ("at most ", "one replica of the dearest candidate") if differ else ("", "one replica")
    return (
        f"At {plural(plan.session.traffic, 'row')} an hour (traffic), 1,000 answers of a deployed winner cost "
        f"{most}{price}: {replica} at {usd(hourly)} an hour, all the time."
    )


def mitigations(plan: Plan) -> Table:
    """Mitigations of the imbalance: training rows, imbalance and cost after each."""
    effects = {effect.name: effect for effect in plan.label_set.imbalance.mitigations}
    body: list[tuple[str, ...]] = []
    for option in plan.mitigations:
        effect = effects.get(option.name)
        ratio = effect.ratio_after if effect else plan.label_set.imbalance.ratio
        cost = f"{usd_roughly(option.estimate.expected)} (at most {usd_roughly(option.estimate.high)})"
        body.append((option.name, count(option.rows), f"{ratio:,.1f}", cost, typeset(option.note)))
    for name, reason in plan.label_set.imbalance.unavailable:
        body.append((name, DASH, DASH, DASH, f"Not available: {typeset(reason)}."))
    return Table(columns("Mitigation", ">Training rows", ">Ratio then", ">Cost", "What it does"), tuple(body))


def _bound(line: CostLine, bound: str, digits: int) -> str:
    return "unknown" if line.usd is None else usd(getattr(line.usd, bound), digits)


def _condition(line: CostLine) -> str:
    if not line.counted:
        return "shown only"
    return "if a finalist" if line.conditional else ""


def _minutes(minutes: Range) -> str:
    if not minutes.high:
        return ""
    return f"{minutes.low:.0f}{DASH}{minutes.high:.0f}" if minutes.high >= 1 else "under 1"
