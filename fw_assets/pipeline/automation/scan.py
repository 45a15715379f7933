"""A scan of a place where datasets appear, and what is remembered of them from one scan to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from fw_assets.classification.dataset.folder import is_data, stem
from fw_assets.classification.errors import InputError
from fw_assets.fireworks import FireworksError
from fw_assets.pipeline.failures import message_of
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.report.formatting import plural
from fw_assets.workspace.workspace import Workspace

T = TypeVar("T")

RETRY_SECONDS = 30.0
"""A dataset that could not be registered is tried again this often: the reason may be outside its files."""

SCANS = ("inbox", "platform_datasets")
"""Sensors that scan."""

Mark = tuple[str, int, str]
"""Name, size and version (modification time or ETag) of a file."""


class FileState(msgspec.Struct):
    """The files of one dataset as the last scan saw them.

    Attributes:
        since: when the marks were first seen, in seconds since the epoch.
        content: the digest of the content that was registered last; empty before.
        taken: the marks of that content.
        problem: why the files could not be registered; empty where they were.
        tried: when that was found.
    """

    marks: list[Mark]
    since: float
    content: str = ""
    taken: list[Mark] = []
    problem: str = ""
    tried: float = 0.0


@dataclass
class Scan:
    """One scan. What is wrong with one dataset keeps no other from being registered.

    Attributes:
        before: the states that the last scan left.
        now: seconds since the epoch.
        states: the states for the next scan, by dataset.
        registered: datasets that were registered.
        notes: one sentence for each dataset that waits.
    """

    store: Workspace
    platform: Platform
    before: Mapping[str, FileState]
    now: float
    states: dict[str, FileState] = field(default_factory=dict)
    registered: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def failed(self, problem: str) -> Scan:
        """This scan when nothing could be listed: everything is as before."""
        self.states = dict(self.before)
        self.notes.append(problem)
        return self

    def state(self, dataset: str, marks: list[Mark]) -> FileState:
        """The state of a dataset with these marks; it counts as new if they changed."""
        state = self.before.get(dataset) or FileState(marks, self.now)
        if state.marks != marks:
            state = FileState(marks, self.now, state.content, state.taken)
        self.states[dataset] = state
        return state

    def waits_after_failure(self, name: str, state: FileState) -> bool:
        """Whether a failed registration is too recent to be tried again."""
        waits = bool(state.problem) and self.now - state.tried < RETRY_SECONDS
        if waits:
            self.notes.append(f"{name}: {state.problem}")
        return waits

    @contextmanager
    def registering(self, dataset: str, name: str, state: FileState) -> Iterator[None]:
        """Note an error of the block with the dataset, to be tried again later."""
        try:
            yield
        except (InputError, FireworksError, OSError, ValueError) as error:
            problem = _problem(error, name)
            self.states[dataset] = FileState(state.marks, state.since, state.content, state.taken, problem, self.now)
            self.notes.append(f"{name}: {problem}")


def sensor_states(store: Workspace, sensor: str, cursor: str | None, form: type[T]) -> dict[str, T]:
    """What the last tick of a sensor kept, by dataset; nothing where its cursor was reset."""
    if not cursor:
        return {}
    # Earlier versions kept the states in the cursor itself, which then filled the sensor's page.
    text = cursor if cursor.startswith("{") else store.read_text(_states_file(sensor))
    return _decoded(text, form)


def refused_files(store: Workspace) -> dict[str, str]:
    """Why files that the last scans saw could not be registered, by dataset."""
    found: dict[str, str] = {}
    for sensor in SCANS:
        states = _decoded(store.read_text(_states_file(sensor)), FileState)
        found |= {dataset: state.problem for dataset, state in states.items() if state.problem}
    return found


def keep_sensor_states(store: Workspace, sensor: str, states: Mapping[str, object], what: str) -> str:
    """Keep the states in the workspace; returns the sensor's cursor, a few words that a person can read on its page."""
    text = msgspec.json.encode(states).decode()
    if store.read_text(_states_file(sensor)) != text:
        store.write_text(text, _states_file(sensor), private=True)
    return f"{plural(len(states), what)}, see {_states_file(sensor)} in the workspace"


def _decoded(text: str | None, form: type[T]) -> dict[str, T]:
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(text or "{}", type=dict[str, form])  # type: ignore[valid-type]
    return {}


def _states_file(sensor: str) -> str:
    return f".{sensor}.json"


def one_line(error: object) -> str:
    """An error's message without line breaks, or its type if it has none."""
    text = message_of(error) if isinstance(error, BaseException) else str(error)
    return " ".join(text.split()) or type(error).__name__


def _problem(error: Exception, name: str) -> str:
    if not isinstance(error, InputError) or not is_data(name):
        return one_line(error)
    # The advice of the error is for the command line; here the place to write is the session file.
    problem = one_line("; ".join(str(item) for item in error.problems))
    if any(item.field == "models" for item in error.problems):
        problem += f". Write them in {stem(name)}.session.yaml beside it, as models: [NAME]"
    return problem
