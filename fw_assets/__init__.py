"""fw-assets: benchmark, fine-tune, compare and deploy label predictors as a Dagster asset pipeline.

The Python API is `plan` and `workflow`, the asset factory `predictions`, and the errors that they raise
(docs/python.md). Each name is imported when it
is asked for, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fw_assets.api.planning import plan, workflow
    from fw_assets.api.predictions import predictions
    from fw_assets.api.views import Plan, Report
    from fw_assets.api.workflow import Workflow
    from fw_assets.classification.errors import InputError
    from fw_assets.components import ApprovalGate, ClassificationWorkflow
    from fw_assets.components.gate import GateApproval
    from fw_assets.fireworks import FireworksError
    from fw_assets.pipeline.errors.phase import NotApproved, PhaseError, StepFailed
    from fw_assets.pipeline.values.delivery import DeploymentRecord, ReportRecord

__all__ = [
    "ApprovalGate",
    "ClassificationWorkflow",
    "DeploymentRecord",
    "FireworksError",
    "GateApproval",
    "InputError",
    "NotApproved",
    "PhaseError",
    "Plan",
    "Report",
    "ReportRecord",
    "StepFailed",
    "Workflow",
    "plan",
    "predictions",
    "workflow",
]

_HOMES = {
    "ApprovalGate": "fw_assets.components",
    "ClassificationWorkflow": "fw_assets.components",
    "DeploymentRecord": "fw_assets.pipeline.values.delivery",
    "FireworksError": "fw_assets.fireworks",
    "GateApproval": "fw_assets.components.gate",
    "InputError": "fw_assets.classification.errors",
    "NotApproved": "fw_assets.pipeline.errors.phase",
    "PhaseError": "fw_assets.pipeline.errors.phase",
    "Plan": "fw_assets.api.views",
    "Report": "fw_assets.api.views",
    "ReportRecord": "fw_assets.pipeline.values.delivery",
    "StepFailed": "fw_assets.pipeline.errors.phase",
    "Workflow": "fw_assets.api.workflow",
    "plan": "fw_assets.api.planning",
    "predictions": "fw_assets.api.predictions",
    "workflow": "fw_assets.api.planning",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
