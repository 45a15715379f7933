"""The one module that imports Ray: tasks on a cluster, with their retries, logs and cancellation."""

from __future__ import annotations

import logging
import platform as machine
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError, TaskCancelledError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.jobs.ray_address import said, unreachable
from fw_assets.embedded.jobs.remote_work import Begin, Files, Message

MAX_RETRIES = 2
"""Times that Ray starts a task again whose process or node died."""
CONNECT_ATTEMPTS = 4
_POLL_SECONDS = 0.5
ResultT = TypeVar("ResultT")


class TaskLost(Exception):
    """A task whose processes or nodes died once more than it is retried."""


class RayCluster:
    """A cluster that this process is connected to.

    Args:
        address: `HOST:PORT` or `ray://HOST:PORT`.
        variables: of the environment of every task.

    Raises:
        RpcError: the address is none, or no cluster answers there.
    """

    def __init__(self, address: str, variables: Mapping[str, str]) -> None:
        self.address = address
        if ray.is_initialized():
            return
        for attempt in range(1, CONNECT_ATTEMPTS + 1):
            try:
                # What tasks print comes to this process, and so into the worker's log.
                ray.init(
                    address=address,
                    log_to_driver=True,
                    logging_level=logging.WARNING,
                    runtime_env={"env_vars": dict(variables)} if variables else None,
                )
                return
            except (RayError, RuntimeError, ValueError, OSError) as error:
                # The head starts a process for each client, which may end, or be late on a busy machine.
                if attempt == CONNECT_ATTEMPTS or not isinstance(error, ConnectionError):
                    raise unreachable(address, error) from error
                print(f"connects to the Ray cluster at {address} again: {said(error)}", flush=True)
                ray.shutdown()

    def start(
        self, function: Callable[..., ResultT], *arguments: Any, name: str, gpus: float, cpus: float = 1
    ) -> RayTask[ResultT]:
        """Start a task. It waits until a node has the processors for it."""
        remote = ray.remote(function).options(name=name, num_cpus=cpus, num_gpus=gpus, max_retries=MAX_RETRIES)
        return RayTask(self.address, remote.remote(*arguments))

    def share(self, value: Any) -> Any:
        """An argument of several tasks, sent once."""
        return ray.put(value)

    def mailbox(self, checkpoint: Files) -> RayMailbox:
        """A mailbox on the node of this process, which no other node's end concerns."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        return RayMailbox(ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here).remote(checkpoint))


class RayTask(Generic[ResultT]):
    """A task that was started."""

    def __init__(self, address: str, reference: Any) -> None:
        self._address, self._reference = address, reference

    def result(self, poll: Callable[[], None]) -> ResultT:
        """What the task returns.

        Args:
            poll: called twice a second, and once in the end; what it raises is raised.

        Raises:
            TaskLost: its nodes died.
            RpcError: it was cancelled on the cluster.
            Exception: what it raised itself.
        """
        try:
            while not ray.wait([self._reference], timeout=_POLL_SECONDS)[0]:
                poll()
            poll()
            result: ResultT = ray.get(self._reference)
            return result
        except RayTaskError as error:
            if isinstance(error.cause, Exception):
                raise error.cause from None
            raise
        except TaskCancelledError:
            raise RpcError("INTERNAL", f"the task was cancelled on the Ray cluster at {self._address}") from None
        except RayError as error:
            raise TaskLost(f"the Ray cluster at {self._address} lost the task: {error}") from error

    def cancel(self) -> None:
        """End the task, if it has not ended."""
        ray.cancel(self._reference, force=True)


class RayMailbox:
    """Both ends of a mailbox; a task gets a copy of it."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def begin(self) -> tuple[int, Files]:
        node = f"{machine.node()} ({ray.get_runtime_context().get_node_id()[:12]})"
        begun: tuple[int, Files] = ray.get(self._actor.begin.remote(node))
        return begun

    def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
        return bool(ray.get(self._actor.put.remote(attempt, messages, checkpoint)))

    def take(self) -> tuple[list[Message], Files | None]:
        """(messages, checkpoint if there is a new one) since the last call."""
        taken: tuple[list[Message], Files | None] = ray.get(self._actor.take.remote())
        return taken

    def remove(self) -> None:
        ray.kill(self._actor)


class _Mailbox:
    """The actor."""

    def __init__(self, checkpoint: Files) -> None:
        self._checkpoint, self._is_new = checkpoint, False
        self._attempt = 0
        self._messages: list[Message] = []

    def begin(self, node: str) -> tuple[int, Files]:
        self._attempt += 1
        self._messages = [Begin(self._attempt, node)]
        return self._attempt, self._checkpoint

    def put(self, attempt: int, messages: Sequence[Message], checkpoint: Files | None) -> bool:
        if attempt != self._attempt:
            return False
        self._messages += messages
        if checkpoint is not None:
            self._checkpoint, self._is_new = checkpoint, True
        return True

    def take(self) -> tuple[list[Message], Files | None]:
        taken = self._messages, self._checkpoint if self._is_new else None
        self._messages, self._is_new = [], False
        return taken
