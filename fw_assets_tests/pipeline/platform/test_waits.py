"""What the client waits for reaches the command line and a run's log, each wait once."""

from __future__ import annotations

import logging

import pytest

from fw_assets.console import show_progress
from fw_assets.pipeline.platform.waits import relay_waits
from fw_assets.pipeline.progress import Message, Notice, listening, to_log

log = logging.getLogger("fw_assets.fireworks")


def test_a_wait_reaches_every_listener_once() -> None:
    relay_waits()
    relay_waits()
    messages: list[Message] = []
    lines: list[str] = []
    with listening(messages.append), listening(to_log(lines.append)):
        log.warning("still waiting for %s", "job\x1b j")
        log.info("not worth a line")
    assert messages == [Notice("still waiting for job\x1b j")]
    assert lines == ["still waiting for job\ufffd j"]


def test_it_is_a_line_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    relay_waits()
    with show_progress():
        log.warning("still waiting for job j")
    assert capsys.readouterr().err.count("still waiting for job j") == 1
