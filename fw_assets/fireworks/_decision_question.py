"""Questions of a decision: what they ask, what no server takes, and their two wire forms.

What follows from a question is computed once, since the same is asked of every row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

MAX_OPTIONS = 208
MAX_LEVELS = 10
MAX_QUESTIONS = 64
"""Of one request: what every server takes. More are split."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Noul:
    """A yes-or-no question; `true` and `false` say what each means."""

    instructions: str
    true: str = ""
    false: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        return ("true", "false")

    @property
    def option_set(self) -> frozenset[str]:
        return frozenset(self.options)

    @cached_property
    def fault(self) -> str:
        """What no server takes of it; empty where all do."""
        return "" if self.instructions.strip() else "its instructions are empty"

    @cached_property
    def systemone(self) -> dict[str, Any]:
        criteria = {side: text for side, text in (("true", self.true), ("false", self.false)) if text}
        body = {"type": "noul", "instructions": self.instructions}
        return body | {"criteria": criteria} if criteria else body

    @cached_property
    def openai(self) -> dict[str, Any]:
        """A predicate, which has no place for what true and false mean but its instructions."""
        sides = [f"{side}: {text}" for side, text in (("true", self.true), ("false", self.false)) if text]
        return {"type": "predicate", "instructions": "\n".join([self.instructions, *sides])}


@dataclass(frozen=True)
class Choice:
    """One of several options.

    Attributes:
        options: their names, in the order in which they are shown.
        descriptions: what some of them mean.
        max_options: fewer than 208 for a server that takes fewer.
    """

    instructions: str
    options: tuple[str, ...]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    max_options: int = MAX_OPTIONS

    @cached_property
    def option_set(self) -> frozenset[str]:
        return frozenset(self.options)

    @cached_property
    def fault(self) -> str:
        """As of a noul."""
        return _options_fault(self.instructions, self.options, min(self.max_options, MAX_OPTIONS))

    @cached_property
    def systemone(self) -> dict[str, Any]:
        # No null, which some servers refuse: an option without a description is described by its name.
        criteria = {name: self.descriptions.get(name) or name for name in self.options}
        return {"type": "choice", "instructions": self.instructions, "criteria": criteria}

    @cached_property
    def openai(self) -> dict[str, Any]:
        choices = []
        for name in self.options:
            description = self.descriptions.get(name)
            choices.append({"value": name, "description": description} if description else {"value": name})
        return {"type": "choice", "instructions": self.instructions, "choices": choices}


@dataclass(frozen=True)
class Score:
    """A level on a scale, `options` from the lowest to the highest."""

    instructions: str
    options: tuple[str, ...]

    @cached_property
    def option_set(self) -> frozenset[str]:
        return frozenset(self.options)

    @cached_property
    def fault(self) -> str:
        """As of a noul."""
        return _options_fault(self.instructions, self.options, MAX_LEVELS)

    @cached_property
    def systemone(self) -> dict[str, Any]:
        return {"type": "score", "instructions": self.instructions, "criteria": list(self.options)}

    @cached_property
    def openai(self) -> dict[str, Any]:
        levels = [{"label": level} for level in self.options]
        return {"type": "score", "instructions": self.instructions, "levels": levels}


Question = Noul | Choice | Score


def check_questions(questions: Mapping[str, Question]) -> None:
    """Refuse what some server would refuse, before anything is sent.

    Raises:
        ValueError: naming the question.
    """
    if not questions:
        raise ValueError("a decision needs at least one question")
    for id, question in questions.items():
        if not _ID.fullmatch(id):
            raise ValueError(f"question {id!r}: expected an id of up to 64 letters, digits, dots, hyphens, underscores")
        if question.fault:
            raise ValueError(f"question {id}: {question.fault}")


def _options_fault(instructions: str, options: Sequence[str], most: int) -> str:
    if not instructions.strip():
        return "its instructions are empty"
    if not 2 <= len(options) <= most:
        return f"{len(options)} options; expected 2 to {most}"
    trimmed = [option.strip() for option in options]
    if "" in trimmed:
        return "an option is empty"
    if len(set(trimmed)) != len(trimmed):
        twice = next(option for option in trimmed if trimmed.count(option) > 1)
        return f"the option {twice!r} is repeated"
    return ""


def parts(questions: Mapping[str, Question]) -> list[dict[str, Question]]:
    """The questions in requests that every server takes."""
    items = list(questions.items())
    return [dict(items[start : start + MAX_QUESTIONS]) for start in range(0, len(items), MAX_QUESTIONS)]
