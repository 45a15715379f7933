"""A dataset's workspace that a test takes from phase to phase without doing the work."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from fw_assets.pipeline.input_digests import baseline_inputs, delivery_inputs, finalists_inputs, tuning_inputs
from fw_assets.pipeline.phases import DatasetStatus, due
from fw_assets.pipeline.run_config import Driver
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.side_files import add_payments, add_predictions, add_rows


class AnyFields(BaseModel, extra="allow"):
    """A value with whatever fields a test writes."""


class Scenario:
    """The dataset `tickets`; each method writes the value of an asset as the step would have."""

    def __init__(self, store: Workspace) -> None:
        self.store = store

    def put(self, asset: str, inputs: str, model: str | None = None, digest: str | None = None, **value: Any) -> None:
        self.store.write(asset, "tickets", AnyFields(**value), inputs=inputs, model=model, digest=digest)

    def register(self, content: str = "c1", driver: str = "daemon") -> None:
        self.put("registration", content, driver=driver)

    def plan(
        self, digest: str = "p1", content: str = "c1", models: tuple[str, ...] = ("a", "b", "c"), **session: Any
    ) -> None:
        value: dict[str, Any] = {
            "session": {"mode": "fine-tune", **session},
            "models": [{"slug": model} for model in models],
        }
        self.put("prompt", content)
        self.put("label_set", content)
        add_rows(self.store, "tickets")
        self.put("plan", content, digest=digest, **value)

    def approve(self, digest: str = "p1", decision: str = "approved", driver: str = "daemon", at: str = "1") -> None:
        self.put(
            "approval",
            digest,
            plan_digest=digest,
            decision=decision,
            approved_by="ann",
            driver=driver,
            mitigation="none",
            at=at,
        )

    def base(self, model: str, digest: str = "p1") -> None:
        self.put("base_metrics", baseline_inputs(digest), model, of=model)
        add_predictions(self.store, "tickets", model, "base")
        add_payments(self.store, "tickets", digest, f"base-evaluation/{model}")

    def baselines(self, digest: str = "p1") -> None:
        self.put("baselines", baseline_inputs(digest), of="majority")

    def finalists(self, *slugs: str, digest: str = "p1", models: tuple[str, ...] = ("a", "b", "c")) -> None:
        inputs = finalists_inputs(self.store, "tickets", digest, list(models))
        self.put("finalists", inputs, slugs=list(slugs))

    def tuned(self, model: str, digest: str = "p1") -> None:
        for asset in ("sweep", "fine_tuned_models", "metrics"):
            self.put(asset, tuning_inputs(digest, "none"), model, of=model)
        add_predictions(self.store, "tickets", model, "tuned")
        add_payments(self.store, "tickets", digest, f"sweep/{model}", f"tuned-evaluation/{model}")

    def curve(self, model: str, digest: str = "p1") -> None:
        self.put("learning_curve", tuning_inputs(digest, "none"), model, of=model)

    def report(self, *slugs: str, digest: str = "p1") -> None:
        self.put("deployment", delivery_inputs(self.store, "tickets", digest, list(slugs)))
        self.put("report", delivery_inputs(self.store, "tickets", digest, list(slugs)))

    def due(self, driver: Driver | None = "daemon") -> DatasetStatus:
        return due(self.store, "tickets", driver)
