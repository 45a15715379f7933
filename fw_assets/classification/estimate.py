"""Pricing a plan before anything ran: which stages happen for which model, and how much each takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.cost import CostLine, CostPart, Estimate, line, make_estimate, part
from fw_assets.classification.grid import waves
from fw_assets.classification.models import PlannedModel
from fw_assets.classification.prices import Item, Price, PriceBook
from fw_assets.classification.ranges import NOTHING, Range, exactly, longest, total
from fw_assets.classification.session import Session
from fw_assets.classification.timing import Timing
from fw_assets.classification.tokens import TextVolume, TokenRatio
from fw_assets.classification.values import Frozen


class Workload(Frozen):
    """The text that each stage reads; `train` and `sweep` are what jobs train on, after any mitigation."""

    train: TextVolume
    sweep: TextVolume
    validation: TextVolume
    test: TextVolume

    @property
    def evaluated(self) -> TextVolume:
        """Every model, base or tuned, answers validation (for choices) and test (for the report) once."""
        return self.validation + self.test


class Pricing(Frozen):
    """What turns quantities into money and minutes. `ratios` holds measured ratios by model slug."""

    prices: PriceBook
    ratio: TokenRatio
    timing: Timing
    ratios: Mapping[str, TokenRatio] = {}

    def ratio_of(self, model: PlannedModel) -> TokenRatio:
        """The model's own ratio where one was measured."""
        return self.ratios.get(model.slug, self.ratio)

    def price(self, model: PlannedModel, item: Item) -> Price:
        """The price of an item for a planned model."""
        return self.prices.price(model.name, item, model.parameter_count)


def estimate(models: Sequence[PlannedModel], workload: Workload, session: Session, pricing: Pricing) -> Estimate:
    """The estimate of the whole workflow.

    When the sweep trains on all training rows, its best job already is the full-data model: then the
    full-data line expects nothing, and keeps the price of a job of its own only as its high figure.
    """
    lines = [_base_line(model, workload, pricing) for model in models]
    tunable = [model for model in models if model.tunable] if session.mode == "fine-tune" else []
    chosen = min(session.finalists, len(tunable))
    conditional = len(tunable) > chosen
    for model in tunable:
        lines.append(_sweep_line(model, workload, pricing, conditional))
    for model in tunable:
        if session.full_data_run:
            lines.append(_full_line(model, workload, pricing, conditional))
    for model in tunable:
        lines.append(_tuned_line(model, workload, pricing, conditional))
    if tunable and session.deploy != "never":
        lines += _deployment_lines(tunable, session, pricing)
    return make_estimate(lines, finalists=chosen, minutes=wall_clock(lines, tunable, session, chosen))


def wall_clock(lines: Sequence[CostLine], tunable: Sequence[PlannedModel], session: Session, finalists: int) -> Range:
    """Minutes from approval to report: stages one after the other, models side by side, jobs in waves."""

    def stage(name: str) -> Range:
        return longest(line.minutes for line in lines if line.stage == name and line.counted)

    cells = max((len(model.cells) for model in tunable), default=0)
    sweep_waves = len(waves(finalists * cells, session.max_parallel_jobs))
    full_waves = len(waves(finalists, session.max_parallel_jobs))
    return total(
        [
            stage("base-evaluation"),
            stage("sweep").times(sweep_waves),
            stage("full-training").times(full_waves),
            stage("tuned-evaluation"),
            stage("deployment"),
        ]
    )


def _inference(model: PlannedModel, volume: TextVolume, pricing: Pricing, tuned: bool) -> list[CostPart]:
    ratio = pricing.ratio_of(model)
    read: Item = "tuned-inference-input" if tuned else "inference-input"
    written: Item = "tuned-inference-output" if tuned else "inference-output"
    return [
        part(pricing.price(model, read), ratio.prompt_tokens(volume)),
        part(pricing.price(model, written), ratio.answer_tokens(volume)),
    ]


def _hours(model: PlannedModel, volume: TextVolume, pricing: Pricing) -> CostPart:
    busy = pricing.timing.inference_minutes(volume.rows) + pricing.timing.idle_minutes
    return part(pricing.price(model, "deployment-hour"), busy.times(1 / 60))


def _base_line(model: PlannedModel, workload: Workload, pricing: Pricing) -> CostLine:
    volume = workload.evaluated
    minutes = pricing.timing.inference_minutes(volume.rows)
    if model.strategy == "serverless":
        formula = f"{_rows(volume)} x (prompt + answer tokens), serverless"
        return line("base-evaluation", model.slug, formula, _inference(model, volume, pricing, False), minutes)
    formula = f"{_rows(volume)} on a deployment of its own, until it has scaled to zero"
    hours = [_hours(model, volume, pricing)]
    return line("base-evaluation", model.slug, formula, hours, minutes + pricing.timing.deploy_minutes)


def _sweep_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    rows = workload.sweep.rows
    epochs = sum(cell.epochs for cell in model.cells)
    once = pricing.ratio_of(model).training_tokens(workload.sweep)
    cells = len(model.cells)
    formula = f"{rows:,} rows x tokens x {epochs} epochs over {cells} cell{'s' * (cells != 1)}"
    minutes = longest(pricing.timing.training_minutes(rows, cell.epochs, cell.batch_size) for cell in model.cells)
    parts = [part(pricing.price(model, "training"), once.times(epochs))]
    return line("sweep", model.slug, formula, parts, minutes, conditional=conditional)


def _full_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    epochs = sorted(cell.epochs for cell in model.cells)
    once = pricing.ratio_of(model).training_tokens(workload.train)
    rows = workload.train.rows
    slowest = longest(pricing.timing.training_minutes(rows, cell.epochs, cell.batch_size) for cell in model.cells)
    if workload.sweep == workload.train:
        tokens = Range(low=0, expected=0, high=once.high * epochs[-1])
        minutes = Range(low=0, expected=0, high=slowest.high)
        formula = "the best sweep job already trained on all rows; at most one more job"
    else:
        middle = epochs[len(epochs) // 2]
        tokens = Range(low=once.low * epochs[0], expected=once.expected * middle, high=once.high * epochs[-1])
        minutes = slowest
        passes = f"{epochs[0]}" if epochs[0] == epochs[-1] else f"{epochs[0]} to {epochs[-1]}"
        formula = f"{rows:,} rows x tokens x {passes} epochs"
    parts = [part(pricing.price(model, "training"), tokens)]
    return line("full-training", model.slug, formula, parts, minutes, conditional=conditional)


def _tuned_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    volume = workload.evaluated
    formula = f"{_rows(volume)} on the tuned model's deployment, until it has scaled to zero"
    parts = [*_inference(model, volume, pricing, tuned=True), _hours(model, volume, pricing)]
    minutes = pricing.timing.inference_minutes(volume.rows) + pricing.timing.deploy_minutes
    return line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def _deployment_lines(models: Sequence[PlannedModel], session: Session, pricing: Pricing) -> list[CostLine]:
    found = [pricing.price(model, "deployment-hour") for model in models]
    dearest = next((price for price in found if price.usd is None), None) or max(
        found, key=lambda price: price.usd or 0.0
    )
    surely = pricing.timing.idle_minutes.low / 60 if session.deploy == "always" else 0.0
    first = part(dearest, Range(low=surely, expected=1, high=1))
    of = "" if len({price.usd for price in found}) == 1 else ", at the dearest candidate's price"
    return [
        line(
            "deployment",
            None,
            f"the winner's first hour of serving{of}",
            [first],
            pricing.timing.deploy_minutes,
            key="deployment/first-hour",
        ),
        line(
            "deployment",
            None,
            f"each day that traffic keeps one replica up{of}; without traffic it scales to zero",
            [part(dearest, exactly(24))],
            NOTHING,
            key="deployment/idle-day",
            counted=False,
        ),
    ]


def _rows(volume: TextVolume) -> str:
    return f"{volume.rows:,} validation and test rows"
