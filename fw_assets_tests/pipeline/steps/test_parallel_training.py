"""Training jobs of several finalists at once on an embedded platform, over its socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import httpx
import pytest

from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.classification.plan.plan import Plan
from fw_assets.embedded import api_key
from fw_assets.fireworks import FineTuningJob, Fireworks
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.budget.attempts import Attempts
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.platform.fine_tuning import Upload
from fw_assets.pipeline.steps.training import TrainingData, run_training_job
from fw_assets.pipeline.values.tuning import SweepCell
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.embedded.conftest import labelled_rows, served

T = TypeVar("T")
CELLS = [Cell(lora_rank=2**power, learning_rate=0.01, epochs=1) for power in range(6)]


class ThreeFinalists(PlanAccount):
    """An account whose plan knows of a job only what names it."""

    def line(self, key: str) -> None:
        return None

    @property
    def ceiling(self) -> float:
        return 1.0


class Trainer:
    """A platform behind a socket, and a workspace whose plan has finalists that are all of one base model."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.home, self._url = folder, folder / "platform", url

    def faults(self, **faults: Any) -> None:
        (self.home / "faults.json").write_text(json.dumps(faults))

    def call(self, work: Callable[[Fireworks], Awaitable[T]]) -> T:
        async def inside() -> T:
            async with Fireworks(base_url=self._url, api_key=api_key(self.home)) as client:
                return await work(client)

        return asyncio.run(inside())

    def delete(self, name: str) -> None:
        """What a person does in the console."""
        key = {"Authorization": f"Bearer {api_key(self.home)}"}
        httpx.delete(f"{self._url}/v1/{name}", headers=key).raise_for_status()

    async def upload(self, client: Fireworks) -> TrainingData:
        path = self.folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in labelled_rows(1)))
        rows = len(labelled_rows(1))
        uploads = []
        for id in ("train", "valid"):
            dataset = await client.ensure_dataset(id, path, rows=rows)
            uploads.append(Upload(dataset.name, rows, path.stat().st_size))
        return TrainingData("sweep", 1.0, *uploads)

    async def train(
        self, client: Fireworks, data: TrainingData, slug: str, cell: Cell, approval: str = "a1"
    ) -> SweepCell:
        """One job, as a process of its own runs it: it shares the workspace alone with others."""
        plan = SimpleNamespace(
            session=SimpleNamespace(max_parallel_jobs=6, max_spend_usd=None),
            warm_start=None,
            digest="plan",
            job_id=lambda slug, cell, *_: f"fwa-{slug}-{cell.lora_rank}",
            job_thresholds=lambda _: None,
            model=lambda _: SimpleNamespace(name="accounts/fireworks/models/char-ngram"),
        )
        account = ThreeFinalists(Workspace(str(self.folder)), "tickets", cast("Plan", plan), "none", approval)
        return await run_training_job(
            client, account, slug, cell, data, line=f"sweep/{slug}", poll=0.05, what=f"{slug} {cell.name}"
        )


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Trainer]:
    (tmp_path / "platform").mkdir()
    with served(tmp_path / "platform") as url:
        yield Trainer(tmp_path, url)


def most_active(jobs: list[FineTuningJob]) -> int:
    """How many jobs the platform had at a time that were created and had not ended, by its own record."""
    changes = [(job.raw["createTime"], 1) for job in jobs] + [(job.raw["completedTime"], -1) for job in jobs]
    active = most = 0
    for _, change in sorted(changes):
        active += change
        most = max(most, active)
    return most


def test_six_jobs_at_most_are_active_over_all_finalists_of_a_dataset(trainer: Trainer) -> None:
    trainer.faults(stall=0.3)

    async def work(client: Fireworks) -> tuple[list[SweepCell], list[FineTuningJob]]:
        data = await trainer.upload(client)
        trained = await asyncio.gather(
            *(trainer.train(client, data, slug, cell) for slug in ("a", "b", "c") for cell in CELLS)
        )
        return trained, await client.fine_tuning_jobs()

    trained, jobs = trainer.call(work)
    assert len({cell.model for cell in trained}) == 18
    assert [job.state for job in jobs] == ["COMPLETED"] * 18
    assert most_active(jobs) == 6


def test_jobs_that_nobody_waits_for_any_more_count_among_the_six(trainer: Trainer) -> None:
    trainer.faults(stall=1.5)

    async def work(client: Fireworks) -> tuple[list[SweepCell], list[FineTuningJob]]:
        data = await trainer.upload(client)
        left = [asyncio.ensure_future(trainer.train(client, data, "a", cell)) for cell in CELLS[:4]]
        while len(await client.fine_tuning_jobs()) < len(left):
            await asyncio.sleep(0.05)
        for task in left:
            task.cancel()  # as one that stalls, it leaves its job active
        await asyncio.gather(*left, return_exceptions=True)
        trained = await asyncio.gather(*(trainer.train(client, data, "b", cell) for cell in CELLS))
        await asyncio.gather(*(trainer.train(client, data, "a", cell) for cell in CELLS[:4]))
        return trained, await client.fine_tuning_jobs()

    trained, jobs = trainer.call(work)
    assert len({cell.model for cell in trained}) == 6
    assert [job.state for job in jobs] == ["COMPLETED"] * 10
    assert most_active(jobs) == 6


@pytest.mark.parametrize(
    ("state", "reason"),
    [("EXPIRED", "the time ran out that the platform gives a job"), ("DELETED", "it was deleted on the platform")],
)
def test_a_job_that_ends_without_a_model_has_a_successor_under_a_new_approval(
    trainer: Trainer, state: str, reason: str
) -> None:
    async def train(client: Fireworks, approval: str) -> SweepCell:
        return await trainer.train(client, await trainer.upload(client), "a", CELLS[3], approval)

    trainer.faults(end_jobs=state)
    with pytest.raises(AttemptFailed, match=rf"ended {state}: {reason}; approve again to try a second time"):
        trainer.call(lambda client: train(client, "a1"))
    trainer.faults()
    with pytest.raises(AttemptFailed, match=state):
        trainer.call(lambda client: train(client, "a1"))
    trained = trainer.call(lambda client: train(client, "a2"))
    jobs = {job.name: job.state for job in trainer.call(lambda client: client.fine_tuning_jobs())}
    assert sorted(jobs.values()) == ["COMPLETED", state]
    assert jobs[trained.job] == "COMPLETED"
    assert not trained.job.endswith("/fwa-a-8"), "an id of its own"


def test_a_job_that_somebody_deleted_is_not_made_again_without_a_new_approval(trainer: Trainer) -> None:
    async def train(client: Fireworks, approval: str) -> SweepCell:
        return await trainer.train(client, await trainer.upload(client), "a", CELLS[3], approval)

    async def begin(client: Fireworks) -> None:
        task = asyncio.ensure_future(train(client, "a1"))
        # Until its answer was kept, what is on the platform is nothing that was seen.
        while not attempts.created(f"fwa-a-{CELLS[3].lora_rank}"):
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    attempts = Attempts(Workspace(str(trainer.folder)), "tickets", "a1")
    trainer.faults(stall=30)
    trainer.call(begin)
    (job,) = trainer.call(lambda client: client.fine_tuning_jobs())
    trainer.delete(job.name)
    trainer.faults()
    for _ in range(2):
        with pytest.raises(AttemptFailed, match="ended DELETED: it was deleted on the platform; approve again"):
            trainer.call(lambda client: train(client, "a1"))
    assert not trainer.call(lambda client: client.fine_tuning_jobs()), "nothing is made again without a yes"
    trained = trainer.call(lambda client: train(client, "a2"))
    assert trained.job != job.name
