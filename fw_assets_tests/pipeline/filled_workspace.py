"""Workspaces filled with values of a realistic size, without running anything."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from fw_assets.pipeline.input_digests import baseline_inputs, delivery_inputs, finalists_inputs, tuning_inputs
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.side_files import add_payments, add_predictions, add_rows


class AnyValue(BaseModel, extra="allow"):
    """Any value at all."""


def fill_dataset(store: Workspace, dataset: str, standing: int, models: int) -> None:
    """Write a dataset that is done (`standing` 3), tuned, benchmarked, or planned and approved only (0)."""
    slugs = [f"model-{number:02d}" for number in range(models)]

    def put(asset: str, inputs: str, model: str | None = None, digest: str | None = None, **value: Any) -> None:
        store.write(asset, dataset, AnyValue(**value), inputs=inputs, model=model, digest=digest)

    put("registration", "c1", driver="daemon")
    session = {"mode": "fine-tune"}
    put("prompt", "c1")
    put("label_set", "c1")
    add_rows(store, dataset)
    # A plan of 20 models weighs about this much.
    put("plan", "c1", digest="p1", session=session, models=[{"slug": s} for s in slugs], weight="x" * 60_000)
    put("approval", "p1", plan_digest="p1", decision="approved", approved_by="ann", driver="daemon", mitigation="none")
    if standing < 1:
        return
    for slug in slugs:
        put("base_metrics", baseline_inputs("p1"), slug, weight="x" * 20_000)
        add_predictions(store, dataset, slug, "base")
    add_payments(store, dataset, "p1", *(f"base-evaluation/{slug}" for slug in slugs))
    put("baselines", baseline_inputs("p1"))
    put("finalists", finalists_inputs(store, dataset, "p1", slugs), slugs=slugs[:2])
    if standing < 2:
        return
    for slug in slugs[:2]:
        for asset in ("sweep", "fine_tuned_models"):
            put(asset, tuning_inputs("p1", "none"), slug)
        put("metrics", tuning_inputs("p1", "none"), slug, weight="x" * 20_000)
        add_predictions(store, dataset, slug, "tuned")
        add_payments(store, dataset, "p1", f"sweep/{slug}", f"tuned-evaluation/{slug}")
    if standing == 3:
        put("deployment", delivery_inputs(store, dataset, "p1", slugs[:2]))
        put("report", delivery_inputs(store, dataset, "p1", slugs[:2]))
