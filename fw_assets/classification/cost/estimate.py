"""Pricing a plan before anything ran: which stages happen for which model, and how much each takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.tuning_grid import waves
from fw_assets.classification.cost.cost_lines import CostLine, CostPart, Estimate, Stage, line, make_estimate, part
from fw_assets.classification.cost.durations import Timing
from fw_assets.classification.cost.prices import Item, Price, PriceBook
from fw_assets.classification.cost.ranges import NOTHING, Range, exactly, longest, total
from fw_assets.classification.cost.token_estimates import TextVolume, TokenRatio
from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen

REPLAYED_ROWS = 20
"""Test rows that a deployed winner is asked again, as proof that it is what was evaluated."""


CURVE_SHARES = (0.25, 0.5)
"""Shares of the training rows that a learning curve adds to the whole."""


class Workload(Frozen):
    """The text that each stage reads; `train` and `sweep` are what jobs train on, after any mitigation.

    Equal prompts of `validation` and `test` count once, as they are asked once.
    """

    train: TextVolume
    sweep: TextVolume
    validation: TextVolume
    test: TextVolume
    free: TextVolume = TextVolume()
    """Test rows that are asked once more without constrained decoding."""
    again: TextVolume = TextVolume()
    """Test rows that base models are asked once more as they were, for the noise floor."""

    @property
    def evaluated(self) -> TextVolume:
        """Every model, base or tuned, answers validation (for choices), test (for the report) and the free rows."""
        return self.validation + self.test + self.free

    def asked_of_base(self, freely: bool) -> TextVolume:
        """The same for base models, with the null control; without the free rows where they are refused."""
        return (self.evaluated if freely else self.validation + self.test) + self.again


class Pricing(Frozen):
    """What turns quantities into money and minutes. `ratios` holds measured ratios by model slug.

    `base_answers_freely`: whether base models answer without constrained decoding; those that do not refuse the
    free rows, which then cost nothing.
    """

    prices: PriceBook
    ratio: TokenRatio
    timing: Timing
    ratios: Mapping[str, TokenRatio] = {}
    base_answers_freely: bool = True

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
    if session.learning_curve:
        lines += [_curve_line(model, workload, pricing, conditional) for model in tunable]
    if tunable and session.deploy != "never":
        lines += _deployment_lines(tunable, workload, session, pricing)
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
            stage("learning-curve"),
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
    volume = workload.asked_of_base(pricing.base_answers_freely)
    minutes = pricing.timing.inference_minutes(volume.rows)
    if model.strategy == "serverless":
        formula = f"{_rows(volume)} x (prompt + answer tokens), serverless"
        return line("base-evaluation", model.slug, formula, _inference(model, volume, pricing, False), minutes)
    if model.strategy == "batch":
        return _batch_line("base-evaluation", model, volume, pricing)
    formula = f"{_rows(volume)} on a deployment of its own, until it has scaled to zero"
    hours = [_hours(model, volume, pricing)]
    return line("base-evaluation", model.slug, formula, hours, minutes + pricing.timing.deploy_minutes)


def _batch_line(
    stage: Stage, model: PlannedModel, volume: TextVolume, pricing: Pricing, *, conditional: bool = False
) -> CostLine:
    ratio = pricing.ratio_of(model)
    parts = [
        part(_half(pricing.price(model, "inference-input")), ratio.prompt_tokens(volume)),
        part(_half(pricing.price(model, "inference-output")), ratio.answer_tokens(volume)),
    ]
    formula = f"{_rows(volume)} x (prompt + answer tokens), batch inference at half the serverless price"
    minutes = pricing.timing.inference_minutes(volume.rows) + pricing.timing.job_start_minutes
    return line(stage, model.slug, formula, parts, minutes, conditional=conditional)


def _half(price: Price) -> Price:
    """The batch price: half the serverless one, of base and fine-tuned models alike."""
    return price if price.usd is None else price.model_copy(update={"usd": price.usd / 2})


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
    if model.tuned_strategy == "batch":
        return _batch_line("tuned-evaluation", model, workload.evaluated, pricing, conditional=conditional)
    volume = workload.evaluated
    formula = f"{_rows(volume)} on the tuned model's deployment, until it has scaled to zero"
    parts = [*_inference(model, volume, pricing, tuned=True), _hours(model, volume, pricing)]
    minutes = pricing.timing.inference_minutes(volume.rows) + pricing.timing.deploy_minutes
    return line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def _curve_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    epochs = sorted(cell.epochs for cell in model.cells)
    tokens, busy, minutes = NOTHING, NOTHING, NOTHING
    volume = TextVolume()
    for share in CURVE_SHARES:
        train = workload.train.scaled(max(1, round(workload.train.rows * share)))
        once = pricing.ratio_of(model).training_tokens(train)
        tokens += Range(
            low=once.low * epochs[0], expected=once.expected * epochs[len(epochs) // 2], high=once.high * epochs[-1]
        )
        minutes += longest(
            pricing.timing.training_minutes(train.rows, cell.epochs, cell.batch_size) for cell in model.cells
        )
        minutes += pricing.timing.inference_minutes(workload.test.rows) + pricing.timing.deploy_minutes
        busy += pricing.timing.inference_minutes(workload.test.rows) + pricing.timing.idle_minutes
        volume += workload.test
    parts = [
        *_inference(model, volume, pricing, tuned=True),
        part(pricing.price(model, "training"), tokens),
        part(pricing.price(model, "deployment-hour"), busy.times(1 / 60)),
    ]
    shares = " and ".join(f"{share:.0%}" for share in CURVE_SHARES)
    formula = f"training on {shares} of {workload.train.rows:,} rows, each answering {workload.test.rows:,} test rows"
    return line("learning-curve", model.slug, formula, parts, minutes, conditional=conditional)


def _deployment_lines(
    models: Sequence[PlannedModel], workload: Workload, session: Session, pricing: Pricing
) -> list[CostLine]:
    found = [pricing.price(model, "deployment-hour") for model in models]
    dearest = next((price for price in found if price.usd is None), None) or max(
        found, key=lambda price: price.usd or 0.0
    )
    asked = min(REPLAYED_ROWS, workload.test.rows)
    busy = (pricing.timing.inference_minutes(asked) + pricing.timing.idle_minutes).times(1 / 60)
    surely = session.deploy == "always"
    proof = part(dearest, busy if surely else busy.model_copy(update={"low": 0.0}))
    first = part(dearest, Range(low=pricing.timing.idle_minutes.low / 60 if surely else 0.0, expected=1, high=1))
    of = "" if len({price.usd for price in found}) == 1 else ", at the dearest candidate's price"
    return [
        line(
            "deployment",
            None,
            f"the deployed winner is asked {asked} rows again, until it has scaled to zero{of}",
            [proof],
            pricing.timing.deploy_minutes + pricing.timing.inference_minutes(asked),
            key="deployment/proof",
        ),
        line(
            "deployment",
            None,
            f"the winner's first hour of serving{of}",
            [first],
            NOTHING,
            key="deployment/first-hour",
            promise=True,
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
