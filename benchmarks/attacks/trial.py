"""Trial: a workspace with a dataset that is attacked while it is worked on, and compared with one that was not."""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.attacks.frame import BrokenError, require
from benchmarks.dagster_dev import REPOSITORY, command, processes_in
from benchmarks.killed_daemon import specifications
from fw_assets.exit_codes import DONE
from fw_assets_tests.project import Project

ROWS = 120
RUN_SECONDS = 600.0
GONE_SECONDS = 40.0
"""In which every process has to end with its command: an interrupted step has 30 s to say so on its run."""
FORK_SERVER = "fork server"
VICTIMS = ("command", "step worker", "job worker", FORK_SERVER, "everything")
TIMES = ("approved_at", "started_at", "finished_at", "hours")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str

    @property
    def message(self) -> str:
        """The end of its output in one line."""
        return f"exit {self.code}: {' '.join(self.output.split())[-200:]}"


class Trial(Project):
    """A project whose processes can be found and killed."""

    def __init__(self, folder: Path, rows: int = ROWS, **environment: str) -> None:
        super().__init__(folder, rows)
        paths = [str(REPOSITORY), *filter(None, [self.environment.get("PYTHONPATH")])]
        self.environment |= {"PYTHONPATH": os.pathsep.join(paths), **environment}

    def finish(self, *arguments: str, seconds: float = RUN_SECONDS, **options: Any) -> Ended:
        """Run a command to its end in a process of its own.

        Raises:
            BrokenError: it does not end, or shows a traceback.
        """
        process = subprocess.Popen(
            self.command(*arguments),
            **{"cwd": self.folder, "env": self.environment, "stdin": subprocess.DEVNULL, **options},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return ended(process, seconds)

    def processes(self) -> dict[int, str]:
        """The processes of this workspace: pid and what it is."""
        kinds = {pid: _kind(command(pid)) for pid in processes_in(self.workspace)}
        # What is forked has the command line of what it was forked from.
        forked = {pid for pid, kind in kinds.items() if kind == FORK_SERVER and kinds.get(_parent(pid)) == FORK_SERVER}
        return {pid: "step worker" if pid in forked else kind for pid, kind in kinds.items()}

    def victims(self, victim: str) -> list[int]:
        return sorted(pid for pid, kind in self.processes().items() if victim in (kind, "everything"))

    def send(self, victim: str, number: signal.Signals) -> int:
        """Send a signal to a kind of process, and return how many received it."""
        pids = self.victims(victim)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return len(pids)

    def require_no_process(self) -> None:
        """Every process has to end soon after its command."""
        left = wait_until(lambda: not self.processes(), GONE_SECONDS)
        if not left:
            raise BrokenError(f"still there {GONE_SECONDS:.0f} s after their command: {self.processes()}")

    def complete(self) -> None:
        """Run the workflow to its end, and require what an undisturbed run gives."""
        done = self.finish(*self.workflow())
        require(done.code == DONE, f"the next run ends with {done.message}")
        self.require_as_undisturbed()

    def require_as_undisturbed(self) -> None:
        """Equal report, nothing made twice, no answer asked twice."""
        calm = undisturbed()
        others = differences(held := self.platform(), calm.platform)
        require(not others, f"the platform holds {held}, and another number of {', '.join(others)} undisturbed")
        most = max(specifications(self.workspace / ".platform").values())
        require(most == 1, f"{most} jobs for one specification")
        require(not self.kept_twice(), f"answers kept twice: {len(self.kept_twice())}")
        different = differences(self.essence(), calm.report)
        require(not different, f"another report: {', '.join(different[:4])}")

    def essence(self) -> Any:
        """The report without times and without the folder, which differ between two undisturbed runs too."""
        return _without_times(json.loads(json.dumps(self.report()).replace(str(self.folder), "")))

    def kept_twice(self) -> list[str]:
        """The keys of answers that are stored more than once in one collection."""
        twice = []
        for path in (self.workspace / "tickets" / "answers").glob("*.jsonl"):
            lines = [line for line in path.read_bytes().splitlines() if line.endswith(b"}")]
            keys = Counter(json.loads(line)["key"] for line in lines)
            twice += [key for key, number in keys.items() if number > 1]
        return twice


@dataclass(frozen=True)
class Undisturbed:
    """What a run gives that nobody attacks."""

    report: Any
    platform: dict[str, int]
    seconds: float


@functools.cache
def undisturbed() -> Undisturbed:
    """The measure of every other trial; run once."""
    with tempfile.TemporaryDirectory(prefix="fw-calm-") as name:
        trial = Trial(Path(name))
        started = time.monotonic()
        done = trial.finish(*trial.workflow())
        if done.code != DONE:
            raise RuntimeError(f"an undisturbed run ends with {done.message}")
        return Undisturbed(trial.essence(), trial.platform(), time.monotonic() - started)


def ended(process: subprocess.Popen[Any], seconds: float = RUN_SECONDS, *, tracebacks: bool = False) -> Ended:
    """The end of a process.

    Args:
        tracebacks: are allowed, as of a process that was told to end by force.

    Raises:
        BrokenError: it does not end, or shows a traceback.
    """
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BrokenError(f"no end within {seconds:.0f} s") from None
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else f"{output}{errors}"
    if not tracebacks and "Traceback (most recent call last)" in text:
        raise BrokenError(f"traceback: {text.strip().splitlines()[-1]}")
    return Ended(process.returncode, text)


def _without_times(report: Any) -> Any:
    if isinstance(report, dict):
        return {key: _without_times(value) for key, value in report.items() if key not in TIMES}
    return [_without_times(item) for item in report] if isinstance(report, list) else report


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """The paths at which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [found for key in keys for found in differences(one.get(key), other.get(key), f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for number, pair in pairs for found in differences(*pair, f"{path}/{number}")]
    return [] if one == other else [path]


def wait_until(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Whether the condition came to hold within that time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def limits(*pairs: tuple[int, int]) -> Callable[[], None]:
    """A `preexec_fn` that sets resource limits."""

    def set_limits() -> None:
        for which, value in pairs:
            resource.setrlimit(which, (value, value))

    return set_limits


def _kind(line: str) -> str:
    for mark, kind in (
        ("embedded.jobs.worker", "job worker"),
        ("multiprocessing.forkserver", FORK_SERVER),
        ("-m fw_assets", "command"),
    ):
        if mark in line:
            return kind
    return "other"


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0
