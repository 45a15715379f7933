"""Questions of a decision: what they ask, what no server takes, and their two wire forms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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

    def systemone(self) -> dict[str, Any]:
        criteria = {side: text for side, text in (("true", self.true), ("false", self.false)) if text}
        body = {"type": "noul", "instructions": self.instructions}
        return body | {"criteria": criteria} if criteria else body

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

    def systemone(self) -> dict[str, Any]:
        # No null, which some servers refuse: an option without a description is described by its name.
        criteria = {name: self.descriptions.get(name) or name for name in self.options}
        return {"type": "choice", "instructions": self.instructions, "criteria": criteria}

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

    def systemone(self) -> dict[str, Any]:
        return {"type": "score", "instructions": self.instructions, "criteria": list(self.options)}

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
        if not question.instructions.strip():
            raise ValueError(f"question {id}: its instructions are empty")
        if not isinstance(question, Noul):
            most = question.max_options if isinstance(question, Choice) else MAX_LEVELS
            _check_options(id, question.options, min(most, MAX_OPTIONS))


def _check_options(id: str, options: Sequence[str], most: int) -> None:
    if not 2 <= len(options) <= most:
        raise ValueError(f"question {id}: {len(options)} options; expected 2 to {most}")
    trimmed = [option.strip() for option in options]
    if "" in trimmed:
        raise ValueError(f"question {id}: an option is empty")
    if len(set(trimmed)) != len(trimmed):
        twice = next(option for option in trimmed if trimmed.count(option) > 1)
        raise ValueError(f"question {id}: the option {twice!r} is repeated")


def parts(questions: Mapping[str, Question]) -> list[dict[str, Question]]:
    """The questions in requests that every server takes."""
    items = list(questions.items())
    return [dict(items[start : start + MAX_QUESTIONS]) for start in range(0, len(items), MAX_QUESTIONS)]
