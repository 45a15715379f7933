"""Making the plan from what was inspected, the candidates and the prices; nothing is paid or created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.catalogue.models import CatalogueModel, PlannedModel
from fw_assets.classification.catalogue.tuning_grid import grid, waves
from fw_assets.classification.cost.estimate import CURVE_SHARES, Pricing, Workload, estimate
from fw_assets.classification.cost.token_estimates import TextVolume, asked_once
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.plan import Created, MitigationOption, Part, Plan
from fw_assets.classification.plan.plan_notes import on_approval, on_rejection, warnings
from fw_assets.classification.selection.paired_tests import smallest_detectable_difference
from fw_assets.classification.session import Session

__all__ = ["Created", "MitigationOption", "Plan", "PlannedModel", "make_plan", "workload_of"]


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
    understood: Sequence[str] = (),
    unused: Sequence[str] = (),
    inputs: str = "",
) -> Plan:
    """The plan of one dataset; nothing is asked of the platform and nothing is created.

    Args:
        models: the resolved candidates.
        volumes: the text of each part (`tokens.measure_volumes`); their rows are the rows of the parts. `sweep` is
            the sample that the sweep trains on, if there is one.
        pricing: prices, token ratios and durations.
        understood: what the instruction was taken to say, `field: value` each.
        unused: its clauses that could not be used.
        inputs: digest of what the plan was made from, kept as it is.
    """
    rows = {part: volumes[part].rows if part in volumes else 0 for part in ("train", "validation", "test", "excluded")}
    planned = tuple(_planned(model, session, rows["train"]) for model in models)
    most = max((len(model.cells) for model in planned), default=0)
    sampled = most > 1 or not session.full_data_run
    sweep_rows = min(session.sweep_rows, rows["train"]) if sampled else rows["train"]
    options = _options(session, label_set, planned, volumes, sweep_rows, pricing)
    chosen = next((item for item in options if item.name == session.mitigation), options[0])
    priced = chosen.estimate
    full_jobs = priced.finalists if session.full_data_run and sweep_rows < rows["train"] else 0
    plan = Plan(
        dataset=dataset_name,
        session=session,
        understood=tuple(understood),
        unused=tuple(unused),
        inspected=inspected,
        label_set=label_set,
        prompt_digest=prompt_digest,
        rows=rows,
        detectable_difference=smallest_detectable_difference(rows["test"]),
        models=planned,
        sweep_rows=sweep_rows,
        sweep_waves=waves(priced.finalists * most, session.max_parallel_jobs),
        full_waves=waves(full_jobs, session.max_parallel_jobs),
        estimate=priced,
        mitigations=options,
        warnings=warnings(session, models, planned, rows, inspected, label_set, priced, unused),
        on_approval=on_approval(session, planned, priced),
        on_rejection=on_rejection(dataset_name),
        inputs=inputs,
    )
    return plan.model_copy(update={"created": _created(plan)})


def _planned(model: CatalogueModel, session: Session, rows: int) -> PlannedModel:
    tuned = model.tunable and session.mode == "fine-tune"
    return PlannedModel(
        name=model.name,
        slug=model.slug,
        display_name=model.display_name,
        parameter_count=model.parameter_count,
        tunable=model.tunable,
        strategy=session.inference or model.strategy,
        tuned_strategy="batch" if session.inference == "batch" else "deployment",
        cells=grid(session, model.grid, rows) if tuned else (),
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
        priced = estimate(models, workload_of(session, volumes, rows, sweep_rows), session, pricing)
        options.append(MitigationOption(name=name, rows=rows, note=note, estimate=priced))
    return tuple(options)


def workload_of(session: Session, volumes: Mapping[str, TextVolume], rows: int, sweep_rows: int) -> Workload:
    """What the stages read when a mitigation leaves `rows` training rows; `sweep_rows` are sampled before it."""
    train = volumes.get("train", TextVolume())
    test = asked_once(volumes, "test")
    share = rows / train.rows if train.rows else 1.0
    whole = train.scaled(rows)
    return Workload(
        train=whole,
        sweep=(volumes.get("sweep") or train).scaled(round(sweep_rows * share)) if sweep_rows < train.rows else whole,
        validation=asked_once(volumes, "validation"),
        test=test,
        free=test.scaled(min(session.free_rows, test.rows)),
        again=test if session.null_control else TextVolume(),
    )


def _created(plan: Plan) -> tuple[Created, ...]:
    bases = [
        Created(kind="deployment", id=plan.deployment_id(model.name), purpose=f"{model.slug}, untuned")
        for model in plan.models
        if model.strategy == "deployment"
    ]
    bases += [
        Created(kind="batch inference job", id=plan.batch_id(model.name, part), purpose=f"{model.slug}, {part} rows")
        for model in plan.models
        if model.strategy == "batch"
        for part in plan.asked_parts(tuned=False)
    ]
    tuned = [model for model in plan.models if model.cells]
    if not tuned:
        return tuple(bases)
    datasets = {
        plan.dataset_id("train"): "training rows",
        plan.dataset_id("validation"): "validation rows, read during training",
    }
    datasets.setdefault(plan.dataset_id("sweep"), "sample of the training rows, for the sweep")
    uploads = [Created(kind="dataset", id=id, purpose=purpose) for id, purpose in datasets.items()]
    jobs = [created for model in tuned for created in _jobs(plan, model)]
    curve = _curve(plan, tuned) if plan.session.learning_curve else []
    return (*uploads, *bases, *jobs, *curve)


def _curve(plan: Plan, models: Sequence[PlannedModel]) -> list[Created]:
    """For each share: the rows, and of each model one job, its model and its deployment."""
    made = []
    for share in CURVE_SHARES:
        rows = f"{share:.0%} of the training rows"
        made.append(Created(kind="dataset", id=plan.dataset_id("train", share=share), purpose=rows))
        for model in models:
            for cell in model.cells:
                id = plan.job_id(model.slug, cell, "train", share=share)
                group = f"{model.slug} on {share:.0%}"
                job = f"{model.slug} on {rows} with the best cell, and its model"
                made.append(Created(kind="fine-tuning job", id=id, purpose=job, one_of=group))
                serving = plan.deployment_id(id)
                made.append(Created(kind="deployment", id=serving, purpose=group, one_of=f"{group}, served"))
    return made


def _jobs(plan: Plan, model: PlannedModel) -> list[Created]:
    """The sweep's jobs; the full-data job and the deployment, each one of as many as there are cells."""
    final: Part = "train" if plan.session.full_data_run else "sweep"
    made: dict[str, Created] = {}
    for cell in model.cells:
        id = plan.job_id(model.slug, cell, "sweep")
        made[id] = Created(kind="fine-tuning job", id=id, purpose=f"{model.slug}, {cell.name}, and its model")
    for cell in model.cells:
        id = plan.job_id(model.slug, cell, final)
        purpose = f"{model.slug} on all training rows with the best cell, and its model"
        made.setdefault(id, Created(kind="fine-tuning job", id=id, purpose=purpose, one_of=f"{model.slug} job"))
        serving = plan.deployment_id(id)
        purpose = f"{model.slug}, tuned"
        made[serving] = Created(kind="deployment", id=serving, purpose=purpose, one_of=f"{model.slug} tuned")
        for part in plan.asked_parts(tuned=True) if model.tuned_strategy == "batch" else ():
            asked = plan.batch_id(id, part)
            purpose = f"{model.slug}, tuned, {part} rows"
            one_of = f"{model.slug} tuned, {part}"
            made[asked] = Created(kind="batch inference job", id=asked, purpose=purpose, one_of=one_of)
    return list(made.values())
