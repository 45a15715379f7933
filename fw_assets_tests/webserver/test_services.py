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

from fw_assets.classification.errors import InputError
from fw_assets.webserver.services import dagster_home, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_port_that_is_taken_is_named_with_what_chooses_another(taken: int) -> None:
    with pytest.raises(
        InputError, match=rf"port {taken} of 127.0.0.1 cannot be used .*\n*.*--port or FW_UI_PORT"
    ) as error:
        require_free("127.0.0.1", taken, "--port", "FW_UI_PORT")
    free = re.search(r"(\d+) is free", str(error.value))
    assert free is not None
    assert int(free[1]) > taken
    require_free("127.0.0.1", int(free[1]), "--port", "FW_UI_PORT")


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
    require_free("127.0.0.1", free, "--port", "FW_UI_PORT")
    require_free("127.0.0.1", free, "--port", "FW_UI_PORT")


@pytest.mark.parametrize(
    ("options", "variable", "said"),
    [
        (["--port", "TAKEN"], "", "--port or FW_UI_PORT"),
        ([], "FW_UI_PORT", "--port or FW_UI_PORT"),
        (["--platform-port", "TAKEN", "--port", "FREE"], "", "--platform-port or FW_PORT"),
        (["--port", "FREE"], "FW_PORT", "--platform-port or FW_PORT"),
    ],
)
def test_the_command_says_which_port_is_taken(
    taken: int, tmp_path: Path, options: list[str], variable: str, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = str(other.getsockname()[1])
    arguments = [option.replace("TAKEN", str(taken)).replace("FREE", free) for option in options]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FW_", "FIREWORKS_", "DAGSTER"))}
    environment = {**kept, "FW_WORKSPACE": str(tmp_path / "workspace")} | ({variable: str(taken)} if variable else {})
    done = subprocess.run(
        [sys.executable, "-m", "fw_assets", "ui", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert f"port {taken} of 127.0.0.1 cannot be used" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
