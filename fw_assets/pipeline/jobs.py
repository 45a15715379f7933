"""The jobs in which steps run, one for each phase, named by what it does: Dagster's pages show a run under its job."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import dagster as dg

from fw_assets.pipeline.phases import (
    APPROVAL,
    BASE_METRICS,
    BASELINES,
    DELIVERY,
    FINALISTS,
    LEARNING_CURVE,
    PLANNING,
    TUNING,
    Step,
)
from fw_assets.pipeline.workflow.instance import WorkflowInstance

REGRESSION = ("regression",)
CHECK_DEPLOYMENT = "check_deployment"
"""The one job of steps that no phase starts."""
_BY_ITSELF = "Starts by itself, by the sensor {phases} or a command; for people there is {full_workflow}."

_STEPS = (
    (
        "inspect_and_plan",
        PLANNING,
        "Inspects a registered dataset again and writes its plan; spends nothing. Choose the dataset under Partition, "
        "and launch. A new dataset is not in that list: drop its file in the inbox, or name it in the launchpad of "
        "{full_workflow}, which stops at the plan as long as approved_by is empty.",
    ),
    (
        "approve_plan",
        APPROVAL,
        "Answers the plan of one dataset; the same as materializing the asset approval. Best opened by the link beside "
        "answer on the page of plan, which fills in dataset and digest. By hand: choose the dataset under Partition, "
        "click Scaffold missing config, write your name in approved_by.",
    ),
    (
        "evaluate_base_model",
        BASE_METRICS,
        f"Asks one base model for every validation and test row of a dataset. {_BY_ITSELF}",
    ),
    ("score_baselines", BASELINES, f"Scores what needs no language model, on the same rows. {_BY_ITSELF}"),
    ("choose_finalists", FINALISTS, f"Chooses the base models that are fine-tuned. {_BY_ITSELF}"),
    (
        "fine_tune_and_compare",
        TUNING,
        f"Sweeps, fine-tunes and evaluates one finalist, and compares it with its base. {_BY_ITSELF}",
    ),
    (
        "measure_learning_curve",
        LEARNING_CURVE,
        f"Fine-tunes one finalist on a quarter and on half of the rows. {_BY_ITSELF}",
    ),
    ("deploy_and_report", DELIVERY, f"Deploys the winner if it has earned it, and writes the report. {_BY_ITSELF}"),
    (
        CHECK_DEPLOYMENT,
        REGRESSION,
        "Asks a live deployment again for its frozen test rows. For the schedule {nightly_regression}, or by hand.",
    ),
)
STEP_JOBS = tuple(name for name, _, _ in _STEPS)
"""Their names in an instance that has none, in the order of the phases."""
_NAMES = {asset: name for name, assets, _ in _STEPS for asset in assets}


@cache
def step_jobs(workflow: WorkflowInstance) -> Mapping[str, dg.UnresolvedAssetJobDefinition]:
    """The jobs of an instance, by their names in one that has none."""
    return {
        name: dg.define_asset_job(
            workflow.named(name),
            dg.AssetSelection.assets(*(dg.AssetKey(workflow.key(asset)) for asset in assets)),
            executor_def=dg.in_process_executor,
            description=workflow.text(description),
        )
        for name, assets, description in _STEPS
    }


def job_name(step: Step, workflow: WorkflowInstance) -> str:
    """The job in which a step runs."""
    return workflow.named(_NAMES[step.assets[0]])
