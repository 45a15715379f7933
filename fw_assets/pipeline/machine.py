"""This machine and its processes, as others are told of them."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from fw_assets.settings import settings

_SLACK_SECONDS = 5.0
"""By how much the clocks may differ: the time of the boot is known to the second, and may be set later."""


def this_machine() -> str:
    """The name of this machine: `$FW_MACHINE`, or its host name."""
    return settings().fw_machine or socket.gethostname()


def this_process(role: str) -> str:
    """This process by what it does, for those who wait for it: `the daemon (pid 12 on host, since 09:41)`."""
    return f"{role} (pid {os.getpid()} on {this_machine()}, since {time.strftime('%H:%M')})"


def is_alive(pid: int, at: float) -> bool:
    """Whether the process that had the id `pid` at the time `at` lives.

    After a restart of the machine or the container another process may have the id; it began later.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    start = _start_time(pid)
    return start is None or start <= at + _SLACK_SECONDS


def _start_time(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None where the system does not say (only Linux does)."""
    try:
        process_stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        system_stat = Path("/proc/stat").read_text("utf-8")
    except OSError:
        return None
    # The fields after the name, which may itself hold spaces and brackets; the 22nd of all is the start, in ticks.
    ticks = int(process_stat.rpartition(")")[2].split()[19])
    boot = next(int(line.split()[1]) for line in system_stat.splitlines() if line.startswith("btime "))
    return boot + ticks / os.sysconf("SC_CLK_TCK")
