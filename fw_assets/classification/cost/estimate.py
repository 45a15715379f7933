"""Cost estimate of a plan: the stages of each model, with their quantities, prices and durations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.decision_arms import decision_arms
from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.catalogue.tuning_grid import waves
from fw_assets.classification.cost.cost_lines import CostLine, Estimate, make_estimate
from fw_assets.classification.cost.deployment_lines import deployment_lines
from fw_assets.classification.cost.inference_lines import base_line, decided_line, tuned_line
from fw_assets.classification.cost.machine_time import side_by_side
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import Range, longest, total
from fw_assets.classification.cost.training_lines import curve_line, full_line, sweep_line
from fw_assets.classification.cost.workload import Workload
from fw_assets.classification.session import Session


def estimate_costs(models: Sequence[PlannedModel], workload: Workload, session: Session, pricing: Pricing) -> Estimate:
    """The estimate of the whole workflow.

    When the sweep trains on all training rows, its best job already is the full-data model: then the
    full-data line expects nothing, and keeps the price of a job of its own only as its high figure.
    """
    lines = [base_line(model, workload.of(model), pricing) for model in models]
    tunable = [model for model in models if model.tunable] if session.mode == "fine-tune" else []
    finalists = min(session.finalists, len(tunable))
    conditional = len(tunable) > finalists
    lines += [sweep_line(model, workload, pricing, conditional) for model in tunable]
    if session.full_data_run:
        lines += [full_line(model, workload, pricing, conditional) for model in tunable]
    lines += [tuned_line(model, workload, pricing, conditional) for model in tunable]
    decided = decision_arms(models, session)
    lines += [decided_line(decided[m.slug], workload, pricing, conditional) for m in tunable if m.slug in decided]
    if session.learning_curve:
        lines += [curve_line(model, workload, pricing, conditional) for model in tunable]
    if tunable and session.deploy != "never":
        lines += deployment_lines([m for m in models if m.cells or m.base_model], workload, session, pricing)
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


def _in_turn(lines: Sequence[CostLine]) -> list[CostLine]:
    """One line for each finalist: its decisions come after its texts."""
    by_model: dict[str, CostLine] = {}
    for line in lines:
        name = without_arm(line.model or "")
        before = by_model.get(name)
        minutes = before.minutes + line.minutes if before else line.minutes
        by_model[name] = line.model_copy(update={"model": name, "minutes": minutes})
    return list(by_model.values())
