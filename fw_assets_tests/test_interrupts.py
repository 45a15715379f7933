"""Ctrl-C, as a terminal sends it: to the command and to every process of its group, whatever they are doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from fw_assets.exit_codes import INTERRUPTED
from fw_assets_tests.project import Project

COMMAND = """
import sys
from fw_assets.__main__ import main
sys.argv = ["fw-assets", *sys.argv[1:]]
print("begins", flush=True)
main()
"""
PATIENCE_SECONDS = 120.0


@pytest.mark.parametrize("seconds", [0.05, 0.5, 1.0, 2.0, 4.0])
def test_the_keyboard_ends_a_command_without_a_traceback(here: Project, seconds: float) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "run", str(here.data), "--model", "char-ngram", "--approve", "--yes"],
        cwd=here.folder,
        env=here.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "begins\n"
    time.sleep(seconds)
    os.killpg(command.pid, signal.SIGINT)
    # Until the last process that holds its standard error has ended, the fork server among them.
    _, said = command.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said
    assert "Aborted" not in said
    if command.returncode == INTERRUPTED:
        assert said.splitlines()[-1].startswith("fw-assets: stopped; run the same command again")
    else:
        assert command.returncode == -signal.SIGINT, "it was still loading"
