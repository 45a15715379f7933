"""Dialogue with the person at the terminal: a dataset that can be read in several ways is read as they say."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from fw_assets.classification.errors import InputError, Question, Reading
from fw_assets.classification.session_fields import SESSION_FIELDS
from fw_assets.classification.visible_text import printable
from fw_assets.console import err, is_terminal
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.failures import question_of

T = TypeVar("T")
_NONE = "none"
_REPEATABLE = frozenset(item.name for item in SESSION_FIELDS if item.repeatable)


@dataclass
class Dialogue:
    """What was asked in the course of one command.

    Attributes:
        is_open: whether somebody is there to be asked.
        missing: session fields that were asked for because the command line lacks them.
        answers: session fields that decide between readings of the data.
    """

    is_open: bool
    missing: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def at_terminal(cls, *, ask: bool) -> Dialogue:
        return cls(ask and is_terminal())

    def until_clear(self, work: Callable[[], T]) -> T:
        """The result of work that is done again after each answer.

        Raises:
            InputError, StepFailed: the work's own, also where nobody answers.
        """
        while True:
            try:
                return work()
            except (InputError, StepFailed) as error:
                question = question_of(error) if self.is_open else None
                reading = ask_reading(question) if question is not None else None
                if reading is None or reading.field in self.answers:
                    raise
            self.answers[reading.field] = reading.value
            err.print(f"The same without the question: {option(reading.field, reading.value)}")


def ask_reading(question: Question) -> Reading | None:
    """The reading that a person chooses; None for none of them."""
    err.print(f"\n{question.problem}. Which is it?")
    for number, reading in enumerate(question.readings, 1):
        err.print(f"  {number}  {reading.shown}")
    numbers = [str(number) for number, _ in enumerate(question.readings, 1)]
    reply = click.prompt(
        "Its number", type=click.Choice([*numbers, _NONE]), default=_NONE, show_choices=False, err=True
    )
    return None if reply == _NONE else question.readings[int(reply) - 1]


def option(name: str, value: object) -> str:
    """A session field as it is given on the command line."""
    flag = f"--{name.replace('_', '-')}"
    if name not in _REPEATABLE:
        return f"{flag} {_quoted(value)}"
    values = value if isinstance(value, list | tuple) else [value]
    return " ".join(f"{flag.removesuffix('s')} {_quoted(item)}" for item in values)


def options(fields: Mapping[str, object]) -> str:
    return " ".join(option(name, value) for name, value in fields.items())


def _quoted(value: object) -> str:
    return shlex.quote(printable(str(value)))
