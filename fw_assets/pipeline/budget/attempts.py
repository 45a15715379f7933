"""Attempts at one specification: what failed on the platform has a successor, under an id of its own.

Ids come from content and clients only create, so a job that failed would be found again for ever. The next attempt's id
follows from the one before and how that ended; everybody on the platform finds the same chain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import msgspec

from fw_assets.classification.catalogue.resource_ids import successor_id
from fw_assets.classification.errors import input_error
from fw_assets.pipeline.budget.account import PlanAccount
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.values.attempts import Ending
from fw_assets.pipeline.workflow.next_step import to_approve
from fw_assets.workspace.append_log import Log
from fw_assets.workspace.workspace import Workspace

MAX_ATTEMPTS = 3
"""Attempts at one specification in all, under whatever approvals."""
LOG = "attempts.jsonl"
_UNUSABLE = "unusable"
"""The event of the log whose third field is no approval but the reason."""
_OWN_FAULTS = ("INVALID_ARGUMENT", "OUT_OF_RANGE", "UNIMPLEMENTED")
"""Codes that say that the data or the specification is wrong: no attempt ends otherwise."""


UNUSABLE = "UNUSABLE"
"""The state, in messages and ids, of what the platform counts as well and does not do what it was created for."""

FindEnding = Callable[[str], Awaitable[Ending | None]]
"""From the id of a resource to how it ended; None if it is at work, has its result, or does not exist."""
Settle = Callable[[str], Awaitable[None]]
"""Pays for a resource that has ended without its result."""


class CurrentAttempt(NamedTuple):
    """The id of the attempt that is under way, has succeeded, or is due, and of those before it that failed."""

    id: str
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Attempts:
    """The attempts under one approval, given by its digest. A failed one is followed only under a new approval."""

    store: Workspace
    dataset: str
    approval: str

    @classmethod
    def of(cls, account: PlanAccount) -> Self:
        return cls(account.store, account.dataset, account.approval)

    async def current(
        self, id: str, what: str, find_ending: FindEnding, settle: Settle | None = None
    ) -> CurrentAttempt:
        """The current attempt; `id` is that of the first.

        Args:
            what: the kind of resource, for the message.
            settle: is called for each attempt that has failed.

        Raises:
            AttemptFailed: the last attempt failed under this approval, was the third, or no other could end better.
        """
        failed = list[str]()
        while True:
            reason = self.unusable(id)
            ending = await find_ending(id) if reason is None else Ending(UNUSABLE, reason=reason)
            if ending is None:
                self.start(id)
                return CurrentAttempt(id, tuple(failed))
            if settle is not None:
                await settle(id)
            if not ending.idle:
                self.check(id, what, ending, len(failed) + 1)
                failed.append(id)
            id = successor_id(id, ending.state)

    def check(self, id: str, what: str, ending: Ending, number: int) -> None:
        """Allow another attempt after the one of this number, which has failed.

        Raises:
            AttemptFailed: as for `current`.
        """
        own_fault = ending.code in _OWN_FAULTS
        last = number >= MAX_ATTEMPTS
        final = own_fault or last
        if final or self._approval_of(id) == self.approval:
            if not final:
                self._record("failed", id)
            raise AttemptFailed(
                f"{what} {id}",
                ending.state,
                ending.reason,
                to_approve(self.store, self.dataset),
                attempt=number,
                attempts=MAX_ATTEMPTS,
                own_fault=own_fault,
            )

    @cached_property
    def _log(self) -> Log:
        return self.store.log(self.dataset, LOG)

    def start(self, id: str) -> None:
        """Record the approval under which an attempt is made, before anything is created."""
        self._record("started", id)

    def record_created(self, id: str) -> None:
        """Record that an attempt exists on the platform."""
        self._record("created", id)

    def created(self, id: str) -> bool:
        """Whether an attempt was seen on the platform."""
        return any((event, other) == ("created", id) for event, other, _ in _events(self._log.lines()))

    def give_up(self, id: str, reason: str) -> None:
        """Record that what exists under an id will never do: it counts as an attempt that failed."""
        self._record(_UNUSABLE, id, reason)

    def unusable(self, id: str) -> str | None:
        """Why what exists under an id was given up; None where it was not."""
        events = _events(self._log.lines())
        return next((reason for event, other, reason in events if event == _UNUSABLE and other == id), None)

    def _record(self, event: str, id: str, said: str = "") -> None:
        """Record an event, by default under this approval, unless there is one of its kind and id."""

        def decide(lines: Sequence[str]) -> str | None:
            recorded = any((kind, other) == (event, id) for kind, other, _ in _events(lines))
            return None if recorded else msgspec.json.encode([event, id, said or self.approval]).decode()

        self._log.append_if(decide)

    def _approval_of(self, id: str) -> str | None:
        events = _events(self._log.lines())
        return next((approval for event, other, approval in events if event == "started" and other == id), None)


def waits_for_signature(store: Workspace, dataset: str) -> bool:
    """Whether an attempt under the current approval has failed, so that another needs a new one."""
    header = store.header("approval", dataset)
    events = _events(store.lines(dataset, LOG))
    return header is not None and any(event == "failed" and by == header.digest for event, _, by in events)


def _events(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(lines, 1):
        try:
            yield msgspec.json.decode(line, type=tuple[str, str, str])
        except msgspec.DecodeError:
            raise input_error(
                f"line {number} is damaged", field=LOG, advice="Remove the line: the platform knows what was started."
            ) from None
