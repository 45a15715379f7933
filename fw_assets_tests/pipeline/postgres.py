"""A Postgres server on loopback, from the binaries of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path:
    """The folder of `initdb` and `postgres`; skips where there is none."""
    folders = [Path(found).parent for found in filter(None, [shutil.which("initdb")])]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.skip("Postgres is not on this machine: apt-get install postgresql")


def free_port() -> int:
    """A port of loopback that nothing listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; the server ends with the block."""
    server = binaries()
    owner: str | None = None
    if os.geteuid() == 0:  # which Postgres refuses to run as
        try:
            owner = pwd.getpwnam("postgres").pw_name
        except KeyError:
            pytest.skip("Postgres does not run as root, and there is no user postgres to run it as")
    folder, port = tempfile.mkdtemp(prefix="fw-pg-"), free_port()
    data = f"{folder}/data"
    if owner is not None:
        shutil.chown(folder, owner)
    try:
        subprocess.run(
            [server / "initdb", "-D", data, "-U", "dagster", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            user=owner,
            cwd="/",
            check=True,
            capture_output=True,
        )
        options = ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "max_connections=200"]
        with subprocess.Popen(
            [server / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), *options],
            user=owner,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _wait(port, process)
                yield f"postgresql+psycopg2://dagster@127.0.0.1:{port}/postgres"
            finally:
                process.send_signal(signal.SIGINT)  # without waiting for those who are connected
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    import psycopg2

    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "postgres ended"
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="dagster", dbname="postgres").close()
        except psycopg2.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("postgres does not answer")
