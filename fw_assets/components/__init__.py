"""Definitions of the workflow for Dagster: of this package's own code location, and of projects that have it in theirs.

`ClassificationWorkflow` and `ApprovalGate` are Dagster components, which `fw_assets` exports for `defs.yaml`;
`workflow_definitions` makes the definitions of one instance. May import `pipeline`; the code location comes from here.
"""

from fw_assets.components.approval_gate import ApprovalGate
from fw_assets.components.classification_workflow import ClassificationWorkflow

__all__ = ["ApprovalGate", "ClassificationWorkflow"]
