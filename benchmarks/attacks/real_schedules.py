"""Schedules with real processes: killed, started twice at once, and out of space, in one round after the other."""

from __future__ import annotations

import resource
import signal
import subprocess
import time

from benchmarks.attacks.frame import Attacks, require
from benchmarks.attacks.kills import strike
from benchmarks.attacks.trial import VICTIMS, Trial, ended, limits, undisturbed

ROUNDS, MAX_EVENTS = 40, 3
FILE_BYTES = (0, 4_096, 20_000, 60_000, 200_000)
"""The size that no file of a command and its workers may pass, as on a disk that is nearly full."""


def real_schedules(attacks: Attacks) -> None:
    """In each round one to three events, after each of which the workflow is started again; then it is completed."""
    usual = undisturbed().seconds
    for number in range(attacks.rounds or ROUNDS):
        events = [
            attacks.chance.choice(("kill", "twice", "full")) for _ in range(attacks.chance.randint(1, MAX_EVENTS))
        ]
        moments = [attacks.chance.uniform(0.3, usual) for _ in events]
        victims = [attacks.chance.choice(VICTIMS) for _ in events]
        sizes = [attacks.chance.choice(FILE_BYTES) for _ in events]
        drawn = list(zip(events, moments, victims, sizes, strict=True))
        with attacks.attack(" then ".join(_told(*each) for each in drawn)):
            trial = Trial(attacks.new_folder(f"round-{number}"))
            for event, moment, victim, size in drawn:
                if event == "kill":
                    strike(trial, victim, moment, signal.SIGKILL)
                elif event == "full":
                    done = trial.finish(*trial.workflow(), preexec_fn=limits((resource.RLIMIT_FSIZE, size)))
                    require(done.output.strip(), f"exit {done.code} without a word")
                else:
                    _twice(trial, moment)
            trial.complete()


def _told(event: str, moment: float, victim: str, size: int) -> str:
    if event == "full":
        return f"no file above {size:,} bytes"
    return f"{f'kill -9 of {victim}' if event == 'kill' else 'a second command'} after {moment:.1f} s"


def _twice(trial: Trial, moment: float) -> None:
    """Two commands at once on one dataset."""
    first = _start(trial)
    time.sleep(moment)
    second = _start(trial)
    for process in (first, second):
        ended(process)


def _start(trial: Trial) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        trial.command(*trial.workflow()),
        cwd=trial.folder,
        env=trial.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
