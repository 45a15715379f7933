"""Questions of a decision request, whichever wire form they came in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

MAX_OPTIONS = 208
MAX_LEVELS = 10
MAX_QUESTIONS = 256

QuestionType = Literal["noul", "choice", "score"]


@dataclass(frozen=True)
class Option:
    """What a question may be answered with.

    Attributes:
        value: as the answer names it: an option's name, or `true` and `false` where a caller gave booleans.
        name: the text of `value`.
        description: what it means; empty where nobody said.
    """

    value: str | bool
    name: str
    description: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """One question. It equals itself alone: what is computed of its options is remembered by it.

    Attributes:
        id: by which the caller knows it; never read by the model. None where it has none.
        options: of a choice; the levels of a score, lowest first; of a noul, what true and what false mean, with empty
            names where nobody said.
    """

    id: str | None
    type: QuestionType
    instructions: str
    options: tuple[Option, ...]

    @cached_property
    def values(self) -> list[str | bool]:
        """As the answer names the options."""
        return [option.value for option in self.options]


@dataclass(frozen=True)
class DecisionRequest:
    """Attributes:
    text: what the questions are about, as the models read it.
    tokens: of the state and of the questions together.
    """

    model: str
    text: str
    questions: tuple[Question, ...]
    tokens: int
