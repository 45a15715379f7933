"""The facade: one class with everything the workflow asks of the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from ._batch import BATCH_INFERENCE_JOBS, BatchInferenceJob, BatchInferenceSpec, ensure_batch_inference_job
from ._billing import BillingSummary, billing_summary
from ._chat import chat
from ._chat_route import ChatRoute
from ._completion import ChatCompletion
from ._connection import Connection
from ._datasets import Dataset, Format, create_dataset, fill_dataset, get_dataset, list_datasets
from ._decision import Decision
from ._decision_question import Question
from ._decisions import State, decisions, refusal_of, systemone
from ._deployed_models import DeployedModel, ensure_loaded
from ._deployments import (
    Accelerators,
    Deployment,
    DeploymentSpec,
    ensure_deployment,
    get_deployment,
    list_deployments,
)
from ._download import download_as_one, download_files
from ._errors import AccountError, BadRequest, NotFound, PermissionDenied, PlatformFault, ReasoningRefused
from ._fine_tuning import FINE_TUNING_JOBS, FineTuningJob, ensure_fine_tuning_job, estimate_cost
from ._fine_tuning_metrics import fine_tuning_metrics
from ._fine_tuning_spec import FineTuningSpec
from ._models import Model, get_model, list_models
from ._names import full_name
from ._prices import price_list
from ._readiness import PROBE, ReadyDeployment, wait_ready
from ._resources import Money
from ._shapes import Shape, match_shapes
from ._upload import OnBytes

CATALOGUE_OWNER = "fireworks"
"""The account that owns the platform's own catalogue of models."""


class Fireworks(Connection):
    """One account on one platform. Use as `async with Fireworks(...) as client`; safe for concurrent calls.

    Everything that is created is created under an id that the caller chooses: what exists already is compared
    and adopted, or refused with `ConflictError`. Nothing can be deleted, cancelled or changed.

    Args:
        base_url: the platform's root, e.g. `https://api.fireworks.ai`.
        api_key: in no representation, log line or error.
        account_id: None asks the platform for the key's account, at the first call that needs it.
        transport: an httpx transport in place of the network.
        retry_policy: how long each kind of failure is tried again.
        clock: where time comes from.
        direct_upload_limit: bytes up to which a file goes to the API and not to a signed URL.

    Every method raises the errors of `_errors`; those with a particular meaning are named where they arise.
    """

    @property
    def throttled(self) -> int:
        """How many responses said "too many requests" (429) so far, including those that were then tried again."""
        return self._http.throttled + sum(route.throttled for route in self._routes.values())

    def add_route(self, model: str, route: ChatRoute) -> None:
        """Have `route` answer the requests of `model`, until it is closed with this client."""
        self._routes[model] = route

    # Models and prices

    async def models(self) -> list[Model]:
        """Every model of the platform's own catalogue."""
        return await list_models(self._http, CATALOGUE_OWNER)

    async def own_models(self) -> list[Model]:
        """Every model of the account: what it has trained or uploaded."""
        return await list_models(self._http, await self._account())

    async def model(self, name: str) -> Model:
        """One model; a short name is one of the platform's own catalogue."""
        return await get_model(self._http, name, CATALOGUE_OWNER)

    async def own_model(self, name: str) -> Model:
        """One model; a short name is one of the account, a full one of any account that shows it to the key."""
        return await get_model(self._http, name, await self._account())

    async def price_list(self) -> list[dict[str, Any]] | None:
        """Entries with `model`, `item`, `unit` and `usd`; None when the platform publishes no list."""
        return await price_list(self._http)

    async def billing_summary(self, first: date, last: date) -> BillingSummary | None:
        """What the account was billed for from one day (UTC) to another; None where the platform does not answer.

        It covers whole days and everything that the account did, and may lag.
        """
        return await billing_summary(self._http, await self._account(), first, last)

    # Datasets

    async def datasets(self) -> list[Dataset]:
        """Every dataset of the account."""
        return await list_datasets(self._http, await self._account())

    async def dataset(self, name: str) -> Dataset:
        """One dataset, by short id or full name."""
        return await get_dataset(self._http, await self._account(), name)

    async def ensure_dataset(
        self,
        dataset_id: str,
        path: Path,
        *,
        rows: int,
        display_name: str = "",
        format: Format = "CHAT",
        timeout: float = 900.0,
        on_bytes: OnBytes | None = None,
    ) -> Dataset:
        """The dataset with the content of `path` (`rows` lines), READY; uploaded only when it is not there.

        Raises:
            ConflictError: the id has other content.
            ValueError: `path` has another number of rows; nothing was created.
            DatasetFailed: the platform refuses the content.
        """
        account = await self._account()
        dataset = await create_dataset(
            self._http, account, dataset_id, path, rows=rows, display_name=display_name or dataset_id, format=format
        )
        if dataset.ready:
            return dataset
        return await fill_dataset(
            self._http,
            account,
            dataset_id,
            path,
            timeout=timeout,
            on_bytes=on_bytes,
            direct_upload_limit=self._direct_upload_limit,
        )

    async def download_dataset(self, name: str, target: Path) -> Path:
        """The dataset's rows as the file `target`, which is there whole or not at all."""
        return await download_as_one(self._http, await self._account(), name, target)

    async def download_dataset_files(self, name: str, folder: Path) -> tuple[Path, ...]:
        """The dataset's files in `folder`, under their own names."""
        return await download_files(self._http, await self._account(), name, folder)

    # Fine-tuning

    async def download_model_files(self, name: str, folder: Path) -> tuple[Path, ...]:
        """Download a model of the account: its files in `folder`, by name."""
        return await download_files(self._http, await self._account(), name, folder, "models")

    async def estimate_fine_tuning_cost(self, spec: FineTuningSpec) -> Money | None:
        """What a job would cost, by the platform; nothing is created. None, with a warning, where it gives no estimate.

        The dataset has to be there.
        """
        return await estimate_cost(self._http, await self._account(), spec)

    async def ensure_fine_tuning_job(self, job_id: str, spec: FineTuningSpec) -> FineTuningJob:
        """The job of this id, started when there is none. It may have ended already, well or not.

        Raises:
            ConflictError: the id belongs to a job with another specification.
        """
        return await ensure_fine_tuning_job(self._http, await self._account(), job_id, spec)

    async def fine_tuning_job(self, job_id: str) -> FineTuningJob:
        """One job, in its present state."""
        return await FINE_TUNING_JOBS.get(self._http, await self._account(), job_id)

    async def fine_tuning_jobs(self) -> list[FineTuningJob]:
        """Every fine-tuning job of the account, in its present state."""
        return await FINE_TUNING_JOBS.list(self._http, await self._account())

    async def wait_fine_tuning_job(
        self,
        job_id: str,
        *,
        poll_interval: float = 5.0,
        timeout: float = 6 * 3600.0,
        stall_timeout: float | None = None,
        on_progress: Callable[[FineTuningJob], Any] | None = None,
    ) -> FineTuningJob:
        """The job once it has succeeded, fetched every `poll_interval` seconds at the latest.

        Raises:
            JobFailed: it ended otherwise.
            WaitTimeout: `timeout` seconds passed; `Stalled`: `stall_timeout` seconds without progress. It goes on.
        """
        return await FINE_TUNING_JOBS.wait(
            self._http,
            await self._account(),
            job_id,
            poll_interval=poll_interval,
            timeout=timeout,
            stall_timeout=stall_timeout,
            on_progress=on_progress,
        )

    async def fine_tuning_metrics(self, job: FineTuningJob) -> list[dict[str, float]]:
        """The records of the job's metrics file, in order; empty before the first is written."""
        return await fine_tuning_metrics(self._http, await self._account(), job)

    # Serving

    async def quote_deployment(self, spec: DeploymentSpec) -> Accelerators | None:
        """What a deployment would run on; nothing is created. None where the platform does not say.

        A key whose account cannot be told gets no quote: to plan, it needs none.

        Raises:
            ValidateOnlyIgnored: the service creates what it is only to validate.
        """
        try:
            account = await self._account()
        except (AccountError, PermissionDenied):
            return None
        return await self._quotes.quote(account, spec)

    async def validate_deployment(self, spec: DeploymentSpec) -> Accelerators:
        """As `quote_deployment`, with the platform's error where it would refuse the deployment.

        Raises:
            ApiError: it would, or it does not validate.
            ValidateOnlyIgnored: as for `quote_deployment`.
        """
        return await self._quotes.validate(await self._account(), spec)

    async def match_shapes(self, model: str, *, enable_addons: bool = False) -> list[Shape]:
        """The shapes that fit a deployment of `model`, in the platform's order."""
        return await match_shapes(self._http, await self._account(), model, enable_addons=enable_addons)

    async def ensure_loaded(self, model: str, deployment: str) -> DeployedModel:
        """The adapter `model` on a deployment of its base that has addons enabled, loaded when it is not."""
        return await ensure_loaded(self._http, await self._account(), model, deployment)

    async def ensure_deployment(self, deployment_id: str, spec: DeploymentSpec) -> Deployment:
        """The deployment of this id, created when there is none; it may not answer yet.

        Raises:
            ConflictError: the id belongs to a deployment of something else.
            DeploymentFailed: it exists, and failed or was deleted.
        """
        return self._remember(await ensure_deployment(self._http, await self._account(), deployment_id, spec))

    async def deployment(self, name: str) -> Deployment:
        """One deployment, by short id or full name."""
        return await get_deployment(self._http, await self._account(), name)

    async def deployments(self) -> list[Deployment]:
        """Every deployment of the account that is not deleted."""
        return await list_deployments(self._http, await self._account())

    async def wait_deployment_ready(
        self,
        deployment_id: str,
        model: str,
        *,
        probe: Mapping[str, Any] | None = None,
        poll_interval: float = 5.0,
        timeout: float = 3600.0,
        on_progress: Callable[[Deployment], Any] | None = None,
    ) -> ReadyDeployment:
        """The deployment once it has really answered for `model`, with the address under which it did.

        `probe` is a chat request without `model`; give one like those that will follow.

        Raises:
            DeploymentFailed: it failed, or refuses the probe.
            WaitTimeout: no answer within `timeout` seconds.
        """
        account = await self._account()
        ready = await wait_ready(
            self._http,
            account,
            deployment_id,
            full_name(model, account, "models"),
            probe=probe,
            poll_interval=poll_interval,
            timeout=timeout,
            on_progress=on_progress,
        )
        self._remember(ready.deployment)
        return ready

    async def chat(self, body: Mapping[str, Any], *, deployment_known: bool | None = None) -> ChatCompletion:
        """The answer to a chat-completions request.

        `deployment_known`: the model's deployment surely exists, so that 404 means "not routable yet" and is
        waited for; by default true for deployments that this client has seen.
        """
        if route := self._routes.get(str(body.get("model", ""))):
            return await route.chat(body)
        if deployment_known is None:
            deployment_known = self._knows(str(body.get("model", "")))
        return await chat(self._http, body, deployment_known=deployment_known)

    async def systemone(self, model: str, state: State, questions: Mapping[str, Question]) -> Decision:
        """Probabilities over the options of each question about a state; more than 64 questions are split.

        `model` is a model, a deployment, a router, or `model#deployment`.

        Raises:
            ValueError: a question that servers refuse, before anything is sent.
            BadRequest: also for a model that answers no decisions.
            UnexpectedResponse: an answer is missing, or is no distribution over the options.
        """
        if route := self._routes.get(model):
            return await route.systemone(state, questions)
        return await systemone(self._http, model, state, questions, deployment_known=self._knows(model))

    async def decisions(self, model: str, input: str | list[Any], questions: Mapping[str, Question]) -> Decision:
        """As `systemone`, in OpenAI's form: `input` is a text or an array of messages; answers may be refused."""
        return await decisions(self._http, model, input, questions, deployment_known=self._knows(model))

    async def decision_refusal(self, model: str, question: Question | None = None) -> str | None:
        """Why a model answers no decisions, by one small request; None where it does.

        Args:
            question: in place of a yes-or-no question, such as one with as many options as will be asked.
        """
        return await refusal_of(partial(self.systemone, model), question)

    async def chat_refusal(self, model: str, probe: Mapping[str, Any] | None = None) -> str | None:
        """Why a model, a deployment or a router answers no chats, by one small request; None where it does.

        Args:
            probe: in place of a plain question, a request without `model` like those that will follow.
        """
        try:
            await self.chat_at_any_effort({**(probe or PROBE), "model": model})
        except PlatformFault:
            raise
        except (BadRequest, NotFound, PermissionDenied) as error:
            return error.detail or str(error)
        return None

    async def chat_at_any_effort(
        self, body: Mapping[str, Any], *, deployment_known: bool | None = None
    ) -> ChatCompletion:
        """As `chat`; a model that refuses the request's `reasoning_effort` is asked again without it."""
        try:
            return await self.chat(body, deployment_known=deployment_known)
        except ReasoningRefused:
            if "reasoning_effort" not in body:
                raise
        rest = {field: value for field, value in body.items() if field != "reasoning_effort"}
        return await self.chat(rest, deployment_known=deployment_known)

    def _knows(self, model: str) -> bool:
        return model.rpartition("#")[2] in self._known_deployments

    # Batch inference

    async def ensure_batch_inference_job(self, job_id: str, spec: BatchInferenceSpec) -> BatchInferenceJob:
        """The job of this id, started when there is none.

        Raises:
            ConflictError: the id belongs to a job with another specification.
        """
        return await ensure_batch_inference_job(self._http, await self._account(), job_id, spec)

    async def batch_inference_job(self, job_id: str) -> BatchInferenceJob:
        """One job, in its present state."""
        return await BATCH_INFERENCE_JOBS.get(self._http, await self._account(), job_id)

    async def batch_inference_jobs(self) -> list[BatchInferenceJob]:
        """Every batch job of the account, in its present state."""
        return await BATCH_INFERENCE_JOBS.list(self._http, await self._account())

    async def wait_batch_inference_job(
        self,
        job_id: str,
        *,
        poll_interval: float = 10.0,
        timeout: float = 24 * 3600.0,
        stall_timeout: float | None = 3600.0,
        on_progress: Callable[[BatchInferenceJob], Any] | None = None,
    ) -> BatchInferenceJob:
        """The job once it has COMPLETED; its answers are in its output dataset, see `batch_results`.

        A job may wait for its turn for a day. A model that cannot be batched stays PENDING without an error: only
        `timeout` ends that wait.

        Raises:
            JobFailed: it ended otherwise.
            WaitTimeout: as for fine-tuning jobs.
        """
        return await BATCH_INFERENCE_JOBS.wait(
            self._http,
            await self._account(),
            job_id,
            poll_interval=poll_interval,
            timeout=timeout,
            stall_timeout=stall_timeout,
            on_progress=on_progress,
        )
