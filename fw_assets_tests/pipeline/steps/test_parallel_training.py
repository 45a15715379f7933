"""Training jobs of several finalists at once, on a platform that counts how many are active."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.plan.plan import Plan
from fw_assets.fireworks import FineTuningJob, FineTuningSpec, Fireworks, NotFound
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.platform.fine_tuning import Upload
from fw_assets.pipeline.steps.training import TrainingData, run_training_job
from fw_assets.workspace.workspace import Workspace


class CountingPlatform:
    """Jobs that are active for a while after they were created."""

    def __init__(self) -> None:
        self.created: list[str] = []
        self.active = self.most = 0

    async def fine_tuning_job(self, job_id: str) -> FineTuningJob:
        raise NotFound(404, f"{job_id}: there is none")

    async def estimate_fine_tuning_cost(self, spec: FineTuningSpec) -> None:
        return None

    async def ensure_fine_tuning_job(self, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
        self.created.append(job_id)
        self.active += 1
        self.most = max(self.most, self.active)
        return FineTuningJob(name=f"accounts/a/supervisedFineTuningJobs/{job_id}", output_model=spec.output_model or "")

    async def wait_fine_tuning_job(self, job_id: str, **_: Any) -> FineTuningJob:
        await asyncio.sleep(0.01)
        self.active -= 1
        return FineTuningJob(name=f"accounts/a/supervisedFineTuningJobs/{job_id}", output_model=job_id)

    async def fine_tuning_metrics(self, job: FineTuningJob) -> list[dict[str, float]]:
        return [{"step": 1.0, "eval/loss": 0.5, "train/total_tokens": 10.0}]


class ThreeFinalists(PlanAccount):
    """An account whose plan knows of a job only what names it."""

    def line(self, key: str) -> None:
        return None

    @property
    def ceiling(self) -> float:
        return 1.0


def account(folder: Path, limit: int) -> PlanAccount:
    plan = SimpleNamespace(
        session=SimpleNamespace(max_parallel_jobs=limit),
        warm_start=None,
        digest="plan",
        job_id=lambda slug, cell, *_: f"fwa-{slug}-{cell.lora_rank}",
        model=lambda slug: SimpleNamespace(name=f"accounts/fireworks/models/{slug}"),
    )
    return ThreeFinalists(Workspace(str(folder)), "tickets", cast("Plan", plan), "none")


def test_six_jobs_at_most_are_active_over_all_finalists_of_a_dataset(tmp_path: Path) -> None:
    platform = CountingPlatform()
    data = TrainingData(
        "sweep", 1.0, Upload("accounts/a/datasets/train", 10, 1_000), Upload("accounts/a/datasets/valid", 3, 300)
    )

    async def sweep(slug: str) -> None:
        # As in a process of its own: nothing is shared with the other finalists but the workspace.
        own = account(tmp_path, 6)
        await asyncio.gather(
            *(
                run_training_job(
                    cast("Fireworks", platform),
                    own,
                    slug,
                    Cell(lora_rank=2**power, learning_rate=1e-4, epochs=1),
                    data,
                    line=f"sweep/{slug}",
                    poll=0.002,
                    what=slug,
                )
                for power in range(6)
            )
        )

    async def sweep_all() -> None:
        await asyncio.gather(*map(sweep, ("a", "b", "c")))

    asyncio.run(sweep_all())
    assert (len(platform.created), platform.active, platform.most) == (18, 0, 6)
