"""Jobs of any kind: their states, how they end, and the collections that hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BeforeValidator

from ._errors import JobFailed, NotFound
from ._get_or_create import get_or_create
from ._http import HttpClient
from ._names import check_id, full_name, resource_path
from ._polling import poll
from ._resources import ApiValue, Resource, parse_resource

_NUMBERED_STATES = (
    "UNSPECIFIED",
    "CREATING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "DELETING",
    "WRITING_RESULTS",
    "VALIDATING",
)
_FAILED_STATES = (
    "FAILED",
    "FAILED_CLEANING_UP",
    "CANCELLED",
    "EXPIRED",
    "EXPIRED_CLEANING_UP",
    "DELETING",
    "DELETING_CLEANING_UP",
    "DELETED",
)
_UNEXPLAINED = {
    "CANCELLED": "it was cancelled on the platform",
    "DELETED": "it was deleted on the platform",
    "EXPIRED": "the time ran out that the platform gives a job",
}
_QUEUED_STATES = ("UNSPECIFIED", "CREATING", "QUEUED", "VALIDATING", "PENDING")


def _job_state(value: Any) -> str:
    """A state without its prefix. States arrive as `JOB_STATE_RUNNING`, `RUNNING` or the enum's number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERED_STATES[value] if 0 <= value < len(_NUMBERED_STATES) else f"UNKNOWN_{value}"
    return str(value).upper().removeprefix("JOB_STATE_")


class JobProgress(ApiValue):
    """How far a job is; `percent` from 0 to 100, `epoch` from 0.

    A job counts as stalled when none of these fields changes, so those that nobody else reads matter too.
    """

    percent: float = 0
    epoch: float = 0
    total_input_requests: int = 0
    total_processed_requests: int = 0
    successfully_processed_requests: int = 0
    failed_requests: int = 0
    output_rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_token_count: int = 0


class Job(Resource):
    """A job. Only `state` proves completion; a state that this client does not know is not an end."""

    state: Annotated[str, BeforeValidator(_job_state)] = "UNSPECIFIED"
    job_progress: JobProgress = JobProgress()

    @property
    def succeeded(self) -> bool:
        """Whether its result is there, whole."""
        return self.state == "COMPLETED"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.succeeded or self.state in _FAILED_STATES

    @property
    def ending(self) -> str:
        """The state in which it ended without its whole result, whether it is cleaned up or not; else empty."""
        if self.succeeded or self.state not in _FAILED_STATES:
            return ""
        return self.state.removesuffix("_CLEANING_UP").replace("DELETING", "DELETED")

    @property
    def reason(self) -> str:
        """Why it ended so: the platform's words, else what the state says; empty where neither does."""
        return self.status.message or _UNEXPLAINED.get(self.ending, "")


J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class JobCollection(Generic[J]):
    """One kind of job on the platform.

    Attributes:
        path: the collection's name in a resource name.
        id_parameter: the query parameter of a create that carries the job's id.
        noun: what errors and logs call such a job.
    """

    kind: type[J]
    path: str
    id_parameter: str
    noun: str

    async def get(self, http: HttpClient, account: str, job_id: str) -> J:
        """One job, by short id or full name."""
        return parse_resource(self.kind, await http.get(resource_path(full_name(job_id, account, self.path))))

    async def list(self, http: HttpClient, account: str) -> list[J]:
        """Every job of the account."""
        items = await http.pages(f"/v1/accounts/{account}/{self.path}", self.path)
        return [parse_resource(self.kind, item) for item in items]

    async def get_or_create(
        self,
        http: HttpClient,
        account: str,
        job_id: str,
        body: Mapping[str, Any],
        differences: Callable[[J], Mapping[str, tuple[Any, Any]]],
    ) -> J:
        """The job of this id, created from `body` when there is none."""
        check_id(job_id)

        async def create() -> J:
            path = f"/v1/accounts/{account}/{self.path}"
            return parse_resource(self.kind, await http.post(path, body, {self.id_parameter: job_id}))

        return await get_or_create(
            http,
            f"{self.noun} {job_id}",
            fetch=lambda: self.get(http, account, job_id),
            create=create,
            differences=differences,
        )

    async def wait(
        self,
        http: HttpClient,
        account: str,
        job_id: str,
        *,
        poll_interval: float,
        timeout: float,
        stall_timeout: float | None,
        on_progress: Callable[[J], Any] | None,
    ) -> J:
        """The job once it has succeeded.

        Raises:
            JobFailed: it ended otherwise, or was seen and is gone.
            WaitTimeout: `timeout` seconds have passed; `Stalled`: `stall_timeout` seconds without progress of a job
                whose turn has come.
        """
        last: list[J] = []

        def seen(job: J) -> None:
            last[:] = [job]
            if on_progress:
                on_progress(job)

        waiting = poll(
            f"{self.noun} {job_id}",
            lambda: self.get(http, account, job_id),
            lambda job: job.finished,
            clock=http.clock,
            interval=poll_interval,
            timeout=timeout,
            describe=lambda job: f"{job.state} {job.job_progress.percent:.0f} %",
            on_progress=seen,
            stall_timeout=stall_timeout,
            # A job may wait for its turn for hours, which is no stall: only `timeout` ends that.
            progress=lambda job: object() if job.state in _QUEUED_STATES else (job.state, job.job_progress),
        )
        try:
            job = await waiting
        except NotFound:
            if not last:
                raise
            raise JobFailed(last[0].name, "DELETED", _UNEXPLAINED["DELETED"]) from None
        if not job.succeeded:
            raise JobFailed(job.name, job.state, job.reason)
        return job
