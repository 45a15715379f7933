"""Attacks that are programs of their own, each of which prints what came of it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.attacks.frame import Attacks, BrokenError, require
from benchmarks.dagster_dev import REPOSITORY

SECONDS = 3_600.0


@dataclass(frozen=True)
class Program:
    """A benchmark.

    Attributes:
        holds: patterns that its output must have.
        breaks: patterns that it must not have.
    """

    name: str
    arguments: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()


PROGRAMS = (
    Program("killed_evaluation", holds=(r"more than once: 0\b", r"undisturbed run: True")),
    Program("killed_daemon", ("12", "7"), holds=(r"per specification: at most 1\b",), breaks=("EXPECTED",)),
    Program("fresh_workspace", breaks=("Traceback",)),
    Program("takeovers", holds=(r"survived: (\d+) of \1 ", r"was kept: 0\b")),
    Program("damaged_files"),
    Program("full_disk"),
)


def programs(attacks: Attacks) -> None:
    """Each program, and its last line as a note."""
    for program in PROGRAMS:
        with attacks.attack(f"python -m benchmarks.{program.name}"):
            command = [sys.executable, "-m", f"benchmarks.{program.name}", *program.arguments]
            try:
                done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                raise BrokenError(f"no end within {SECONDS:.0f} s") from None
            lines = (done.stdout + done.stderr).strip().splitlines()
            require(done.returncode == 0, f"exit {done.returncode}: {lines[-1:]}")
            for pattern in program.holds:
                require(re.search(pattern, done.stdout), f"does not say {pattern!r}: {lines[-1:]}")
            for pattern in program.breaks:
                require(not re.search(pattern, done.stdout), f"says {pattern!r}")
            attacks.note(f"{program.name}: {lines[-1]}")
