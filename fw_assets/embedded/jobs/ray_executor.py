"""The executor of jobs on a Ray cluster."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from fw_assets.embedded.engine.registry import find_base_model
from fw_assets.embedded.engine.training_run import TrainingEvent
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference.chat_completion import Completions, count_usage
from fw_assets.embedded.inference.chat_request import ChatRequest
from fw_assets.embedded.inference.routing import ServingTarget
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.job_queue import JobClaim
from fw_assets.embedded.jobs.job_state import update_job
from fw_assets.embedded.jobs.ray_cluster import RayCluster, RayMailbox, RayTask, TaskLost
from fw_assets.embedded.jobs.remote_work import (
    Begin,
    ModelFiles,
    answer_remotely,
    base_files,
    read_files,
    train_remotely,
    write_files,
)
from fw_assets.embedded.jobs.training_task import RemoteReport, TrainingFolders, TrainingTask
from fw_assets.embedded.records.model_documents import require_whole_model
from fw_assets.embedded.settings import EmbeddedSettings
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform

SHARD_ROWS, GPU_SHARD_ROWS = 512, 4096
"""Rows that a task answers; a task with a GPU loads its model anew, since Ray ends its process with it."""
MAX_SHARDS = 32
"""Shards that are on the cluster at once."""
CHECKPOINT = "remote-checkpoint"
_WAIT_SECONDS = 10.0
"""After which a job says what it waits for."""


@dataclass(frozen=True)
class RayExecutor:
    """The Ray cluster that the settings name, for the work of one claimed job."""

    platform: EmbeddedPlatform
    claim: JobClaim
    settings: EmbeddedSettings

    @cached_property
    def cluster(self) -> RayCluster:
        portable = self.settings.fw_portable_adapters or self.settings.fw_inference_url is not None
        variables = {"FW_PORTABLE_ADAPTERS": "1"} if portable else {}
        return RayCluster(self.settings.fw_ray_address or "", variables)

    def train(self, task: TrainingTask, folders: TrainingFolders, report: RemoteReport) -> None:
        """Carry out a training; one that is lost goes on from its last checkpoint, as long as it leaves new ones.

        Raises:
            RpcError: there is no cluster, or it lost the task too often.
        """
        kept = folders.checkpoints / CHECKPOINT
        start = read_files(folders.start) if folders.start else None
        inputs = (task, base_files(task.spec.base_model), start)
        mailbox = self.cluster.mailbox(read_files(kept))
        gpus = self._gpus(task.spec.base_model)
        delivery = _Delivery(self, mailbox, report, kept, f"a processor{f' and {gpus:g} GPU' if gpus else ''}")
        try:
            while True:
                delivery.got_further = False
                run = self.cluster.start(train_remotely, *inputs, mailbox, name=self.claim.id, gpus=gpus)
                try:
                    write_files(folders.out, run.result(delivery.poll))
                    break
                except TaskLost as error:
                    if not delivery.got_further:
                        raise RpcError("INTERNAL", str(error)) from error
                finally:
                    run.cancel()
        finally:
            mailbox.remove()
        shutil.rmtree(kept, ignore_errors=True)

    def shard_rows(self, target: ServingTarget) -> int:
        return GPU_SHARD_ROWS if self._gpus(target.base) else SHARD_ROWS

    def answer(
        self, target: ServingTarget, shards: Iterable[Sequence[ChatRequest]]
    ) -> Generator[Completions, None, None]:
        """Answer the requests of a batch job.

        Raises:
            DamagedModel, EngineError, WeightsError: the model's files cannot be used.
            RpcError: there is no cluster, or it lost a task too often.
        """
        model, gpus = self.cluster.share(self._model_files(target)), self._gpus(target.base)
        running: deque[RayTask[Completions]] = deque()
        waiting = iter(shards)
        try:
            while True:
                for requests in islice(waiting, MAX_SHARDS - len(running)):
                    running.append(self.cluster.start(answer_remotely, model, requests, name=self.claim.id, gpus=gpus))
                if not running:
                    return
                try:
                    completions = running[0].result(self._check_claim)
                except TaskLost as error:
                    raise RpcError("INTERNAL", str(error)) from error
                running.popleft()
                count_usage(self.platform, target, completions)
                yield completions
        finally:
            for task in running:
                task.cancel()

    def _gpus(self, base: str) -> float:
        return 0.0 if find_base_model(base).encoders else self.settings.fw_ray_gpus

    def _check_claim(self) -> None:
        # Raises ClaimLost for a job that was cancelled or deleted.
        job_queue.heartbeat(self.platform, self.claim)

    def _model_files(self, target: ServingTarget) -> ModelFiles:
        base = base_files(target.base)
        if target.folder is None:
            return ModelFiles(base, target.base, None)
        require_whole_model(self.platform, target.folder.name)
        files = read_files(target.folder)
        digest = hashlib.sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return ModelFiles(base, digest.hexdigest(), files)


@dataclass
class _Delivery:
    """Hands on what a training tells.

    Attributes:
        kept: the folder of the last checkpoint.
        needs: what the task needs of a node.
        got_further: whether there was one since this was last set.
    """

    executor: RayExecutor
    mailbox: RayMailbox
    report: RemoteReport
    kept: Path
    needs: str
    got_further: bool = False
    waiting_since: float | None = field(default_factory=time.monotonic)

    def poll(self) -> None:
        """Hand on what is new.

        Raises:
            ClaimLost: the job was cancelled.
        """
        platform, claim = self.executor.platform, self.executor.claim
        job_queue.heartbeat(platform, claim)
        messages, checkpoint = self.mailbox.take()
        if self.waiting_since is not None and time.monotonic() - self.waiting_since > _WAIT_SECONDS:
            self._say(f"waits for a node of the Ray cluster at {self.executor.cluster.address} with {self.needs} free")
        if checkpoint is not None:
            self.got_further = True
            # Torn by a worker that is killed here, it is ignored: a checkpoint is checked when it is read.
            shutil.rmtree(self.kept, ignore_errors=True)
            write_files(self.kept, checkpoint)
        for message in messages:
            if isinstance(message, Begin):
                self._say(f"attempt {message.attempt}, on the Ray node {message.node}")
                self.report.restart()
            elif isinstance(message, TrainingEvent):
                self.report.event(message)
            else:
                self.report.record(message)

    def _say(self, what: str) -> None:
        """Say in the log and in the job where its work is."""
        self.waiting_since = None
        print(f"{self.executor.claim.id}: {what}", flush=True)
        update_job(self.executor.platform, self.executor.claim, {"status": {"code": "OK", "message": what}})
