"""Revised estimate: the plan's estimate with measured token usage, and with the cells that the sweep chose."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.cost.cost_lines import CostLine, Estimate, cost_line, cost_part
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.machine_time import Pace, measured_speed
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range, exactly
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import TokenRatio, measured_ratio
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.plan.planner import workload_of
from fw_assets.classification.session import Mitigation
from fw_assets.classification.values import Frozen


class EstimateBasis(Frozen):
    """Volumes and prices of a plan's estimate, kept so that a revision uses the same prices."""

    volumes: dict[str, TextVolume]
    pricing: Pricing


class TokenUsage(Frozen):
    """Tokens of a base model's evaluation, as counted by the platform."""

    prompt_tokens: int
    completion_tokens: int


class DatasetTokens(Frozen):
    """Tokens of one epoch, by the platform's count of the rows that a sweep and a full-data job train on."""

    sweep: int | None = None
    train: int | None = None


def revise_estimate(
    plan: Plan,
    basis: EstimateBasis,
    mitigation: Mitigation,
    usage: Mapping[str, TokenUsage],
    paces: Mapping[str, Pace] | None = None,
) -> Estimate:
    """The plan's estimate with the token counts of the base models' evaluation; the approved ceiling does not change.

    Args:
        usage: by model slug; models without an entry keep the plan's assumption.
        paces: at which models answered their validation and test rows, by slug; they revise the minutes of those whose
            speed is that of the machine.
    """
    rows = next((option.rows for option in plan.mitigations if option.name == mitigation), plan.rows["train"])
    workload = workload_of(plan.session, basis.volumes, rows, plan.sweep_rows, plan.label_set.multi_label)
    ratios = {
        slug: _ratio(
            basis.pricing.ratio_of(plan.model(slug)),
            workload.of(plan.model(slug)),
            tokens.prompt_tokens,
            basis.pricing.base_answers_freely,
        )
        for slug, tokens in usage.items()
        if tokens.prompt_tokens > 0
    }
    pricing = basis.pricing.model_copy(update={"ratios": {**basis.pricing.ratios, **ratios}})
    answered = workload.validation + workload.test
    speeds = {
        slug: measured_speed(speed, pricing.ratio_of(plan.model(slug)), answered, pace)
        for slug, pace in (paces or {}).items()
        if (speed := pricing.speed_of(plan.model(slug))) is not None
    }
    pricing = pricing.model_copy(update={"speeds": speeds})
    estimate = estimate_costs(plan.models, workload, plan.session, pricing)
    return estimate.with_lines(tuple(_with_usage(line, usage) for line in estimate.lines))


def with_chosen_cells(estimate: Estimate, plan: Plan, cells: Mapping[str, Cell]) -> Estimate:
    """The estimate with full-data jobs of as many epochs as the cells, by model slug, that the sweep chose."""
    return estimate.with_lines(tuple(_with_cell(line, plan, cells) for line in estimate.lines))


def with_dataset_tokens(
    estimate: Estimate, plan: Plan, cells: Mapping[str, Cell], tokens: Mapping[str, DatasetTokens]
) -> Estimate:
    """The estimate with the tokens of the uploaded rows by the platform's count.

    Args:
        cells: that the sweep chose, by model slug.
        tokens: by model slug; models without an entry keep what they have.
    """
    return estimate.with_lines(tuple(_with_dataset(line, plan, cells, tokens) for line in estimate.lines))


def _with_dataset(
    line: CostLine, plan: Plan, cells: Mapping[str, Cell], tokens: Mapping[str, DatasetTokens]
) -> CostLine:
    slug = line.model or ""
    counted = tokens.get(slug, DatasetTokens())
    if line.stage == "sweep":
        epochs, per_epoch = sum(cell.epochs for cell in plan.model(slug).cells), counted.sweep
    elif line.stage == "full-training" and line.parts[0].quantity.expected and slug in cells:
        epochs, per_epoch = cells[slug].epochs, counted.train
    else:
        return line
    if per_epoch is None:
        return line
    formula = f"{line.formula}; {per_epoch:,} tokens an epoch, as counted"
    parts = [cost_part(line.parts[0].price, exactly(per_epoch * epochs))]
    return cost_line(line.stage, line.model, formula, parts, line.minutes, key=line.key, conditional=line.conditional)


def _ratio(assumed: TokenRatio, workload: Workload, prompt_tokens: int, unconstrained: bool) -> TokenRatio:
    volume = workload.base_evaluation(unconstrained)
    if volume.prompt_tokens is None and volume.prompt_characters > 0:
        return measured_ratio(volume, prompt_tokens)
    expected = assumed.prompt_tokens(volume).expected
    if expected <= 0:
        return assumed
    scale = assumed.scale * prompt_tokens / expected
    return assumed.model_copy(update={"scale": scale, "source": f"{prompt_tokens:,} tokens counted by the platform"})


def _with_usage(line: CostLine, usage: Mapping[str, TokenUsage]) -> CostLine:
    tokens = usage.get(line.model or "")
    if line.stage != "base-evaluation" or tokens is None:
        return line
    counted = {"inference-input": tokens.prompt_tokens, "inference-output": tokens.completion_tokens}
    parts = [
        cost_part(part.price, exactly(counted[part.item])) if part.item in counted else part for part in line.parts
    ]
    return cost_line(line.stage, line.model, f"{line.formula}, as counted", parts, line.minutes, key=line.key)


def _with_cell(line: CostLine, plan: Plan, cells: Mapping[str, Cell]) -> CostLine:
    cell = cells.get(line.model or "")
    if line.stage != "full-training" or cell is None or not line.parts[0].quantity.expected:
        return line
    epochs = sorted(planned.epochs for planned in plan.model(line.model or "").cells)
    tokens = line.parts[0].quantity
    # The plan expected the median of the grid's epochs.
    expected = tokens.expected / epochs[len(epochs) // 2] * cell.epochs
    quantity = Range(low=min(tokens.low, expected), expected=expected, high=max(tokens.high, expected))
    formula = f"{line.formula}; {cell.epochs} by the chosen cell"
    parts = [cost_part(line.parts[0].price, quantity)]
    return cost_line(line.stage, line.model, formula, parts, line.minutes, key=line.key, conditional=line.conditional)
