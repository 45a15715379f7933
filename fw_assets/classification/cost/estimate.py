"""Cost estimate of a plan: the stages of each model, with their quantities, prices and durations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.decision_arms import decision_arms
from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.tuning_grid import waves
from fw_assets.classification.cost.cost_lines import (
    CostLine,
    CostPart,
    Estimate,
    Stage,
    cost_line,
    cost_part,
    make_estimate,
)
from fw_assets.classification.cost.durations import Timing
from fw_assets.classification.cost.machine_time import scoring_minutes, side_by_side, training_minutes
from fw_assets.classification.cost.prices import Item, Price, PriceBook
from fw_assets.classification.cost.ranges import NOTHING, Range, exactly, longest, total
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import TokenRatio
from fw_assets.classification.cost.vocabularies import ratio_by_name
from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen

REPLAYED_ROWS = 20
"""Test rows that the deployed winner answers again, to prove that it is the evaluated model."""
DEAREST = ", at the dearest candidate's price"
"""Ending of a formula whose price is the highest of several."""
AS_CORRECT = exactly(1.0)
MULTI_LABEL_ANSWERS = Range(low=1.0, expected=1.5, high=3.0)
"""Tokens of a base model's answer over those of the correct one, where a row can have several labels.

On 3,000 rows of goemotions, the base evaluation came to 1.10 times its estimate by the correct answers (2026-11-27). A
fine-tuned model has learned how many labels there are.
"""
CURVE_SHARES = (0.25, 0.5)
"""Shares of the training rows that a learning curve adds to the whole."""


class Workload(Frozen):
    """The text of each stage; `train` and `sweep` are what jobs train on, after any mitigation.

    Equal prompts of `validation` and `test` count once, because they are sent once.
    """

    train: TextVolume
    sweep: TextVolume
    validation: TextVolume
    test: TextVolume
    out_of_scope: TextVolume = TextVolume()
    """Rows that belong to no label."""
    unconstrained: TextVolume = TextVolume()
    """Test rows that are sent a second time, without constrained decoding."""
    null_control: TextVolume = TextVolume()
    """Test rows that are sent to base models a second time unchanged, to measure the noise floor."""
    multi_label: bool = False
    """Whether a row can have several labels, of which a base model names more than the row has."""
    arms: Mapping[str, Workload] = {}
    """By arm, what base models are asked in its way."""

    def of(self, model: PlannedModel) -> Workload:
        """The text that a model is asked."""
        return self.arms[str(model.arm)] if model.arm else self

    @property
    def evaluation(self) -> TextVolume:
        """The prompts that a fine-tuned model answers."""
        return self._asked + self.unconstrained

    def base_evaluation(self, unconstrained: bool) -> TextVolume:
        """The prompts that a base model answers; `unconstrained` tells whether it can without constrained decoding."""
        return (self.evaluation if unconstrained else self._asked) + self.null_control

    @property
    def _asked(self) -> TextVolume:
        return self.validation + self.out_of_scope + self.test


class Pricing(Frozen):
    """Prices, token ratios and durations: all that turns quantities into money and minutes.

    `ratios` holds measured ratios by model slug, `vocabularies` those of model families, as `ratio_by_name` takes them.
    `base_answers_freely`: whether base models answer without constrained decoding; the others refuse such requests,
    which then cost nothing.
    """

    prices: PriceBook
    ratio: TokenRatio
    timing: Timing
    ratios: Mapping[str, TokenRatio] = {}
    vocabularies: Mapping[str, TokenRatio] = {}
    base_answers_freely: bool = True
    speeds: Mapping[str, ModelSpeed] = {}
    """Measured speeds by model slug; the others have what their entry tells, if it does."""

    def ratio_of(self, model: PlannedModel) -> TokenRatio:
        """The measured ratio of a model, else that of its family, else the general one."""
        measured = self.ratios.get(model.slug)
        return measured or ratio_by_name(self.vocabularies, model.origin or model.asked_name) or self.ratio

    def speed_of(self, model: PlannedModel) -> ModelSpeed | None:
        """The speed of a model on its machine; None where the timing of the platform holds."""
        return self.speeds.get(model.slug) or (model.entry.speed if model.entry else None)

    def inference_minutes(self, model: PlannedModel, volume: TextVolume) -> Range:
        """Minutes of the answers of one model."""
        speed = self.speed_of(model)
        if speed is None:
            return self.timing.inference_minutes(volume.rows)
        return scoring_minutes(speed, self.ratio_of(model), volume)

    def job_minutes(self, model: PlannedModel, train: TextVolume, workload: Workload) -> Range:
        """Minutes of the longest job of a model's cells on `train`."""
        speed = self.speed_of(model)
        if speed is None:
            return longest(
                self.timing.training_minutes(train.rows, cell.epochs, cell.batch_size) for cell in model.cells
            )
        epochs = max((cell.epochs for cell in model.cells), default=0)
        chooses = not workload.multi_label
        return training_minutes(speed, self.ratio_of(model), train, workload.validation, epochs, chooses=chooses)

    def price(self, model: PlannedModel, item: Item) -> Price:
        return self.prices.price(model.asked_name, item, model.parameter_count, model.origin)

    def hour(self, model: PlannedModel, *, tuned: bool) -> Price:
        """The price of an hour of the deployment of a model, or of what is fine-tuned from it."""
        return self.price(model, "tuned-deployment-hour" if tuned else "deployment-hour")


def estimate_costs(models: Sequence[PlannedModel], workload: Workload, session: Session, pricing: Pricing) -> Estimate:
    """The estimate of the whole workflow.

    When the sweep trains on all training rows, its best job already is the full-data model: then the
    full-data line expects nothing, and keeps the price of a job of its own only as its high figure.
    """
    lines = [_base_line(model, workload.of(model), pricing) for model in models]
    tunable = [model for model in models if model.tunable] if session.mode == "fine-tune" else []
    finalists = min(session.finalists, len(tunable))
    conditional = len(tunable) > finalists
    lines += [_sweep_line(model, workload, pricing, conditional) for model in tunable]
    if session.full_data_run:
        lines += [_full_line(model, workload, pricing, conditional) for model in tunable]
    lines += [_tuned_line(model, workload, pricing, conditional) for model in tunable]
    decided = decision_arms(models, session)
    lines += [_decided_line(decided[m.slug], workload, pricing, conditional) for m in tunable if m.slug in decided]
    if session.learning_curve:
        lines += [_curve_line(model, workload, pricing, conditional) for model in tunable]
    if tunable and session.deploy != "never":
        lines += _deployment_lines([m for m in models if m.cells or m.base_model], workload, session, pricing)
    speeds = {model.slug: speed for model in models if (speed := pricing.speed_of(model)) is not None}
    minutes = _wall_clock(lines, tunable, session, finalists, speeds)
    return make_estimate(lines, finalists=finalists, minutes=minutes)


def _wall_clock(
    lines: Sequence[CostLine],
    tunable: Sequence[PlannedModel],
    session: Session,
    finalists: int,
    speeds: Mapping[str, ModelSpeed],
) -> Range:
    """Minutes from approval to report: stages one after the other, models side by side, jobs in waves.

    Models whose speed is known share their machine: of their jobs as many go on at once as it has room for.
    """
    cells = {model.slug: len(model.cells) for model in tunable}
    parallel = min([session.max_parallel_jobs, *(speed.parallel_jobs for speed in speeds.values())])

    def stage_minutes(name: str, waves_of_jobs: int = 1, jobs: Mapping[str, int] | None = None) -> Range:
        stage = [line for line in lines if line.stage == name and line.counted]
        if name == "tuned-evaluation":
            stage = _in_turn(stage)
        elsewhere = longest(line.minutes for line in stage if line.model not in speeds)
        own = [line for line in stage if line.model in speeds]
        if any(line.conditional for line in own):
            own = sorted(own, key=lambda line: line.minutes.expected, reverse=True)[:finalists]
        here = [line.minutes for line in own for _ in range((jobs or {}).get(line.model or "", 1))]
        return longest([elsewhere.times(waves_of_jobs), side_by_side(here, parallel)])

    sweep_waves = len(waves(finalists * max(cells.values(), default=0), session.max_parallel_jobs))
    full_waves = len(waves(finalists, session.max_parallel_jobs))
    return total(
        [
            stage_minutes("base-evaluation"),
            stage_minutes("sweep", sweep_waves, cells),
            stage_minutes("full-training", full_waves),
            stage_minutes("tuned-evaluation"),
            stage_minutes("learning-curve"),
            stage_minutes("deployment"),
        ]
    )


def _inference(
    model: PlannedModel, volume: TextVolume, pricing: Pricing, tuned: bool, answer_length: Range = AS_CORRECT
) -> list[CostPart]:
    ratio = pricing.ratio_of(model)
    prompts: Item = "tuned-inference-input" if tuned else "inference-input"
    answers: Item = "tuned-inference-output" if tuned else "inference-output"
    return [
        cost_part(pricing.price(model, prompts), ratio.prompt_tokens(volume)),
        cost_part(pricing.price(model, answers), ratio.answer_tokens(volume).scaled_by(answer_length)),
    ]


def _hours(model: PlannedModel, volume: TextVolume, pricing: Pricing, *, tuned: bool) -> CostPart:
    busy = pricing.timing.inference_minutes(volume.rows) + pricing.timing.idle_minutes
    return cost_part(pricing.hour(model, tuned=tuned), busy.times(1 / 60))


def _base_line(model: PlannedModel, workload: Workload, pricing: Pricing) -> CostLine:
    volume = workload.base_evaluation(pricing.base_answers_freely)
    minutes = pricing.inference_minutes(model, volume)
    answer_length = MULTI_LABEL_ANSWERS if workload.multi_label else AS_CORRECT
    if model.strategy == "serverless":
        formula = f"{_rows_text(volume, workload)} x (prompt + answer tokens), serverless"
        parts = _inference(model, volume, pricing, tuned=False, answer_length=answer_length)
        return cost_line("base-evaluation", model.slug, formula, parts, minutes)
    if model.strategy == "decision":
        # Decisions write nothing. Each row is another state, so that none is counted as cached.
        formula = f"{_rows_text(volume, workload)} x state and question tokens, decisions, whose output is free"
        prompts = _inference(model, volume, pricing, tuned=False)[:1]
        return cost_line("base-evaluation", model.slug, formula, prompts, minutes)
    if model.strategy == "batch":
        return _batch_line("base-evaluation", model, volume, workload, pricing, answer_length=answer_length)
    where = "the deployment itself" if model.is_named_deployment else "a deployment of its own"
    formula = f"{_rows_text(volume, workload)} on {where}, until it has scaled to zero"
    hours = [_hours(model, volume, pricing, tuned=False)]
    return cost_line("base-evaluation", model.slug, formula, hours, minutes + pricing.timing.deploy_minutes)


def _batch_line(
    stage: Stage,
    model: PlannedModel,
    volume: TextVolume,
    workload: Workload,
    pricing: Pricing,
    *,
    conditional: bool = False,
    answer_length: Range = AS_CORRECT,
) -> CostLine:
    ratio = pricing.ratio_of(model)
    parts = [
        cost_part(_half(pricing.price(model, "inference-input")), ratio.prompt_tokens(volume)),
        cost_part(
            _half(pricing.price(model, "inference-output")), ratio.answer_tokens(volume).scaled_by(answer_length)
        ),
    ]
    formula = f"{_rows_text(volume, workload)} x (prompt + answer tokens), batch inference at half the serverless price"
    # The first rows are a job of their own, which the others wait for.
    minutes = pricing.inference_minutes(model, volume) + pricing.timing.job_start_minutes.times(2)
    return cost_line(stage, model.slug, formula, parts, minutes, conditional=conditional)


def _half(price: Price) -> Price:
    """The batch price: half the serverless one, for base and fine-tuned models alike."""
    return price if price.usd is None else price.model_copy(update={"usd": price.usd / 2})


def _sweep_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    rows = workload.sweep.rows
    epochs = sum(cell.epochs for cell in model.cells)
    epoch_tokens = pricing.ratio_of(model).training_tokens(workload.sweep)
    cells = len(model.cells)
    formula = f"{rows:,} rows x tokens x {epochs} epochs over {cells} cell{'s' * (cells != 1)}"
    minutes = pricing.job_minutes(model, workload.sweep, workload)
    parts = [cost_part(pricing.price(model, "training"), epoch_tokens.times(epochs))]
    return cost_line("sweep", model.slug, formula, parts, minutes, conditional=conditional)


def _full_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
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


def _tuned_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    if model.tuned_strategy == "batch":
        return _batch_line("tuned-evaluation", model, workload.evaluation, workload, pricing, conditional=conditional)
    volume = workload.evaluation
    formula = f"{_rows_text(volume, workload)} on the tuned model's deployment, until it has scaled to zero"
    parts = [*_inference(model, volume, pricing, tuned=True), _hours(model, volume, pricing, tuned=True)]
    minutes = pricing.inference_minutes(model, volume) + pricing.timing.deploy_minutes
    return cost_line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def _decided_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    """The decisions of what is fine-tuned, by the arm of its base model."""
    volume = workload.of(model).evaluation
    formula = (
        f"{_rows_text(volume, workload)} x state and question tokens, decisions, whose output is free, on the tuned "
        "model's deployment, until it has scaled to zero"
    )
    parts = [_inference(model, volume, pricing, tuned=True)[0], _hours(model, volume, pricing, tuned=True)]
    minutes = pricing.inference_minutes(model, volume) + pricing.timing.deploy_minutes
    return cost_line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def _in_turn(lines: Sequence[CostLine]) -> list[CostLine]:
    """One line for each finalist: its decisions come after its texts."""
    by_model: dict[str, CostLine] = {}
    for line in lines:
        name = without_arm(line.model or "")
        before = by_model.get(name)
        minutes = before.minutes + line.minutes if before else line.minutes
        by_model[name] = line.model_copy(update={"model": name, "minutes": minutes})
    return list(by_model.values())


def _curve_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
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
        *_inference(model, volume, pricing, tuned=True),
        cost_part(pricing.price(model, "training"), tokens),
        cost_part(pricing.hour(model, tuned=True), busy.times(1 / 60)),
    ]
    shares = " and ".join(f"{share:.0%}" for share in CURVE_SHARES)
    formula = f"training on {shares} of {workload.train.rows:,} rows, each answering {workload.test.rows:,} test rows"
    return cost_line("learning-curve", model.slug, formula, parts, minutes, conditional=conditional)


def _deployment_lines(
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


def _rows_text(volume: TextVolume, workload: Workload) -> str:
    out = workload.out_of_scope.rows
    return f"{volume.rows - out:,} validation and test rows" + (f" and {out:,} out-of-scope rows" if out else "")
