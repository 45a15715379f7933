"""This machine and this process, as others are told of them."""

from __future__ import annotations

import os
import socket
import time

from fw_assets.settings import settings


def this_machine() -> str:
    """The name of this machine: `$FW_MACHINE`, or its host name."""
    return settings().fw_machine or socket.gethostname()


def this_process(role: str) -> str:
    """This process by what it does, for those who wait for it: `the daemon (pid 12 on host, since 09:41)`."""
    return f"{role} (pid {os.getpid()} on {this_machine()}, since {time.strftime('%H:%M')})"
