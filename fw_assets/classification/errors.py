"""Input errors: one exception that names every problem of the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem of the input.

    `line` is 1-based; `field` is a path such as `messages[1].role`; `kind` groups equal problems
    (`json`, `role-order`, `missing-messages`, `unknown-label`, ...).
    """

    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        location = self.file or ""
        if self.line is not None:
            location += f":{self.line}" if location else f"line {self.line}"
        if self.field:
            location += f": {self.field}" if location else self.field
        return f"{location}: {self.message}" if location else self.message


@dataclass(frozen=True)
class Reading:
    """One of several possible readings of the input, and the session field that says it is the right one."""

    shown: str
    field: str
    value: str | tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Question to whoever gave the input: a problem, and the readings of which one is right."""

    problem: str
    readings: tuple[Reading, ...]


class InputError(ValueError):
    """The input cannot be used as it is; nothing was started.

    Attributes:
        problems: the first problems, in input order, at most `MAX_SHOWN`.
        total: the number of all problems.
        counts: the number of problems of each kind.
        advice: what to do about them.
        question: how a person can decide between the possible readings; None where there is no choice.
    """

    MAX_SHOWN = 20

    def __init__(
        self,
        problems: Iterable[Problem],
        advice: str = "",
        counts: Mapping[str, int] | None = None,
        readings: Sequence[Reading] = (),
    ) -> None:
        """The error of some problems.

        Args:
            counts: of all problems, where `problems` are only the first of them.
            readings: those that are possible, where the one problem is that there are several.
        """
        problems = tuple(problems)
        self.problems = problems[: self.MAX_SHOWN]
        self.counts = dict(Counter(problem.kind for problem in problems) if counts is None else counts)
        self.total = sum(self.counts.values())
        self.advice = advice
        self.question = Question(str(problems[0]), tuple(readings)) if len(readings) > 1 else None
        super().__init__(self.render())

    def render(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.total > len(self.problems):
            kinds = ", ".join(f"{kind}: {count}" for kind, count in self.counts.items())
            lines.append(f"... and {self.total - len(self.problems)} more ({kinds})")
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


def input_error(message: str, *, kind: str = "session", field: str | None = None, advice: str = "") -> InputError:
    """An `InputError` with one problem that is not about a file."""
    return InputError([Problem(kind=kind, message=message, field=field)], advice=advice)
