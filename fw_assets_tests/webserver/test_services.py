"""Ports of `fw-assets ui`: a taken one is said in one sentence before anything is started."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fw_assets.exit_codes import FAILED
from fw_assets.ports import listener
from fw_assets.webserver.services import dagster_home


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_is_taken_is_named_with_what_chooses_another(taken: int) -> None:
    with pytest.raises(
        OSError, match=rf"port {taken} of 127.0.0.1 cannot be used .*: choose another with --port or FW_UI_PORT"
    ) as error:
        listener("127.0.0.1", taken, "--port or FW_UI_PORT")
    free = re.search(r"(\d+) is free", str(error.value))
    assert free is not None
    assert int(free[1]) > taken
    listener("127.0.0.1", int(free[1]), "--port or FW_UI_PORT").close()


def test_an_instance_is_there_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = str(tmp_path / "workspace")
    assert dagster_home("/given", root) == "/given"
    home = dagster_home(None, root)
    assert home == str(tmp_path / "workspace" / ".dagster"), "where the command line records its runs"
    assert (Path(home) / "dagster.yaml").is_file()
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    assert dagster_home(None, root) == str(tmp_path / ".dagster" / "home")


def test_a_port_that_is_free_stays_so(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = int(other.getsockname()[1])
    listener("127.0.0.1", free, "--port or FW_UI_PORT").close()
    listener("127.0.0.1", free, "--port or FW_UI_PORT").close()


@pytest.mark.parametrize(
    ("arguments", "variable", "said"),
    [
        ("ui --port TAKEN", "", "--port or FW_UI_PORT"),
        ("ui", "FW_UI_PORT", "--port or FW_UI_PORT"),
        ("ui --platform-port TAKEN --port FREE", "", "--platform-port or FW_PORT"),
        ("ui --port FREE", "FW_PORT", "--platform-port or FW_PORT"),
        ("serve --port TAKEN", "", "--port or FW_PORT"),
        ("mcp --port TAKEN", "", "--port"),
    ],
)
def test_every_server_says_which_port_is_taken_and_ends_with_one_code(
    taken: int, tmp_path: Path, arguments: str, variable: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = str(other.getsockname()[1])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
    environment = {**kept, "FW_WORKSPACE": str(tmp_path / "workspace")} | ({variable: str(taken)} if variable else {})
    done = subprocess.run(
        [sys.executable, "-m", "fw_assets", *arguments.replace("TAKEN", str(taken)).replace("FREE", free).split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == FAILED
    assert f"port {taken} of 127.0.0.1 cannot be used" in done.stderr
    assert re.search(rf"choose another with {said}; \d+ is free", done.stderr)
    assert "Traceback" not in done.stderr
