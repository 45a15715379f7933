"""Cost lines of fine-tuning jobs."""

from __future__ import annotations

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.cost_lines import CostLine, cost_line, cost_part
from fw_assets.classification.cost.inference_lines import inference_parts
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import NOTHING, Range
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.workload import Workload

CURVE_SHARES = (0.25, 0.5)
"""Shares of the training rows that a learning curve adds to the whole."""


def sweep_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    rows = workload.sweep.rows
    epochs = sum(cell.epochs for cell in model.cells)
    epoch_tokens = pricing.ratio_of(model).training_tokens(workload.sweep)
    cells = len(model.cells)
    formula = f"{rows:,} rows x tokens x {epochs} epochs over {cells} cell{'s' * (cells != 1)}"
    minutes = pricing.job_minutes(model, workload.sweep, workload)
    parts = [cost_part(pricing.price(model, "training"), epoch_tokens.times(epochs))]
    return cost_line("sweep", model.slug, formula, parts, minutes, conditional=conditional)


def full_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    epochs = sorted(cell.epochs for cell in model.cells)
    epoch_tokens = pricing.ratio_of(model).training_tokens(workload.train)
    rows = workload.train.rows
    slowest = pricing.job_minutes(model, workload.train, workload)
    if workload.sweep == workload.train:
        tokens = Range(low=0, expected=0, high=epoch_tokens.high * epochs[-1])
        minutes = Range(low=0, expected=0, high=slowest.high)
        formula = "the best sweep job already trained on all rows; at most one more job"
    else:
        middle = epochs[len(epochs) // 2]
        tokens = Range(
            low=epoch_tokens.low * epochs[0],
            expected=epoch_tokens.expected * middle,
            high=epoch_tokens.high * epochs[-1],
        )
        minutes = slowest
        passes = f"{epochs[0]}" if epochs[0] == epochs[-1] else f"{epochs[0]} to {epochs[-1]}"
        formula = f"{rows:,} rows x tokens x {passes} epochs"
    parts = [cost_part(pricing.price(model, "training"), tokens)]
    return cost_line("full-training", model.slug, formula, parts, minutes, conditional=conditional)


def curve_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    epochs = sorted(cell.epochs for cell in model.cells)
    tokens, busy, minutes = NOTHING, NOTHING, NOTHING
    volume = TextVolume()
    for share in CURVE_SHARES:
        train = workload.train.scaled(max(1, round(workload.train.rows * share)))
        epoch_tokens = pricing.ratio_of(model).training_tokens(train)
        tokens += Range(
            low=epoch_tokens.low * epochs[0],
            expected=epoch_tokens.expected * epochs[len(epochs) // 2],
            high=epoch_tokens.high * epochs[-1],
        )
        minutes += pricing.job_minutes(model, train, workload)
        minutes += pricing.inference_minutes(model, workload.test) + pricing.timing.deploy_minutes
        busy += pricing.timing.inference_minutes(workload.test.rows) + pricing.timing.idle_minutes
        volume += workload.test
    parts = [
        *inference_parts(model, volume, pricing, tuned=True),
        cost_part(pricing.price(model, "training"), tokens),
        cost_part(pricing.hour(model, tuned=True), busy.times(1 / 60)),
    ]
    shares = " and ".join(f"{share:.0%}" for share in CURVE_SHARES)
    formula = f"training on {shares} of {workload.train.rows:,} rows, each answering {workload.test.rows:,} test rows"
    return cost_line("learning-curve", model.slug, formula, parts, minutes, conditional=conditional)
