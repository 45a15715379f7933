"""Expectation of a case in a form that can be checked: what each call of the program has to come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.cases.trial import Call, Trial

Check = Callable[[Trial], str | None]
"""What is wrong with a trial as a whole; None if nothing is."""
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Wanted:
    """What one call has to come to. Patterns are regular expressions.

    Attributes:
        code: its exit code.
        labels: of the plan that it wrote.
        several: whether that plan's rows may have several labels each.
        rows: that it read.
        says: patterns of what has to be on the terminal.
        never: patterns of what may not be on the terminal.
        plan: patterns of what has to be in `plan.md`.
        report: patterns of what has to be in `final_report.md`.
    """

    code: int = 0
    labels: Sequence[str] | None = None
    several: bool | None = None
    rows: int | None = None
    says: Sequence[str] = ()
    never: Sequence[str] = ()
    plan: Sequence[str] = ()
    report: Sequence[str] = ()

    def faults(self, call: Call) -> list[str]:
        """What the call has otherwise, in words."""
        faults = [] if call.code == self.code else [f"exit code {call.code}: {_last(call)}"]
        if "Traceback" in call.terminal:
            faults.append("a traceback")
        if self.labels is not None or self.several is not None or self.rows is not None:
            faults += self._plan_faults(call)
        texts = (
            ("the terminal", self.says, call.terminal),
            ("plan.md", self.plan, call.written("plan.md")),
            ("final_report.md", self.report, call.written("final_report.md")),
        )
        faults += [f"not in {where}: {p}" for where, patterns, text in texts for p in patterns if not _in(p, text)]
        return faults + [f"on the terminal: {pattern}" for pattern in self.never if _in(pattern, call.terminal)]

    def _plan_faults(self, call: Call) -> list[str]:
        if not call.plan:
            return ["no plan"]
        label_set = call.plan["label_set"]
        found = (label_set["labels"], label_set["multi_label"], call.plan["inspected"]["rows"])
        wanted = (sorted(self.labels) if self.labels is not None else None, self.several, self.rows)
        names = ("labels", "several labels a row", "rows")
        return [
            f"{name}: {shortened(str(is_))}"
            for name, is_, want in zip(names, found, wanted, strict=True)
            if want is not None and (sorted(is_) if isinstance(is_, list) else is_) != want
        ]

    def found(self, call: Call) -> str:
        """The most telling thing that was found where it was looked for."""
        texts = (
            *((pattern, call.terminal) for pattern in self.says),
            *((pattern, call.written("final_report.md")) for pattern in self.report),
            *((pattern, call.written("plan.md")) for pattern in self.plan),
        )
        matches = [match[0] for pattern, text in texts if (match := re.search(pattern, text))]
        if matches:
            return shortened(" ".join(max(matches, key=len).split()))
        if self.labels is not None and call.plan:
            labels = call.plan["label_set"]["labels"]
            return f"{len(labels)} labels" + (", any number a row" if call.plan["label_set"]["multi_label"] else "")
        return f"exit code {call.code}"


@dataclass(frozen=True)
class Case:
    """A case and its expectation.

    Attributes:
        wanted: for the program's calls, in order.
        check: of the trial as a whole.
        daemon: whether `dagster dev` has to run beside it.
    """

    number: int
    expected: str
    wanted: Sequence[Wanted] = ()
    check: Check | None = None
    daemon: bool = False

    def faults(self, trial: Trial) -> list[str]:
        if len(trial.calls) < len(self.wanted):
            return [f"{len(trial.calls)} calls of the program, {len(self.wanted)} expected"]
        pairs = list(zip(self.wanted, trial.calls, strict=False))
        faults = [
            f"call {number}: {fault}" for number, (wanted, call) in enumerate(pairs, 1) for fault in wanted.faults(call)
        ]
        more = self.check(trial) if self.check and not faults else None
        return [*faults, *([more] if more else [])]

    def found(self, trial: Trial) -> str:
        pairs = zip(self.wanted, trial.calls, strict=False)
        return "; ".join(dict.fromkeys(wanted.found(call) for wanted, call in pairs))


def every(count: int, wanted: Wanted) -> tuple[Wanted, ...]:
    """The same for each of so many calls."""
    return (wanted,) * count


def shortened(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _in(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def _last(call: Call) -> str:
    return shortened(call.terminal[-2 * _MAX_SHOWN :])
