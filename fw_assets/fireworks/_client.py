"""The facade: one class with everything the workflow asks of the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ._batch import BatchInferenceJob, BatchInferenceSpec, ensure_batch, get_batch, wait_batch
from ._chat import chat
from ._completion import ChatCompletion
from ._connection import Connection
from ._datasets import (
    Dataset,
    Format,
    create_dataset,
    fill_dataset,
    get_dataset,
    list_datasets,
)
from ._deployed_models import DeployedModel, ensure_deployed_model, wait_loaded
from ._deployments import (
    Deployment,
    DeploymentSpec,
    ensure_deployment,
    get_deployment,
    list_deployments,
    match_shapes,
)
from ._download import download_as_one, download_files
from ._job_metrics import job_metrics
from ._job_spec import FineTuningSpec
from ._jobs import FineTuningJob, ensure_job, get_job, list_jobs, wait_job
from ._models import Model, get_model, list_models
from ._names import full_name
from ._prices import price_list
from ._readiness import ReadyDeployment, wait_ready
from ._upload import OnBytes


class Fireworks(Connection):
    """One account on one platform. Use as `async with Fireworks(...) as client`; safe for concurrent calls.

    Everything that is created is created under an id that the caller chooses: what exists already is compared
    and adopted, or refused with `ConflictError`. Nothing can be deleted, cancelled or changed.

    Args:
        base_url: the platform's root, e.g. `https://api.fireworks.ai`.
        api_key: never shown again, in no representation, log or error.
        account_id: None asks the platform whose the key is, at the first call that needs to know.
        transport: an httpx transport to use in place of the network.
        patience: how long each kind of failure is tried again.
        clock: where time comes from.

    Every method raises the errors of `_errors`; those with a particular meaning are named where they arise.
    """

    @property
    def throttled(self) -> int:
        """How many answers said "too many requests" (429) so far, those that were then tried again included."""
        return self._wire.throttled

    # Models and prices

    async def models(self, owner: str = "fireworks", *, filter: str | None = None) -> list[Model]:
        """Every model of an account; by default the platform's own catalogue."""
        return await list_models(self._wire, owner, filter)

    async def model(self, name: str) -> Model:
        """One model with its deployments; a short name is one of the platform's own catalogue."""
        return await get_model(self._wire, name, "fireworks")

    async def price_list(self) -> list[dict[str, Any]] | None:
        """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list."""
        return await price_list(self._wire)

    # Datasets

    async def datasets(self, *, filter: str | None = None) -> list[Dataset]:
        """Every dataset of the account."""
        return await list_datasets(self._wire, await self._account(), filter)

    async def dataset(self, name: str) -> Dataset:
        """One dataset, by short id or full name."""
        return await get_dataset(self._wire, await self._account(), name)

    async def ensure_dataset(
        self,
        dataset_id: str,
        path: Path,
        *,
        rows: int,
        display_name: str = "",
        format: Format = "CHAT",
        ceiling: float = 900.0,
        on_bytes: OnBytes | None = None,
    ) -> Dataset:
        """The dataset with the content of `path` (`rows` lines), READY; uploaded only when it is not there.

        Raises:
            ConflictError: the id has other content.
            DatasetFailed: the platform refuses the content.
        """
        account = await self._account()
        found = await create_dataset(
            self._wire, account, dataset_id, rows=rows, display_name=display_name or dataset_id, format=format
        )
        if found.ready:
            return found
        return await fill_dataset(
            self._wire,
            account,
            dataset_id,
            path,
            ceiling=ceiling,
            on_bytes=on_bytes,
            limit=self._direct_upload_limit,
        )

    async def download_dataset(self, name: str, target: Path) -> Path:
        """The dataset's rows as the file `target`, which is there whole or not at all."""
        return await download_as_one(self._wire, await self._account(), name, target)

    async def download_dataset_files(self, name: str, folder: Path) -> tuple[Path, ...]:
        """The dataset's files in `folder`, under their own names."""
        return await download_files(self._wire, await self._account(), name, folder)

    # Fine-tuning

    async def ensure_fine_tuning_job(self, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
        """The job of this id, started when there is none. It may have ended already, well or not.

        Raises:
            ConflictError: the id belongs to a job with another specification.
        """
        return await ensure_job(self._wire, await self._account(), job_id, spec)

    async def fine_tuning_job(self, job_id: str) -> FineTuningJob:
        """One job as it stands."""
        return await get_job(self._wire, await self._account(), job_id)

    async def fine_tuning_jobs(self, *, filter: str | None = None) -> list[FineTuningJob]:
        """Every job of the account."""
        return await list_jobs(self._wire, await self._account(), filter)

    async def wait_fine_tuning_job(
        self,
        job_id: str,
        *,
        poll: float = 5.0,
        ceiling: float = 6 * 3600.0,
        stall: float | None = None,
        on_progress: Callable[[FineTuningJob], Any] | None = None,
    ) -> FineTuningJob:
        """The job once it has succeeded, looked at every `poll` seconds at the latest.

        Raises:
            JobFailed: it ended otherwise.
            WaitTimeout: `ceiling` seconds passed; `Stalled`: `stall` seconds without progress. It goes on.
        """
        return await wait_job(
            self._wire,
            await self._account(),
            job_id,
            every=poll,
            ceiling=ceiling,
            stall=stall,
            on_progress=on_progress,
        )

    async def fine_tuning_metrics(self, job: FineTuningJob | str) -> list[dict[str, float]]:
        """The records of the job's metrics file, in order; empty before the first is written."""
        return await job_metrics(self._wire, await self._account(), job)

    # Serving

    async def deployments(self) -> list[Deployment]:
        """Every deployment of the account."""
        return await list_deployments(self._wire, await self._account())

    async def deployment(self, name: str) -> Deployment:
        """One deployment as it stands."""
        return self._remember(await get_deployment(self._wire, await self._account(), name))

    async def deployment_shapes(self, base_model: str, *, enable_addons: bool = False) -> tuple[str, ...]:
        """The shape versions on which a model can be deployed."""
        return await match_shapes(self._wire, await self._account(), base_model, enable_addons)

    async def ensure_deployment(self, deployment_id: str, spec: DeploymentSpec) -> Deployment:
        """The deployment of this id, created when there is none; it may not answer yet.

        Raises:
            ConflictError: the id belongs to a deployment of something else.
            DeploymentFailed: it exists, and failed or was deleted.
        """
        found = await ensure_deployment(self._wire, await self._account(), deployment_id, spec)
        return self._remember(found)

    async def ensure_deployed_model(self, model: str, deployment: str, *, public: bool = False) -> DeployedModel:
        """The adapter `model` loaded onto a deployment with addons enabled."""
        account = await self._account()
        where = full_name(deployment, account, "deployments")
        return await ensure_deployed_model(
            self._wire, account, full_name(model, account, "models"), where, public=public
        )

    async def wait_deployed_model(
        self, model: str, deployment: str, *, poll: float = 5.0, ceiling: float = 1800.0
    ) -> None:
        """Returns once the adapter is DEPLOYED; it may take seconds more until it is routed."""
        account = await self._account()
        where = full_name(deployment, account, "deployments")
        await wait_loaded(self._wire, account, full_name(model, account, "models"), where, every=poll, ceiling=ceiling)

    async def wait_deployment_ready(
        self,
        deployment_id: str,
        model: str,
        *,
        probe: Mapping[str, Any] | None = None,
        poll: float = 5.0,
        ceiling: float = 3600.0,
        on_progress: Callable[[Deployment], Any] | None = None,
    ) -> ReadyDeployment:
        """The deployment once it has really answered for `model`, with the address under which it did.

        `probe` is a chat request without `model`; give one like those that will follow.

        Raises:
            DeploymentFailed: it failed, or refuses the probe.
            WaitTimeout: no answer within `ceiling` seconds.
        """
        account = await self._account()
        ready = await wait_ready(
            self._wire,
            account,
            deployment_id,
            full_name(model, account, "models"),
            probe=probe,
            every=poll,
            ceiling=ceiling,
            on_progress=on_progress,
        )
        self._remember(ready.deployment)
        return ready

    async def chat(self, body: Mapping[str, Any], *, known: bool | None = None) -> ChatCompletion:
        """The answer to a chat-completions request.

        `known`: the model's deployment surely exists, so that 404 means "not routable yet" and is waited
        for; by default true for deployments that this client has seen.
        """
        model = str(body.get("model", ""))
        seen = model.rpartition("#")[2] in self._known
        return await chat(self._wire, body, known=seen if known is None else known)

    # Batch inference

    async def ensure_batch_inference_job(self, job_id: str, spec: BatchInferenceSpec) -> BatchInferenceJob:
        """The job of this id, started when there is none.

        Raises:
            ConflictError: the id belongs to a job with another specification.
        """
        return await ensure_batch(self._wire, await self._account(), job_id, spec)

    async def batch_inference_job(self, job_id: str) -> BatchInferenceJob:
        """One job as it stands."""
        return await get_batch(self._wire, await self._account(), job_id)

    async def wait_batch_inference_job(
        self,
        job_id: str,
        *,
        poll: float = 10.0,
        ceiling: float = 24 * 3600.0,
        stall: float | None = 3600.0,
        on_progress: Callable[[BatchInferenceJob], Any] | None = None,
    ) -> BatchInferenceJob:
        """The job once it has COMPLETED; its answers are in its output dataset, see `batch_results`.

        Raises:
            JobFailed: it ended otherwise.
            WaitTimeout: as for fine-tuning jobs.
        """
        return await wait_batch(
            self._wire,
            await self._account(),
            job_id,
            every=poll,
            ceiling=ceiling,
            stall=stall,
            on_progress=on_progress,
        )
