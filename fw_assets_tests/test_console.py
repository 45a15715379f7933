"""Whatever a command prints, no character of it drives the terminal or is markup."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from fw_assets.console import PlainConsole, echo, echo_json, show_progress
from fw_assets.pipeline.progress import tell

HOSTILE = "\x1b]0;pwn\x07\x1b[31mRED\x9b2J\u202e\u2066\u200b\u200d[bold]x[/bold]\ttab"
SHOWN = "\ufffd]0;pwn\ufffd\ufffd[31mRED\ufffd2J\ufffd\ufffd\ufffd\ufffd[bold]x[/bold] tab"


@pytest.mark.parametrize("in_table", [False, True])
def test_strings_and_cells_are_shown_as_they_are(in_table: bool) -> None:
    sink = io.StringIO()
    console = PlainConsole(file=sink, width=200, force_terminal=True, color_system=None)
    if in_table:
        table = Table("head", box=None)
        table.add_row(HOSTILE)
        console.print(table)
    else:
        console.print(HOSTILE)
    assert SHOWN in sink.getvalue()
    assert "\x1b" not in sink.getvalue()


@given(st.text())
def test_nothing_but_line_breaks_controls_a_terminal(text: str) -> None:
    sink = io.StringIO()
    PlainConsole(file=sink, width=80, color_system=None).print(text)
    assert not [
        character
        for character in sink.getvalue()
        if character != "\n" and not character.isprintable() and ord(character) < 0xA0
    ]


def test_echo(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    echo(HOSTILE, to_stderr=True)
    assert capsys.readouterr() == (SHOWN + "\n", SHOWN + "\n")


def test_the_object_of_json_is_what_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    echo_json({"label": HOSTILE})
    written = capsys.readouterr().out
    assert json.loads(written) == {"label": HOSTILE}
    assert not {"\x1b", "\x9b", "\u202e", "\u2066", "\u200b"} & set(written)


def test_progress_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress():
        tell(f"job {HOSTILE}", 1, 1, HOSTILE)
    assert "\x1b" not in capsys.readouterr().err
