"""Trial of one case: its folder copied to a scratch folder, its commands run there, and what each call came to."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.dagster_dev import DagsterDev, clean_environment

TIMEOUT_SECONDS = 900
# Each call leaves its arguments, output, exit code, and the plan and report that it wrote.
_RECORDER = """#!/bin/sh
n=$(ls "$CASE_CALLS" | grep -c code)
call="$CASE_CALLS/$(printf %03d "$n")"
printf '%s\\n' "$@" > "$call.arguments"
{python} -c "import sys; from fw_assets.cli import main; sys.exit(main())" "$@" > "$call.output" 2> "$call.errors"
code=$?
for kind in plan.json plan.md final_report.md rejected_rows.jsonl; do
    find ws -path '*/assets' -prune -o -name $kind -newer "$call.arguments" -exec cp {{}} "$call.$kind" \\;
done 2> /dev/null
cat "$call.output"
cat "$call.errors" >&2
echo $code > "$call.code"
exit $code
"""


@dataclass(frozen=True)
class Call:
    """One call of the program.

    Attributes:
        terminal: standard output and errors, with single spaces for all white space.
        folder: of what was kept of the calls.
    """

    arguments: tuple[str, ...]
    code: int
    output: str
    terminal: str
    folder: Path
    number: int

    def written(self, name: str) -> str:
        """The text of a file that the call wrote; empty if it wrote none."""
        path = self.folder / f"{self.number:03d}.{name}"
        return path.read_text("utf-8") if path.exists() else ""

    @cached_property
    def plan(self) -> dict[str, Any]:
        text = self.written("plan.json")
        plan: dict[str, Any] = json.loads(text) if text else {}
        return plan


@dataclass(frozen=True)
class Trial:
    """A case as it went: calls in order, what the other commands printed, and seconds of wall time."""

    calls: tuple[Call, ...]
    printed: str
    seconds: float


def try_case(case: Path, scratch: Path, *, daemon: bool) -> Trial:
    """Run `cmd.txt` of a case's folder in a copy of it.

    Args:
        daemon: whether `dagster dev` runs beside it, over the same workspace.

    Raises:
        subprocess.TimeoutExpired: it took longer than `TIMEOUT_SECONDS`.
    """
    folder = scratch / case.name
    shutil.copytree(case, folder, symlinks=True)
    calls, programs = folder / ".calls", folder / ".bin"
    calls.mkdir()
    programs.mkdir()
    program = programs / "fw-assets"
    program.write_text(_RECORDER.format(python=shlex.quote(sys.executable)), "utf-8")
    program.chmod(0o755)
    shown = {"NO_COLOR": "1", "COLUMNS": "110", "CASE_CALLS": str(calls)}
    environment = clean_environment(**shown, FW_PLATFORM_HOME=str(folder / "ws" / ".platform"))
    environment["PATH"] = os.pathsep.join([str(programs), environment["PATH"]])
    dagster_dev = None
    if daemon:
        dagster_dev = DagsterDev(folder / ".daemon", FW_PLATFORM_HOME=str(folder / "ws" / ".platform"))
        (folder / "ws").symlink_to(dagster_dev.workspace)
        dagster_dev.start()
    started = time.monotonic()
    try:
        done = subprocess.run(
            ["bash", "cmd.txt"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
            check=False,
            errors="replace",
            text=True,
        )
    finally:
        if dagster_dev is not None:
            dagster_dev.stop()
    numbers = range(len(list(calls.glob("*.code"))))
    return Trial(tuple(_call(calls, n) for n in numbers), done.stdout, time.monotonic() - started)


def _call(folder: Path, number: int) -> Call:
    def text(kind: str) -> str:
        return (folder / f"{number:03d}.{kind}").read_text("utf-8", errors="replace")

    output = text("output")
    return Call(
        tuple(text("arguments").split("\n")[:-1]),
        int(text("code")),
        output,
        " ".join((output + " " + text("errors")).split()),
        folder,
        number,
    )
