"""Where the arithmetic of jobs is done: in their worker's own process, or on a Ray cluster.

The worker alone writes the platform's state, whoever does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fw_assets.embedded.errors import precondition
from fw_assets.embedded.inference.chat_completion import Completions, complete_all
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.micro_batcher import MAX_BATCH
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.jobs.job_queue import JobClaim
from fw_assets.embedded.jobs.ray_address import check_address
from fw_assets.embedded.jobs.training_task import RemoteReport, TrainingFolders, TrainingTask
from fw_assets.embedded.settings import embedded_settings
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform


class Executor(Protocol):
    """Does what jobs compute."""

    def train(self, task: TrainingTask, folders: TrainingFolders, report: RemoteReport) -> None:
        """Carry out a training."""

    def shard_rows(self, target: ServingTarget) -> int:
        """The rows of a batch job that are answered by one call."""

    def answer(
        self, target: ServingTarget, shards: Iterable[Sequence[ChatRequest]]
    ) -> Generator[Completions, None, None]:
        """Answer the requests of a batch job, shard by shard in their order.

        Raises:
            DamagedModel, EngineError, WeightsError: the model's files cannot be used.
        """


@dataclass(frozen=True)
class LocalExecutor:
    """This process."""

    platform: EmbeddedPlatform

    def train(self, task: TrainingTask, folders: TrainingFolders, report: RemoteReport) -> None:
        task.run(folders, report)

    def shard_rows(self, target: ServingTarget) -> int:
        return MAX_BATCH

    def answer(
        self, target: ServingTarget, shards: Iterable[Sequence[ChatRequest]]
    ) -> Generator[Completions, None, None]:
        for requests in shards:
            yield complete_all(self.platform, requests, target)


def job_executor(platform: EmbeddedPlatform, claim: JobClaim) -> Executor:
    """The executor that the settings name, for the work of one claimed job.

    Raises:
        RpcError: it is a Ray cluster that nobody answers for, or Ray is not installed.
    """
    settings = embedded_settings()
    if settings.fw_ray_address is None:
        return LocalExecutor(platform)
    check_address(settings.fw_ray_address)
    try:
        from fw_assets.embedded.jobs.ray_executor import RayExecutor
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise precondition("FW_RAY_ADDRESS is set, which needs `pip install 'fw-assets[ray]'`") from None

    return RayExecutor(platform, claim, settings)
