"""Warnings of the plan for the person who approves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fw_assets.classification.arm import arm_of, without_arm
from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.catalogue.decision_arms import decision_arms
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.tuning_grid import rate_text
from fw_assets.classification.catalogue.warm_start import WarmStart
from fw_assets.classification.cost.cost_lines import Estimate
from fw_assets.classification.label_thresholds import DEFAULT_RULE
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.data_warnings import data_warnings
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.long_rows import LongRows
from fw_assets.classification.session import Session

MAX_CELLS = 12
"""Cells of a grid above which a warning is given."""


def warnings(
    session: Session,
    catalogue: Sequence[CatalogueModel],
    models: Sequence[PlannedModel],
    rows: Mapping[str, int],
    inspected: InspectedDataset,
    label_set: LabelSet,
    priced: Estimate,
    unused: Sequence[str],
    warm_start: WarmStart | None = None,
    too_long: Sequence[LongRows] = (),
    examples: ExampleSource | None = None,
    left_out: Sequence[LeftOutArm] = (),
    deciding: Sequence[str] = (),
    shortlists: ShortlistSource | None = None,
) -> tuple[str, ...]:
    """All warnings, the most consequential first."""
    return (
        *(f"The instruction says {clause!r}, which was not understood and changes nothing." for clause in unused),
        *data_warnings(session, rows, inspected, label_set, too_long),
        *_model_warnings(session, catalogue, models),
        *_warm_start_warnings(warm_start),
        *(arm.sentence for arm in left_out),
        *(row.sentence for row in (shortlists.rows if shortlists else ())),
        *_decision_warnings(session, models, deciding),
        *_threshold_warnings(session, label_set),
        *_arm_warnings(session, catalogue),
        *_example_warnings(examples, rows),
        *_money_warnings(session, priced),
    )


def _threshold_warnings(session: Session, label_set: LabelSet) -> Iterator[str]:
    if session.thresholds != DEFAULT_RULE and not label_set.multi_label:
        yield f"thresholds: {session.thresholds} changes nothing, since rows have one label each."


def _decision_warnings(session: Session, models: Sequence[PlannedModel], answered: Sequence[str]) -> Iterator[str]:
    """What a plan, which starts and wakes no deployment, cannot ask."""
    all_decide = session.inference == "decision"
    deciding = [model for model in models if all_decide or (model.arm and model.arm.kind == "decision")]
    unasked = [model for model in deciding if model.strategy == "deployment" and model.slug not in answered]
    for exists, why in (
        (False, "a plan starts no deployment"),
        (True, "a plan wakes no deployment that is scaled to zero"),
    ):
        names = [without_arm(model.slug) for model in unasked if bool(model.deployment) == exists]
        if names:
            yield (
                f"Whether {' or '.join(names)} answers decisions is asked once it is up, before the first row: {why}. "
                "Where it does not, it is not evaluated, and the others are compared without it."
            )
    if all_decide and any(model.cells for model in models):
        yield (
            "Whether fine-tuned models answer decisions is known only once they are deployed, after the training is "
            "paid: a service may take that API from its own decision models alone."
        )
    elif decision_arms(models, session):
        yield (
            "Whether fine-tuned models answer decisions too is known only once they are deployed: where one does not, "
            "it is left out of that arm and keeps its texts."
        )


def _arm_warnings(session: Session, catalogue: Sequence[CatalogueModel]) -> Iterator[str]:
    """Arms that change nothing, and descriptions that nothing asks."""
    alike = [
        entry.slug
        for entry in catalogue
        if entry.arm and entry.arm.kind in ("descriptions", "knn") and not entry.reads_whole_prompt
    ]
    if alike:
        yield (
            f"{', '.join(alike)}: this model reads the last user turns alone, so that its answers are those of the "
            "model as it is."
        )
    asked = session.inference == "decision" or set(session.arms) & {"descriptions", "decision"}
    if session.label_descriptions and not asked:
        yield (
            "No question says the descriptions of the labels: add the arm `descriptions`, or `decision`, to `arms` to "
            "have them asked."
        )


def _example_warnings(examples: ExampleSource | None, rows: Mapping[str, int]) -> Iterator[str]:
    if examples is None:
        return
    asked = rows["validation"] + rows["test"]
    for model, number in examples.fewer.items():
        most = max(arm.tried) if (arm := arm_of(model)) else 0
        yield (
            f"{model}: {number:,} of {asked:,} rows have fewer than {most} examples, as many as fit into the model's "
            "context."
        )
    if examples.why:
        yield f"Examples are the nearest training rows by {examples.method}: {examples.why}."


def _model_warnings(
    session: Session, catalogue: Sequence[CatalogueModel], models: Sequence[PlannedModel]
) -> Iterator[str]:
    for entry, model in zip(catalogue, models, strict=True):
        if model.arm:
            continue
        if entry.is_named_deployment and entry.is_trained:
            served = entry.serves.rsplit("/", 1)[-1]
            yield (
                f"{model.slug} serves {served}, which was trained before: where test rows were among its training "
                "rows, its figures flatter it."
            )
        if model.base_model:
            yield (
                f"{model.slug} is an adapter of {model.base_model.rsplit('/', 1)[-1]} that was trained before: it is "
                "evaluated and not trained again. Where test rows were among its training rows, its figures flatter it."
            )
        elif session.mode == "fine-tune" and (entry.is_named_deployment or entry.is_router):
            what = "a deployment that exists" if entry.is_named_deployment else "a router"
            yield f"{model.slug} is {what}: it is evaluated as it is, and not fine-tuned."
        elif session.mode == "fine-tune" and not model.cells and not model.endpoint:
            yield f"{model.slug} cannot be fine-tuned here and is only benchmarked."
        if model.cells and not entry.supports_lora:
            yield (
                f"{model.slug} trains, but the platform does not say that it serves what was trained (supportsLora): "
                "the jobs may be paid for a model that no deployment takes."
            )
        if entry.retired:
            yield (
                f"The platform retires {model.slug} ({entry.retired}): after that it serves neither it nor what was "
                "trained from it."
            )
        if entry.learning_rate_range is not None:
            low, high = entry.learning_rate_range
            outside = sorted({cell.learning_rate for cell in model.cells if not low <= cell.learning_rate <= high})
            if outside:
                rates = ", ".join(rate_text(rate) for rate in outside)
                yield (
                    f"{model.slug}: learning rate {rates} is outside the range of its catalogue entry, "
                    f"{rate_text(low)} to {rate_text(high)}."
                )
    cells = max((len(model.cells) for model in models), default=0)
    if cells > MAX_CELLS:
        yield f"The grid has {cells} cells, so {cells} jobs for each finalist."


def _warm_start_warnings(warm_start: WarmStart | None) -> Iterator[str]:
    if warm_start is not None:
        yield (
            f"Fine-tuning continues {warm_start.slug}, which was trained before: where test rows were among its "
            "training rows, the figures of what continues it flatter."
        )


def _money_warnings(session: Session, priced: Estimate) -> Iterator[str]:
    if priced.lower_bound:
        yield f"The total is a lower bound: no price is known for {', '.join(priced.unknown)}."
    limit = session.max_spend_usd
    if limit is not None and limit < priced.expected:
        yield (
            f"The ceiling of ${limit:,.2f} is below the expected ${priced.expected:,.2f}: "
            "the run will probably stop before its end, as incomplete."
        )
