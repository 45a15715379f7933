"""Errors of the command line: one sentence on standard error, and with `--json` one object on standard output.

This module is imported for `fw-assets --help`: it needs neither Dagster nor polars.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

from fw_assets.exit_codes import DONE, INTERRUPTED

P = ParamSpec("P")
_STOPPED = "stopped; run the same command again to go on where it was"
_JSON = "--json"


def readable_errors(command: Callable[P, int | None]) -> Callable[P, None]:
    """Have a command print expected errors without a traceback, and end with their exit code.

    With `--json` standard output gets the error as an object (`error_object`).
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from fw_assets.classification.visible_text import printable
        from fw_assets.pipeline.failures import EXPECTED_ERRORS, advice_of, exit_code_of, kind_of, message_of

        _make_output_lenient()
        try:
            _accept_interrupts()
            _require_current_folder()
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has read enough. Python would say so again at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = DONE
        except EXPECTED_ERRORS as error:
            code, message = exit_code_of(error), printable(message_of(error))
            with contextlib.suppress(OSError, ValueError):
                click.echo(f"fw-assets: {message}", err=True)
            if kwargs.get("as_json"):
                _echo_error(kind_of(error), message, code, printable(advice_of(error)))
        except KeyboardInterrupt:
            click.echo(f"fw-assets: {_STOPPED}", err=True)
            code = INTERRUPTED
            if kwargs.get("as_json"):
                _echo_error("interrupted", _STOPPED, code, "Run the same command again.")
        sys.exit(code or DONE)

    return run


class JsonErrors(click.Group):
    """A group whose errors of usage, such as an option that there is not, are objects too where `--json` is given."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line, as `click.Group.main`."""
        given = list(sys.argv[1:] if args is None else args)
        if _JSON not in given[: given.index("--") if "--" in given else None] or not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, **extra)
        try:
            code = super().main(args, prog_name, complete_var, False, **extra)
        except click.ClickException as error:
            error.show()
            context = getattr(error, "ctx", None)
            path = context.command_path if context is not None else "fw-assets"
            _echo_error("usage", error.format_message(), error.exit_code, f"`{path} --help` lists what there is.")
            code = error.exit_code
        except click.Abort:
            click.echo(f"fw-assets: {_STOPPED}", err=True)
            _echo_error("interrupted", _STOPPED, INTERRUPTED, "Run the same command again.")
            code = INTERRUPTED
        sys.exit(code if isinstance(code, int) else DONE)


def error_object(kind: str, message: str, exit_code: int, advice: str) -> dict[str, Any]:
    """The object of an error: its kind and exit code for programs, its whole sentence, and what to do."""
    return {"error": {"kind": kind, "message": message, "exit_code": exit_code, "advice": advice}}


def _echo_error(kind: str, message: str, exit_code: int, advice: str) -> None:
    from fw_assets.classification.visible_text import visible_json

    with contextlib.suppress(OSError, ValueError):
        click.echo(visible_json(error_object(kind, message, exit_code, advice)))


def _accept_interrupts() -> None:
    """From here on Ctrl-C is an exception, where it ended a program that was still loading (`fw_assets.__main__`)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _require_current_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise FileNotFoundError("the current folder is gone: change to another, and run the command again") from None


def _make_output_lenient() -> None:
    """Let closed streams take what is printed and give nothing, and those of few characters escape what they lack."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for the process's life
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
