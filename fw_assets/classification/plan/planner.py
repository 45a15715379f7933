"""Planner: makes the plan from inspected data, candidates and prices; nothing is paid or created."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fw_assets.classification.arm import ZERO_SHOT, arm_name, read_arm
from fw_assets.classification.arms.example_source import ExampleSource
from fw_assets.classification.arms.shortlist_source import ShortlistSource
from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.resource_ids import deployment_id
from fw_assets.classification.catalogue.tuning_grid import grid, waves
from fw_assets.classification.catalogue.warm_start import WarmStart
from fw_assets.classification.cost.estimate import estimate_costs
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import TextVolume, asked_once, of_arm
from fw_assets.classification.cost.training_lines import CURVE_SHARES
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.label_descriptions import check_descriptions
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.mistake_costs import check_costs
from fw_assets.classification.plan.approval_steps import on_approval, on_rejection
from fw_assets.classification.plan.job_limits import check_jobs
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.plan.long_rows import long_rows
from fw_assets.classification.plan.part_limits import check_parts
from fw_assets.classification.plan.plan import MitigationOption, Part, Plan, PlannedResource
from fw_assets.classification.plan.plan_warnings import warnings
from fw_assets.classification.scope.reject_label import check_reject_label
from fw_assets.classification.selection.power import smallest_detectable_difference
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OUT_OF_SCOPE
from fw_assets.classification.taxonomy.label_parents import check_parents


def make_plan(
    session: Session,
    dataset_name: str,
    inspected: InspectedDataset,
    label_set: LabelSet,
    prompt_digest: str,
    models: Sequence[CatalogueModel],
    volumes: Mapping[str, TextVolume],
    pricing: Pricing,
    *,
    warm_start: WarmStart | None = None,
    examples: ExampleSource | None = None,
    left_out: Sequence[LeftOutArm] = (),
    deciding: Sequence[str] = (),
    shortlists: ShortlistSource | None = None,
    understood: Sequence[str] = (),
    unused: Sequence[str] = (),
    inputs: str = "",
) -> Plan:
    """The plan of one dataset, without any request to the platform.

    Args:
        models: the resolved candidates, among them those that are `left_out`.
        volumes: the text of each part (`text_volumes.measure_volumes`); their rows are the rows of the parts.
            `sweep` is the sample that the sweep trains on, if there is one.
        warm_start, examples, left_out, deciding, shortlists, understood, unused, inputs: as in `Plan`.

    Raises:
        InputError: jobs of this session, data and models could not be started, or its costs, descriptions or reject
            label name an unknown label.
    """
    if session.label_descriptions is not None:
        check_descriptions(session.label_descriptions, label_set.labels)
    if session.label_parents is not None:
        check_parents(session.label_parents, label_set.labels)
    if session.costs is not None:
        check_costs(session.costs, label_set.labels, multi_label=label_set.multi_label)
    check_reject_label(session.reject_label, label_set.labels, multi_label=label_set.multi_label)
    models = [model for model in models if model.name not in {arm.name for arm in left_out}]
    rows = {part: volumes[part].rows if part in volumes else 0 for part in ("train", "validation", "test", "excluded")}
    check_parts(session, rows, label_set)
    planned = tuple(_planned(model, session, rows["train"], warm_start) for model in models)
    max_cells = max((len(model.cells) for model in planned), default=0)
    sampled = max_cells > 1 or not session.full_data_run
    sweep_rows = min(session.sweep_rows, rows["train"]) if sampled else rows["train"]
    check_jobs(session, models, planned, rows, sweep_rows, label_set.imbalance)
    detectable = smallest_detectable_difference(label_set.independent("test", rows["test"]))
    options = _options(session, label_set, planned, volumes, sweep_rows, pricing)
    option = next((item for item in options if item.name == session.mitigation), options[0])
    priced = option.estimate
    full_jobs = priced.finalists if session.full_data_run and sweep_rows < rows["train"] else 0
    too_long = long_rows(models, volumes)
    plan = Plan(
        dataset=dataset_name,
        session=session,
        understood=tuple(understood),
        unused=tuple(unused),
        inspected=inspected,
        label_set=label_set,
        prompt_digest=prompt_digest,
        rows=rows,
        detectable_difference=None if math.isinf(detectable) else detectable,
        models=planned,
        sweep_rows=sweep_rows,
        sweep_waves=waves(priced.finalists * max_cells, session.max_parallel_jobs),
        full_waves=waves(full_jobs, session.max_parallel_jobs),
        estimate=priced,
        mitigations=options,
        warnings=warnings(
            session,
            models,
            planned,
            rows,
            inspected,
            label_set,
            priced,
            unused,
            warm_start,
            too_long,
            examples,
            left_out,
            deciding,
            shortlists,
        ),
        on_approval=on_approval(
            session, planned, priced, warm_start, label_set.out_of_scope, multi_label=label_set.multi_label
        ),
        on_rejection=on_rejection(dataset_name),
        id_rules="content",
        warm_start=warm_start,
        examples=examples,
        long_rows=too_long,
        left_out=tuple(left_out),
        deciding=tuple(deciding),
        shortlists=shortlists,
        inputs=inputs,
    )
    return plan.model_copy(update={"created": _resources(plan)})


def plan_again(
    plan: Plan,
    models: Sequence[CatalogueModel],
    volumes: Mapping[str, TextVolume],
    pricing: Pricing,
    warm_start: WarmStart | None = None,
) -> Plan:
    """The same plan under another offer: its session, rows, labels and prompt, with these models and prices."""
    return make_plan(
        plan.session,
        plan.dataset,
        plan.inspected,
        plan.label_set,
        plan.prompt_digest,
        models,
        volumes,
        pricing,
        warm_start=warm_start,
        examples=plan.examples,
        left_out=plan.left_out,
        deciding=plan.deciding,
        shortlists=plan.shortlists,
        understood=plan.understood,
        unused=plan.unused,
        inputs=plan.inputs,
    )


def _planned(model: CatalogueModel, session: Session, rows: int, start: WarmStart | None) -> PlannedModel:
    tuned = model.tunable and session.mode == "fine-tune"
    return PlannedModel(
        name=model.name,
        slug=model.slug,
        display_name=model.display_name,
        parameter_count=model.parameter_count,
        tunable=model.tunable,
        strategy=model.asked_by(session.inference),
        tuned_strategy="batch" if session.inference == "batch" else "deployment",
        cells=grid(session, model.grid, rows, start.rank if start else None) if tuned else (),
        entry=model,
    )


def _options(
    session: Session,
    label_set: LabelSet,
    models: Sequence[PlannedModel],
    volumes: Mapping[str, TextVolume],
    sweep_rows: int,
    pricing: Pricing,
) -> tuple[MitigationOption, ...]:
    choices = [("none", volumes.get("train", TextVolume()).rows, "every row once, as it is")]
    choices += [(item.name, item.rows_after, item.note) for item in label_set.imbalance.mitigations]
    options = []
    for name, rows, note in choices:
        priced = estimate_costs(
            models, workload_of(session, volumes, rows, sweep_rows, label_set.multi_label), session, pricing
        )
        options.append(MitigationOption(name=name, rows=rows, note=note, estimate=priced))
    return tuple(options)


def workload_of(
    session: Session, volumes: Mapping[str, TextVolume], rows: int, sweep_rows: int, multi_label: bool
) -> Workload:
    """The text of each stage when a mitigation leaves `rows` training rows.

    `sweep_rows` are sampled before the mitigation, which is assumed to change their number in the same proportion.
    """
    train = volumes.get("train", TextVolume())
    share = rows / train.rows if train.rows else 1.0
    full = train.scaled(rows)
    sweep = (volumes.get("sweep") or train).scaled(round(sweep_rows * share)) if sweep_rows < train.rows else full

    def asked(volumes: Mapping[str, TextVolume], requests: int = 1) -> Workload:
        test = asked_once(volumes, "test")
        return Workload(
            train=full,
            sweep=sweep,
            validation=asked_once(volumes, "validation"),
            test=test,
            out_of_scope=asked_once(volumes, OUT_OF_SCOPE),
            unconstrained=test.scaled(min(requests * session.free_rows, test.rows)),
            null_control=test if session.null_control else TextVolume(),
            multi_label=multi_label,
        )

    arms = {arm: asked(of_arm(volumes, arm), read_arm(arm).requests) for arm in session.arms if arm != ZERO_SHOT}
    return asked(volumes).model_copy(update={"arms": arms})


def _resources(plan: Plan) -> tuple[PlannedResource, ...]:
    deploys = plan.session.deploy != "never" and any(model.cells for model in plan.models)
    deployed = {
        model.asked_name: "an adapter that exists" if model.base_model else "untuned"
        for model in plan.models
        if not model.deployment and (model.strategy == "deployment" or (model.base_model and deploys))
    }
    base = [_deployment(name, f"{name.rsplit('/', 1)[-1]}, {what}") for name, what in deployed.items()]
    for model in plan.models:
        if model.strategy == "batch":
            base += _base_batch_jobs(plan, model)
    tuned = [model for model in plan.models if model.cells]
    if not tuned:
        return tuple(base)
    datasets = {
        plan.dataset_id("train"): "training rows",
        plan.dataset_id("validation"): "validation rows, read during training",
    }
    datasets.setdefault(plan.dataset_id("sweep"), "sample of the training rows, for the sweep")
    uploads = [PlannedResource(kind="dataset", id=id, purpose=purpose) for id, purpose in datasets.items()]
    jobs = [resource for model in tuned for resource in _tuning(plan, model)]
    curve = _learning_curve(plan, tuned) if plan.session.learning_curve else []
    return (*uploads, *base, *jobs, *curve)


def _tuning(plan: Plan, model: PlannedModel) -> list[PlannedResource]:
    """The sweep's jobs, then of every cell the full-data job and its evaluation, of which one cell's are created."""
    final: Part = "train" if plan.session.full_data_run else "sweep"
    resources: dict[str, PlannedResource] = {}
    for cell in model.cells:
        id = plan.job_id(model.slug, cell, "sweep")
        resources[id] = _job(id, f"{model.slug}, {cell.name}, and its model")
    for cell in model.cells:
        id = plan.job_id(model.slug, cell, final)
        purpose = f"{model.slug} on all training rows with the best cell, and its model"
        # On all rows, or without a full-data run, the sweep's job is the final one.
        resources.setdefault(id, _job(id, purpose, one_of=f"{model.slug} job"))
        evaluation = [_deployment(id, f"{model.slug}, tuned", one_of=f"{model.slug} tuned")]
        if model.tuned_strategy == "batch":
            evaluation += _batch_jobs(plan, id, model.slug, tuned=True)
        resources |= {resource.id: resource for resource in evaluation}
    return list(resources.values())


def _learning_curve(plan: Plan, models: Sequence[PlannedModel]) -> list[PlannedResource]:
    """For each share its rows, and for each model one job, its model and its deployment."""
    resources = []
    for share in CURVE_SHARES:
        rows = f"{share:.0%} of the training rows"
        resources.append(PlannedResource(kind="dataset", id=plan.dataset_id("train", share=share), purpose=rows))
        for model in models:
            for cell in model.cells:
                id = plan.job_id(model.slug, cell, "train", share=share)
                point = f"{model.slug} on {share:.0%}"
                purpose = f"{model.slug} on {rows} with the best cell, and its model"
                resources += [_job(id, purpose, one_of=point), _deployment(id, point, one_of=f"{point}, served")]
    return resources


def _job(id: str, purpose: str, one_of: str | None = None) -> PlannedResource:
    return PlannedResource(kind="fine-tuning job", id=id, purpose=purpose, one_of=one_of)


def _deployment(model: str, purpose: str, one_of: str | None = None) -> PlannedResource:
    return PlannedResource(kind="deployment", id=deployment_id(model), purpose=purpose, one_of=one_of)


def _base_batch_jobs(plan: Plan, model: PlannedModel) -> list[PlannedResource]:
    """The batch jobs of a base model; under an arm that tries several numbers of examples, those of each."""
    tried = model.arm.tried if model.arm else ()
    if model.arm is None or len(tried) < 2:
        return _batch_jobs(plan, model.name, model.slug, tuned=False)
    jobs: dict[str, PlannedResource] = {}
    for number in tried:
        row = arm_name(model.asked_name, model.arm.of(number))
        for job in _batch_jobs(plan, row, f"{model.slug} with {number} examples", tuned=False):
            is_chosen = job.id != plan.batch_id(row, "validation") and job.id != plan.pilot_id(row)
            one_of = f"{model.slug}, {job.purpose.partition(', ')[2]}" if is_chosen else None
            jobs[job.id] = job.model_copy(update={"one_of": one_of})
    return list(jobs.values())


def _batch_jobs(plan: Plan, model: str, slug: str, *, tuned: bool) -> list[PlannedResource]:
    name = f"{slug}, tuned" if tuned else slug
    pilot = PlannedResource(
        kind="batch inference job",
        id=plan.pilot_id(model),
        purpose=f"{name}, the first rows, before all others are asked",
        one_of=f"{slug} tuned, first" if tuned else None,
    )
    return [pilot] + [
        PlannedResource(
            kind="batch inference job",
            id=plan.batch_id(model, part),
            purpose=f"{name}, {part} rows",
            one_of=f"{slug} tuned, {part}" if tuned else None,
        )
        for part in plan.evaluation_parts(tuned=tuned)
    ]
