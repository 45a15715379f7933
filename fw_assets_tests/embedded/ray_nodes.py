"""A Ray cluster of local processes: a head without processors, and nodes with one each that can be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SLOW_IMPORT = "rfc3987_syntax"
"""A package of the development tools, where it is there: jsonschema imports it, which every process of Ray imports, and
it compiles a grammar for seconds. Hidden from them, they start in a third of the time."""
_START_SECONDS = 60.0
_BYTES = 200_000_000
"""Of each node's object store."""


@dataclass
class RayNode:
    """The processes of a node, which are a session of their own."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pids(self) -> list[int]:
        """Its processes, tasks included."""
        pids = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # After the name, which may hold anything, in parentheses: state, parent, group, session.
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[3]) == self.process.pid and fields[0] != "Z":
                    pids.append(int(stat.parent.name))
        return pids

    @property
    def commands(self) -> list[str]:
        """Command lines of its processes; that of a task is its name after `ray::`."""
        return list(self._command_of.values())

    def running(self, text: str) -> list[int]:
        """Its processes that have `text` in their command line."""
        return [pid for pid, command in self._command_of.items() if text in command]

    @property
    def _command_of(self) -> dict[int, str]:
        commands = {}
        for pid in self.pids:
            with contextlib.suppress(OSError):
                commands[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return commands

    def kill(self) -> None:
        """End everything at once, as when the machine loses its power."""
        while pids := self.pids:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self.process.wait()


@dataclass
class RayNodes:
    """The cluster.

    Attributes:
        address: for this machine, which is a node of it.
        client_address: for machines that are none.
    """

    folder: Path
    address: str
    client_address: str
    nodes: list[RayNode]

    @property
    def python_path(self) -> str:
        """`PYTHONPATH` of every process that imports Ray."""
        return f"{self.folder / 'hidden'}:{ROOT}"

    def start(self, arguments: Sequence[str]) -> RayNode:
        log = self.folder / f"node-{len(self.nodes)}.log"
        agents = ("dashboard-agent-grpc", "dashboard-agent-listen", "runtime-env-agent", "metrics-export")
        ports = [f"--{name}-port={free_port()}" for name in agents]
        limits = [f"--object-store-memory={_BYTES}", "--node-ip-address=127.0.0.1", "--disable-usage-stats", "--block"]
        environment = {
            "PYTHONPATH": self.python_path,
            "RAY_agent_register_timeout_ms": "120000",
            # A node that is gone is missed within two seconds.
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_failure_threshold": "4",
            # The memory that other tests take is no reason to end a task.
            "RAY_memory_monitor_refresh_ms": "0",
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments, *ports, *limits],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | environment,
                start_new_session=True,
            )
        node = RayNode(process, log)
        self.nodes.append(node)
        return node

    def add(self) -> RayNode:
        """A node with one processor."""
        return self.started([f"--address={self.address}", "--num-cpus=1"])

    def started(self, arguments: Sequence[str]) -> RayNode:
        """A node, once it has started; a test on a machine where Ray gives up twice is skipped."""
        for _ in range(2):
            node = self.start(arguments)
            deadline = time.monotonic() + _START_SECONDS
            while node.process.poll() is None and time.monotonic() < deadline:
                if b"Ray runtime started" in node.log.read_bytes():
                    return node
                time.sleep(0.1)
            node.kill()
        reason = node.log.read_text("utf-8").strip().rpartition("\n")[2]
        pytest.skip(f"Ray does not start on this machine in {_START_SECONDS:g} s: {reason[:200]}")

    def holding(self, text: str) -> RayNode:
        """The node of which a process has `text` in its command line."""
        (node,) = (node for node in self.nodes if any(text in command for command in node.commands))
        return node


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ray_nodes(workers: int) -> Iterator[RayNodes]:
    """A head and so many nodes."""
    # Sockets lie in the folder, and their paths have to be short.
    folder = Path(tempfile.mkdtemp(prefix="fw-ray-", dir="/tmp"))
    port, client_port = free_port(), free_port()
    cluster = RayNodes(folder, f"127.0.0.1:{port}", f"ray://127.0.0.1:{client_port}", [])
    (folder / "hidden").mkdir()
    (folder / "hidden" / f"{_SLOW_IMPORT}.py").write_text("raise ImportError")
    try:
        head = ["--head", f"--port={port}", f"--ray-client-server-port={client_port}", "--num-cpus=0"]
        cluster.started([*head, "--include-dashboard=false", f"--temp-dir={folder}/r"])
        for _ in range(workers):
            # One after the other: Ray itself gives a node half a minute.
            cluster.add()
        yield cluster
    finally:
        for node in cluster.nodes:
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)
