"""Cells that will never run: Dagster's graph has every model in every dataset, and a plan names only some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg
import msgspec

from fw_assets.pipeline.asset_table import BY_CELL, downstream
from fw_assets.pipeline.input_digests import delivery_inputs, finalists_inputs
from fw_assets.pipeline.partitions import partition_key
from fw_assets.pipeline.stored_fields import StoredFinalists, StoredPlan
from fw_assets.workspace.workspace import Workspace

FINALISTS_ONLY = tuple(asset for asset in BY_CELL if asset in downstream("finalists"))

Reasons = Mapping[tuple[str, str | None], str]
"""Why an asset of a model (None: of the dataset itself) will not be materialized."""


class _Gate(msgspec.Struct):
    why: str


class _Deployment(msgspec.Struct):
    deployed: bool
    gate: _Gate


def inapplicable_cells(workspace: Workspace, dataset: str, models: Iterable[str]) -> Reasons:
    """The cells that will not run under the current plan, with the reason.

    Empty for a dataset that has no plan yet, or none of its current rows and session.
    """
    registered, planned = workspace.header("registration", dataset), workspace.header("plan", dataset)
    if registered is None or planned is None or planned.inputs != registered.inputs:
        return {}
    plan = workspace.require_fields("plan", dataset, StoredPlan)
    candidates = {model.slug for model in plan.models}
    finalists = _finalists(workspace, dataset, planned.digest, sorted(candidates))
    reasons: dict[tuple[str, str | None], str] = {}
    for model in models:
        if model not in candidates:
            reasons |= dict.fromkeys(((asset, model) for asset in BY_CELL), "not in the plan")
        elif plan.session.mode == "benchmark":
            reasons |= dict.fromkeys(((asset, model) for asset in FINALISTS_ONLY), "benchmark only")
        elif finalists is not None and model not in finalists:
            reasons |= dict.fromkeys(((asset, model) for asset in FINALISTS_ONLY), "not among the finalists")
        elif not plan.session.learning_curve:
            reasons["learning_curve", model] = "the session asks for no learning curve"
    if finalists is not None:
        deployed = workspace.header("deployment", dataset)
        if deployed is not None and deployed.inputs == delivery_inputs(workspace, dataset, planned.digest, finalists):
            record = workspace.require_fields("deployment", dataset, _Deployment)
            if not record.deployed:
                reasons["regression", None] = f"nothing is deployed: {record.gate.why}"
    return reasons


def skip_events(dataset: str, reasons: Reasons) -> Iterator[dg.AssetMaterialization]:
    """The events that settle these cells in the UI, as materialized without a result."""
    for (asset, model), why in reasons.items():
        metadata = {"status": "skipped", "why": why}
        yield dg.AssetMaterialization(asset, partition=partition_key(dataset, model), metadata=metadata)


def _finalists(workspace: Workspace, dataset: str, plan_digest: str, slugs: list[str]) -> list[str] | None:
    """The finalists of the current plan, None while they are not chosen."""
    head = workspace.header("finalists", dataset)
    if head is None or head.inputs != finalists_inputs(workspace, dataset, plan_digest, slugs):
        return None
    return workspace.require_fields("finalists", dataset, StoredFinalists).slugs
