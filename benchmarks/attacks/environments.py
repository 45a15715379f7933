"""Environments that a command may be started in, and clocks that jump."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.attacks.frame import Attacks, ImpossibleError, require
from benchmarks.attacks.trial import Ended, Trial, ended, limits
from fw_assets.exit_codes import DONE

MAX_LINES = 12
"""Of an error."""


@dataclass(frozen=True)
class Environment:
    """How a command is started, and what has to come of it.

    Attributes:
        changes: of environment variables; None removes one.
        options: of the process.
        end: the same plan as in any other environment, a refusal in a few lines, or either of them.
    """

    name: str
    changes: dict[str, str | None] = field(default_factory=dict)
    options: Callable[[], dict[str, Any]] = dict
    end: Literal["same", "refused", "either"] = "same"


def _closed(descriptor: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"preexec_fn": lambda: os.close(descriptor)}


def _limit(which: int, value: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"preexec_fn": limits((which, value))}


def _umask(mask: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"umask": mask}


PLANS = (
    *(Environment(f"PYTHONHASHSEED={seed}", {"PYTHONHASHSEED": seed}) for seed in ("0", "1", "4294967295")),
    Environment("python -O", {"PYTHONOPTIMIZE": "1"}),
    Environment("python -OO", {"PYTHONOPTIMIZE": "2"}),
    Environment("python -X dev", {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore"}),
    *(Environment(f"LC_ALL={name}", {"LC_ALL": name}) for name in ("C", "POSIX", "tr_TR.UTF-8", "nonsense")),
    Environment("no UTF-8", {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, end="either"),
    Environment("the date line", {"TZ": "Pacific/Kiritimati"}),
    Environment("an unknown time zone", {"TZ": "Mars/Olympus"}),
    Environment("no HOME", {"HOME": None}),
    Environment("a HOME that is not there", {"HOME": "/nonexistent"}),
    Environment("no USER", {"USER": None, "LOGNAME": None}),
    Environment("no PATH", {"PATH": None}),
    Environment("a terminal of one column", {"COLUMNS": "1"}),
    Environment("TERM=dumb", {"TERM": "dumb", "FORCE_COLOR": "1"}),
    Environment(
        "proxies that are not there", {"http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}
    ),
    Environment("umask 000", options=_umask(0)),
    Environment("umask 077", options=_umask(0o077)),
    Environment("ulimit -n 64", options=_limit(resource.RLIMIT_NOFILE, 64), end="either"),
    Environment("ulimit -c 0 -s small", options=_limit(resource.RLIMIT_STACK, 1 << 20), end="either"),
    Environment("ulimit -f 0", options=_limit(resource.RLIMIT_FSIZE, 0), end="refused"),
    Environment("ulimit -v 1 GB", options=_limit(resource.RLIMIT_AS, 1 << 30), end="either"),
    Environment("no standard input", options=_closed(0)),
    Environment("no standard error", options=_closed(2), end="either"),
    Environment("a temporary folder that is not there", {"TMPDIR": "/nonexistent"}),
    Environment("a dagster home that is not there", {"DAGSTER_HOME": "/nonexistent/home"}, end="either"),
    Environment("a workspace that is a device", {"FW_WORKSPACE": "/dev/null"}, end="refused"),
    Environment("a workspace in a file", {"FW_WORKSPACE": "/etc/passwd/ws"}, end="refused"),
    Environment("a workspace in /proc", {"FW_WORKSPACE": "/proc/ws"}, end="refused"),
    Environment("a platform home that is a device", {"FW_PLATFORM_HOME": "/dev/null"}, end="refused"),
    Environment("a platform nobody knows", {"FW_PLATFORM": "nonsense"}, end="refused"),
    Environment("a port that is none", {"FW_PORT": "eighty"}, end="refused"),
    Environment("prices that are not there", {"FW_PRICES": "/nonexistent.yaml"}, end="refused"),
    Environment("prices in a device", {"FW_PRICES": "/dev/null"}, end="either"),
    Environment("the service without a key", {"FW_PLATFORM": "fireworks"}, end="refused"),
    Environment(
        "the service at no address",
        {"FW_PLATFORM": "fireworks", "FIREWORKS_API_KEY": "fw_x", "FIREWORKS_BASE_URL": "ftp://x"},
        end="refused",
    ),
    Environment(
        "a key of two lines",
        {"FW_PLATFORM": "fireworks", "FIREWORKS_API_KEY": "fw_a\nfw_b", "FIREWORKS_BASE_URL": "http://127.0.0.1:1"},
        end="refused",
    ),
    Environment("an embedded platform that is no address", {"FW_EMBEDDED_URL": "nonsense"}, end="refused"),
)


def environments(attacks: Attacks) -> None:
    """The plan of one dataset in each, compared with that of an ordinary one."""
    ordinary = Trial(attacks.new_folder("ordinary"))
    done = _plan(ordinary)
    require(done.code == DONE, f"an ordinary plan ends with {done.message}")
    expected = _stored_plan(ordinary)
    for environment in PLANS:
        with attacks.attack(environment.name):
            trial = Trial(attacks.new_folder("environment"))
            trial.environment |= {name: value for name, value in environment.changes.items() if value is not None}
            for name in [name for name, value in environment.changes.items() if value is None]:
                trial.environment.pop(name, None)
            done = _plan(trial, **environment.options())
            if environment.end == "same" or done.code == DONE:
                require(environment.end != "refused", "was not refused")
                require(done.code == DONE, f"ends with {done.message}")
                require(_stored_plan(trial) == expected, "another plan")
            else:
                lines = done.output.strip().splitlines()
                require(lines or "standard error" in environment.name, f"exit {done.code} without a word")
                require(len(lines) <= MAX_LINES, f"an error of {len(lines)} lines: {done.message}")
    with attacks.attack("a current folder that is gone"):
        trial = Trial(attacks.new_folder("gone"))
        gone = trial.folder / "gone"
        gone.mkdir()
        # Removed after the process has entered it.
        done = _plan(trial, cwd=gone, preexec_fn=gone.rmdir)
        require(done.code != DONE or _stored_plan(trial) == expected, "another plan")
    for where in ("/dev/full",):
        with attacks.attack(f"standard output is {where}"):
            trial = Trial(attacks.new_folder("full"))
            with Path(where).open("wb") as sink:
                pid = sink.fileno()
                done = trial.finish("status", "--json", preexec_fn=lambda pid=pid: os.dup2(pid, 1), pass_fds=(pid,))
            require(done.code != -9, done.message)


def clocks(attacks: Attacks) -> None:
    """Whole runs under clocks that are wrong, by the program `faketime`."""
    for name, shift in (("a day behind", "-1d"), ("two hours ahead", "+2h"), ("at twice the speed", "+0 x2")):
        with attacks.attack(f"a clock {name}"):
            program = shutil.which("faketime")
            if program is None:
                raise ImpossibleError("there is no `faketime` on this machine")
            trial = Trial(attacks.new_folder("clock"))
            command = trial.command(*trial.workflow())
            done = ended(
                subprocess.Popen(
                    [program, "-f", shift, *command],
                    cwd=trial.folder,
                    env=trial.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
            )
            require(done.code == DONE, f"ends with {done.message}")
            trial.require_as_undisturbed()


def _plan(trial: Trial, **options: Any) -> Ended:
    return trial.finish("plan", str(trial.data), "--model", "char-ngram", **options)


def _stored_plan(trial: Trial) -> Any:
    """The plan without the path of its dataset, which is another one in each trial."""
    text = (trial.workspace / "tickets" / "plan.json").read_text("utf-8")
    plan = json.loads(text.replace(str(trial.folder), ""))
    return {name: value for name, value in plan.items() if name != "inputs"}
