"""Cost lines of what models are asked."""

from __future__ import annotations

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.cost_lines import CostLine, CostPart, Stage, cost_line, cost_part
from fw_assets.classification.cost.prices import Item, Price
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range, exactly
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.workload import Workload

AS_CORRECT = exactly(1.0)
MULTI_LABEL_ANSWERS = Range(low=1.0, expected=1.5, high=3.0)
"""Tokens of a base model's answer over those of the correct one, where a row can have several labels.

On 3,000 rows of goemotions, the base evaluation came to 1.10 times its estimate by the correct answers (2026-11-27). A
fine-tuned model has learned how many labels there are.
"""


def base_line(model: PlannedModel, workload: Workload, pricing: Pricing) -> CostLine:
    volume = workload.base_evaluation(pricing.base_answers_freely)
    minutes = pricing.inference_minutes(model, volume)
    answer_length = MULTI_LABEL_ANSWERS if workload.multi_label else AS_CORRECT
    if model.strategy == "serverless":
        formula = f"{_rows_text(volume, workload)} x (prompt + answer tokens), serverless"
        parts = inference_parts(model, volume, pricing, tuned=False, answer_length=answer_length)
        return cost_line("base-evaluation", model.slug, formula, parts, minutes)
    if model.strategy == "decision":
        # Decisions write nothing. Each row is another state, so that none is counted as cached.
        formula = f"{_rows_text(volume, workload)} x state and question tokens, decisions, whose output is free"
        prompts = inference_parts(model, volume, pricing, tuned=False)[:1]
        return cost_line("base-evaluation", model.slug, formula, prompts, minutes)
    if model.strategy == "batch":
        return _batch_line("base-evaluation", model, volume, workload, pricing, answer_length=answer_length)
    where = "the deployment itself" if model.is_named_deployment else "a deployment of its own"
    formula = f"{_rows_text(volume, workload)} on {where}, until it has scaled to zero"
    hours = [_hours(model, volume, pricing, tuned=False)]
    return cost_line("base-evaluation", model.slug, formula, hours, minutes + pricing.timing.deploy_minutes)


def tuned_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    if model.tuned_strategy == "batch":
        return _batch_line("tuned-evaluation", model, workload.evaluation, workload, pricing, conditional=conditional)
    volume = workload.evaluation
    formula = f"{_rows_text(volume, workload)} on the tuned model's deployment, until it has scaled to zero"
    parts = [*inference_parts(model, volume, pricing, tuned=True), _hours(model, volume, pricing, tuned=True)]
    minutes = pricing.inference_minutes(model, volume) + pricing.timing.deploy_minutes
    return cost_line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def decided_line(model: PlannedModel, workload: Workload, pricing: Pricing, conditional: bool) -> CostLine:
    """The decisions of what is fine-tuned, by the arm of its base model."""
    volume = workload.of(model).evaluation
    formula = (
        f"{_rows_text(volume, workload)} x state and question tokens, decisions, whose output is free, on the tuned "
        "model's deployment, until it has scaled to zero"
    )
    parts = [inference_parts(model, volume, pricing, tuned=True)[0], _hours(model, volume, pricing, tuned=True)]
    minutes = pricing.inference_minutes(model, volume) + pricing.timing.deploy_minutes
    return cost_line("tuned-evaluation", model.slug, formula, parts, minutes, conditional=conditional)


def inference_parts(
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


def _rows_text(volume: TextVolume, workload: Workload) -> str:
    out = workload.out_of_scope.rows
    return f"{volume.rows - out:,} validation and test rows" + (f" and {out:,} out-of-scope rows" if out else "")
