"""The estimate again, once something is known that the plan could only assume: real usage, and the cells chosen."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import CostLine, Estimate, line, part
from fw_assets.classification.cost.estimate import Pricing, Workload, estimate
from fw_assets.classification.cost.ranges import Range, exactly
from fw_assets.classification.cost.token_estimates import TextVolume, TokenRatio, measured_ratio
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import workload_of
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import Frozen


class Basis(Frozen):
    """What a plan's estimate was made from; the revision uses the same prices, whatever they are by then."""

    volumes: dict[str, TextVolume]
    pricing: Pricing


class Spent(Frozen):
    """What a base model's evaluation used, as the platform counted it."""

    prompt_tokens: int
    completion_tokens: int


def revise(plan: Plan, basis: Basis, mitigation: Mitigation, used: Mapping[str, Spent]) -> Estimate:
    """The plan's estimate with token counts as they were seen in the base models' evaluation.

    Args:
        used: by model slug; models without an entry keep the plan's assumption.

    The approved ceiling stays what it was.
    """
    rows = next((option.rows for option in plan.mitigations if option.name == mitigation), plan.rows["train"])
    workload = workload_of(plan.session, basis.volumes, rows, plan.sweep_rows)
    ratios = {
        slug: _ratio(basis.pricing.ratio, workload, spent.prompt_tokens, basis.pricing.base_answers_freely)
        for slug, spent in used.items()
        if spent.prompt_tokens > 0
    }
    pricing = basis.pricing.model_copy(update={"ratios": {**basis.pricing.ratios, **ratios}})
    fresh = estimate(plan.models, workload, plan.session, pricing)
    lines = tuple(_as_spent(item, used) for item in fresh.lines)
    return fresh.with_lines(lines)


def with_chosen_cells(priced: Estimate, plan: Plan, chosen: Mapping[str, Cell]) -> Estimate:
    """The estimate with the full-data jobs at the epochs of the cells that the sweep chose, by model slug."""
    return priced.with_lines(tuple(_for_cell(item, plan, chosen) for item in priced.lines))


def _ratio(assumed: TokenRatio, workload: Workload, prompt_tokens: int, freely: bool) -> TokenRatio:
    sent = workload.asked_of_base(freely)
    if sent.prompt_tokens is None and sent.prompt_characters > 0:
        return measured_ratio(sent, prompt_tokens)
    expected = assumed.prompt_tokens(sent).expected
    if expected <= 0:
        return assumed
    scale = assumed.scale * prompt_tokens / expected
    return assumed.model_copy(update={"scale": scale, "source": f"{prompt_tokens:,} tokens counted by the platform"})


def _as_spent(item: CostLine, used: Mapping[str, Spent]) -> CostLine:
    spent = used.get(item.model or "")
    if item.stage != "base-evaluation" or spent is None:
        return item
    quantities = {"inference-input": spent.prompt_tokens, "inference-output": spent.completion_tokens}
    parts = [part(old.price, exactly(quantities[old.item])) if old.item in quantities else old for old in item.parts]
    return line(item.stage, item.model, f"{item.formula}, as counted", parts, item.minutes, key=item.key)


def _for_cell(item: CostLine, plan: Plan, chosen: Mapping[str, Cell]) -> CostLine:
    cell = chosen.get(item.model or "")
    if item.stage != "full-training" or cell is None or not item.parts[0].quantity.expected:
        return item
    epochs = sorted(each.epochs for each in plan.model(item.model or "").cells)
    old = item.parts[0].quantity
    expected = old.expected / epochs[len(epochs) // 2] * cell.epochs
    quantity = Range(low=min(old.low, expected), expected=expected, high=max(old.high, expected))
    formula = f"{item.formula}; {cell.epochs} by the chosen cell"
    parts = [part(item.parts[0].price, quantity)]
    return line(item.stage, item.model, formula, parts, item.minutes, key=item.key, conditional=item.conditional)
