"""What is said when the input is wrong: one error that names every problem found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from fw_assets.classification.values import Frozen


class Problem(Frozen):
    """One thing wrong with the input.

    `line` is 1-based; `field` is a path such as `messages[1].role`; `kind` groups equal problems
    (`json`, `role-order`, `missing-messages`, `unknown-label`, ...).
    """

    kind: str
    message: str
    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}" if place else f"line {self.line}"
        if self.field:
            place += f": {self.field}" if place else self.field
        return f"{place}: {self.message}" if place else self.message


class InputError(ValueError):
    """The input cannot be used as it is; nothing was started.

    Attributes:
        problems: the first problems, in input order.
        total: how many there are in all.
        counts: how many of each kind.
        advice: what to do about them.
    """

    SHOWN = 20

    def __init__(self, problems: Iterable[Problem], advice: str = "", counts: Mapping[str, int] | None = None) -> None:
        """`counts`, when given, are of all problems, of which `problems` then are only the first."""
        found = tuple(problems)
        self.problems = found[: self.SHOWN]
        self.counts = dict(Counter(problem.kind for problem in found) if counts is None else counts)
        self.total = sum(self.counts.values())
        self.advice = advice
        super().__init__(self.render())

    def render(self) -> str:
        """The whole message as plain text."""
        lines = [str(problem) for problem in self.problems]
        if self.total > len(self.problems):
            kinds = ", ".join(f"{kind}: {count}" for kind, count in self.counts.items())
            lines.append(f"... and {self.total - len(self.problems)} more ({kinds})")
        if self.advice:
            lines.append(self.advice)
        return "\n".join(lines)


def input_error(message: str, *, kind: str = "session", field: str | None = None, advice: str = "") -> InputError:
    """An `InputError` with a single problem that concerns no file line."""
    return InputError([Problem(kind=kind, message=message, field=field)], advice=advice)
