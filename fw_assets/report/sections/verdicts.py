"""Verdicts in words: better, at least as good within the margin, cannot be told, worse."""

from __future__ import annotations

from dataclasses import dataclass

from fw_assets.classification.selection.verdict import Verdict
from fw_assets.report.fields.sentences import subject_changes
from fw_assets.report.fields.tables import model_fields
from fw_assets.report.formatting import (
    before_verb,
    p_value,
    percent,
    points,
    points_range,
    points_text,
    rows_text,
    short,
)
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.fields import ModelChanges
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.candidates import subject

UNTUNED_ROLE = "the model that needs no tuning and was best on the validation rows"
"""Not the best: another may be ahead of it on the test rows."""


@dataclass(frozen=True)
class Choice:
    """The fine-tuned model that the validation rows chose against the untuned one that they chose, on the test rows.

    Attributes:
        before, after: accuracies, of all fields where answers have several; fields: number of these, or 0.
        p: as the verdict goes by; margin: None in reports of before version 2.
    """

    untuned: str
    tuned: str
    before: float
    after: float
    difference: float
    interval: Bounds
    level: float
    p: float
    gained: int
    lost: int
    rows: int
    groups: int | None
    margin: float | None
    verdict: Verdict
    fields: int = 0

    @property
    def own(self) -> bool:
        """Whether the fine-tuned model is compared with its own base."""
        return self.untuned == self.tuned

    @property
    def where(self) -> str:
        """`192 test rows, 24 distinct`, or all fields of them."""
        rows = rows_text(self.rows, self.groups)
        return f"all {self.fields} fields of {rows}" if self.fields else rows

    @property
    def unit(self) -> str:
        """What was gained or lost, one of them."""
        return "value" if self.fields else "row"

    @property
    def figures(self) -> str:
        return f"{points(self.difference)} points, {interval_text(self.interval, self.level)}; {p_value(self.p)}"


def choice(report: Report) -> Choice | None:
    """What the answer is about; None where nothing was fine-tuned, or the run is not complete."""
    candidate = subject(report)
    if report.status != "complete" or candidate is None or candidate.tuned is None:
        return None
    if (changes := subject_changes(report)) is not None:
        return _of_fields(report, changes)
    pair = report.choice
    if pair is not None:
        untuned = next((item for item in report.candidates if short(item.model) == pair.first), None)
        if untuned is not None and untuned.base is not None:
            return _of_pair(pair, untuned, candidate)
    comparison = candidate.comparison
    if comparison is None or candidate.base is None:
        return None
    return Choice(
        untuned=short(candidate.model),
        tuned=short(candidate.model),
        before=candidate.base.accuracy,
        after=candidate.tuned.accuracy,
        difference=comparison.difference,
        interval=comparison.interval,
        level=comparison.level,
        p=comparison.judged_p,
        gained=comparison.gained,
        lost=comparison.lost,
        rows=comparison.rows,
        groups=comparison.groups,
        margin=comparison.margin,
        verdict=comparison.verdict,
    )


def untuned(report: Report) -> CandidateResult | None:
    """The candidate that the best fine-tuned model was compared with; None where that is its own base."""
    pair = report.choice
    if pair is None or pair.first == pair.second:
        return None
    return next((item for item in report.candidates if short(item.model) == pair.first and item.base), None)


def _of_pair(pair: PairResult, untuned: CandidateResult, tuned: CandidateResult) -> Choice:
    return Choice(
        untuned=short(untuned.model),
        tuned=short(tuned.model),
        before=untuned.base.accuracy if untuned.base else 0.0,
        after=tuned.tuned.accuracy if tuned.tuned else 0.0,
        difference=pair.difference,
        interval=pair.interval,
        level=pair.level,
        p=pair.adjusted_p_value,
        gained=pair.gained,
        lost=pair.lost,
        rows=pair.rows,
        groups=pair.groups,
        margin=pair.margin,
        verdict=pair.verdict,
    )


def _of_fields(report: Report, changes: ModelChanges) -> Choice | None:
    """What the answer is about where answers have several fields: all of them."""
    found = report.fields
    before = model_fields(found, changes.against, "base") if found else None
    after = model_fields(found, changes.model, "tuned") if found else None
    if found is None or before is None or after is None:
        return None
    values = next(item for item in changes.changes if item.of == "all values")
    whole = next(item for item in changes.changes if item.of == "whole object")
    return Choice(
        untuned=changes.against,
        tuned=changes.model,
        before=before.mean,
        after=after.mean,
        difference=values.difference,
        interval=values.interval,
        level=values.level,
        p=values.adjusted_p_value,
        gained=values.gained,
        lost=values.lost,
        rows=whole.rows,
        groups=report.choice.groups if report.choice else None,
        margin=found.margin,
        verdict=values.verdict,
        fields=len(found.asked),
    )


def choice_sentence(found: Choice) -> str:
    """Whether fine-tuning helped, in one sentence."""
    before, after = percent(found.before), percent(found.after)
    where = f"{before_verb(found.where)} right"
    if found.own:
        move = f"{found.tuned} went from {before} to {after} of {where}"
    else:
        untuned = f"{found.untuned}, {UNTUNED_ROLE},"
        move = f"the fine-tuned {found.tuned} has {after} of {where}, and {untuned} has {before}"
    move = f"{move} ({found.figures})"
    if found.verdict == "better":
        return f"Fine-tuning helped: {move}."
    if found.verdict == "worse":
        return f"Fine-tuning {'hurt' if found.own else 'did not pay'}: {move}."
    if found.verdict == "as good":
        return (
            f"Fine-tuning was not shown to help: {move}. What is shown is that it is at least as good, within "
            f"{points_text(found.margin or 0)}."
        )
    return f"Whether fine-tuning helped cannot be told on {found.where}: {move}."


def interval_text(interval: Bounds, level: float = 0.05) -> str:
    """`95% interval +1.2 to +3.4`; the interval of an adjusted test has a higher confidence."""
    return f"{100 * (1 - level):.4g}% interval {points_range(interval)}"
