"""Services: the processes of `fw-assets ui`, started together and ended together.

    code server    loads the code location once, for the two others
    webserver      Dagster's UI behind the guard
    daemon         sensors, schedules, the queue of runs
    platform       the embedded platform over HTTP, where the pipeline uses it

`dagster dev` starts the first three too, with a webserver that cannot be guarded.
"""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from fw_assets.classification.errors import input_error
from fw_assets.code_location import CODE_LOCATION, LOCATION_NAME
from fw_assets.pipeline.runner.dagster_storage import ensure_storage
from fw_assets.pipeline.runner.instance import instance_folder
from fw_assets.ports import listener
from fw_assets.settings import SHELL_WORKSPACE, settings
from fw_assets.webserver.guard import LOOPBACK_HOSTS
from fw_assets.workspace.durable import replacing

LOADING_SECONDS = 120.0
ENDING_SECONDS = 20.0
_POLL_SECONDS = 0.2
_QUIET = ("--log-level", "warning")
"""Dagster tells of every tick of every sensor otherwise; the UI shows them."""


@dataclass(frozen=True)
class Service:
    """One process: its name for messages, and its command."""

    name: str
    command: tuple[str, ...]


def dagster_home(given: str | None, workspace_root: str) -> str:
    """The instance's home: `$DAGSTER_HOME`, one that reads the current folder's dagster.yaml, or the workspace's own.

    Dagster's daemon insists on a home of its own and writes logs into it, so a project's file is copied to
    `.dagster/home`. The paths in it stay relative to the folder that the command is started in.
    """
    if given:
        return given
    folder = instance_folder(workspace_root)
    if folder != Path.cwd():
        return str(folder)
    home = folder / ".dagster" / "home"
    with replacing(home / "dagster.yaml") as temporary:
        shutil.copyfile(folder / "dagster.yaml", temporary)
    return str(home)


def run_services(
    host: str,
    port: int | None,
    hosts: Sequence[str],
    *,
    platform_port: int | None = None,
    link_token: str | None,
    on_served: Callable[[str], None] | None = None,
) -> int:
    """Start all services and wait until one of them ends, or this process is interrupted. An exit code.

    Args:
        port: of the UI; None for that of the settings.
        platform_port: of the embedded platform; None for that of the settings.
        on_served: is called with the UI's address when that answers.
        link_token: opens the workspace's files where the embedded platform serves them; None if they are elsewhere.

    Raises:
        InputError: the UI would be open to other machines without asking who uses it; the code location does not load.
        OSError: a port cannot be listened on.
    """
    known = settings()
    if host not in LOOPBACK_HOSTS and known.fw_ui_password is None and known.fw_ui_proxy_header is None:
        raise input_error(
            f"--host {host} shows the UI to other machines, and whoever opens it can spend",
            advice="Set FW_UI_PASSWORD, or FW_UI_PROXY_HEADER behind a reverse proxy that asks who it is.",
        )
    environment = {**os.environ, "FW_UI_HOSTS": ",".join([*hosts, *filter(None, [known.fw_ui_hosts])])}
    environment.pop(SHELL_WORKSPACE, None)  # pages and alerts are read anywhere
    platform = known.fw_platform == "embedded" and known.fw_embedded_url is None
    port, platform_port = port or known.fw_ui_port, platform_port or known.fw_port
    environment["FW_PORT"] = str(platform_port)
    # Before anything is started.
    listener(host, port, "--port or FW_UI_PORT").close()
    if platform:
        listener("127.0.0.1", platform_port, "--platform-port or FW_PORT").close()
    if platform and link_token:
        files_url = f"http://127.0.0.1:{platform_port}/workspace?token={link_token}"
        environment.setdefault("FW_FILES_URL", files_url)
    with contextlib.ExitStack() as stack:
        environment["DAGSTER_HOME"] = dagster_home(known.dagster_home, known.workspace_root)
        # The webserver and the daemon would both create the databases.
        ensure_storage(Path(environment["DAGSTER_HOME"]))
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fw-assets-")))
        code_socket, workspace = scratch / "code.sock", scratch / "workspace.yaml"
        origin = {"grpc_server": {"socket": str(code_socket), "location_name": LOCATION_NAME}}
        workspace.write_text(yaml.safe_dump({"load_from": [origin]}), "utf-8")
        code = ("code-server", "start", "--module-name", CODE_LOCATION, "--socket", str(code_socket), *_QUIET)
        started = stack.enter_context(_processes(environment))
        with contextlib.suppress(KeyboardInterrupt):
            started.start(Service("code server", _module("dagster", *code)))
            if platform:
                started.start(Service("embedded platform", _module("fw_assets", "serve")))
            started.wait_for(code_socket)
            of_dagster = ("--workspace", str(workspace))
            address = ("--host", host, "--port", str(port))
            started.start(
                Service(
                    "webserver",
                    _module("fw_assets.webserver.server", *of_dagster, *address, "--dagster-log-level", "warning"),
                )
            )
            # Dagster has no public module for its daemon, only this script.
            script = Path(sys.executable).with_name("dagster-daemon")
            started.start(Service("daemon", (str(script), "run", *of_dagster, *_QUIET)))
            started.wait_until_served(host, port)
            url = f"http://{_in_address(host)}:{port}"
            print(f"Open {url} (Ctrl-C ends it)", file=sys.stderr, flush=True)
            if on_served is not None:
                on_served(url)
            return started.wait()
    return 0


def _in_address(host: str) -> str:
    """The host as a browser of this machine writes it."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  it is shown, and not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _module(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


class _Processes:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: list[tuple[Service, subprocess.Popen[bytes]]] = []

    def start(self, service: Service) -> None:
        """In a session of its own: Ctrl-C reaches this process alone, which then ends the others in order."""
        process = subprocess.Popen(
            service.command,
            env=self._environment,
            start_new_session=True,
            # Standard output is this command's own, for the one object of `--json`.
            stdout=2,
        )
        self._running.append((service, process))

    def wait_for(self, code_socket: Path) -> None:
        end = time.monotonic() + LOADING_SECONDS
        while not _answers(code_socket):
            if self._ended() is not None or time.monotonic() > end:
                raise input_error(
                    "the code location could not be loaded",
                    advice=f"The lines above say why; `dagster definitions validate -m {CODE_LOCATION}` says it again.",
                )
            time.sleep(_POLL_SECONDS)

    def wait_until_served(self, host: str, port: int) -> None:
        """Until the webserver listens, or a process has ended."""
        address = (_in_address(host).strip("[]"), port)
        while self._ended() is None:
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
                return
            time.sleep(_POLL_SECONDS)

    def wait(self) -> int:
        while (ended := self._ended()) is None:
            time.sleep(_POLL_SECONDS)
        service, code = ended
        print(f"fw-assets: the {service.name} ended with {code}; ending the others", file=sys.stderr)
        return 1

    def _ended(self) -> tuple[Service, int] | None:
        for service, process in self._running:
            if (code := process.poll()) is not None:
                return service, code
        return None

    def end(self) -> None:
        for _, process in reversed(self._running):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        end = time.monotonic() + ENDING_SECONDS
        for _, process in reversed(self._running):
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _interrupt(*_: object) -> None:
    # Not SIGINT: a shell's background job ignores it.
    raise KeyboardInterrupt


@contextlib.contextmanager
def _processes(environment: Mapping[str, str]) -> Iterator[_Processes]:
    started = _Processes(environment)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield started
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        started.end()
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _answers(code_socket: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(code_socket))
        except OSError:
            return False
        return True
