"""Every label: accuracy before and after, and the labels it is confused with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fw_assets.report.formatting import Quoted, count, decimal, percent, percent_range, points, short
from fw_assets.report.schema.model_result import LabelResult
from fw_assets.report.schema.report import CandidateResult
from fw_assets.report.table import Column, Table, columns

MAX_MATRIX_LABELS = 12
"""A confusion matrix of more labels cannot be read as a table of numbers."""


@dataclass(frozen=True)
class LabelRow:
    """One label of a candidate before and after tuning."""

    label: str
    before: LabelResult
    after: LabelResult | None
    change: float | None

    @property
    def final(self) -> LabelResult:
        return self.after or self.before

    @property
    def direction(self) -> str:
        return "" if not self.change else "up" if self.change > 0 else "down"

    @property
    def css_variables(self) -> str:
        """The label's chart as CSS variables, shares from 0 to 1: b(ase), t(uned), i(nterval), l(ine between)."""
        before, after = self.before.accuracy, self.after.accuracy if self.after else None
        shares = {"b": before, "t": after}
        if self.final.interval:
            shares["i0"], shares["i1"] = self.final.interval
        if before is not None and after is not None:
            shares["l0"], shares["l1"] = min(before, after), max(before, after)
        return ";".join(f"--{name}:{share:.3f}" for name, share in shares.items() if share is not None)


def label_rows(candidate: CandidateResult) -> list[LabelRow]:
    """The candidate's labels; beyond a screenful the weakest first."""
    base, tuned = candidate.base, candidate.tuned
    if base is None:
        return []
    rows = []
    for label, before in base.per_label.items():
        after = tuned.per_label.get(label) if tuned else None
        change = None
        if after is not None and after.accuracy is not None and before.accuracy is not None:
            change = after.accuracy - before.accuracy
        rows.append(LabelRow(label, before, after, change))
    if len(rows) > MAX_MATRIX_LABELS:
        rows.sort(key=lambda row: 2.0 if row.final.accuracy is None else row.final.accuracy)
    return rows


def per_label(candidate: CandidateResult) -> Table:
    """`label_rows` as a table; interval, precision and F1 are those of the final model."""
    tuned = candidate.tuned is not None
    rows = []
    for row in label_rows(candidate):
        cells = [Quoted(row.label), _support(row.before), percent(row.before.accuracy)]
        if tuned:
            cells += [percent(row.after.accuracy if row.after else None), points(row.change)]
        final = row.final
        cells += [percent_range(final.interval), percent(final.precision), decimal(final.f1, 2)]
        rows.append(tuple(cells))
    middle = (">Fine-tuned", ">Change") if tuned else ()
    names = ("Label", ">Test rows", ">Base", *middle, ">95% interval", ">Precision", ">F1")
    return Table(columns(*names), tuple(rows))


def _support(result: LabelResult) -> str:
    """The label's rows, and how many of them are distinct where some are not."""
    distinct = result.groups is not None and result.groups < result.support
    return count(result.support) + (f" ({count(result.groups or 0)} distinct)" if distinct else "")


def base_per_label(candidates: Sequence[CandidateResult], labels: Sequence[str]) -> Table:
    """Per-label accuracy of base models side by side."""
    bases = [candidate.base for candidate in candidates if candidate.base is not None]
    rows = []
    for label in labels:
        results = [base.per_label.get(label) for base in bases]
        support = next((_support(result) for result in results if result), count(0))
        accuracies = (percent(result.accuracy if result else None) for result in results)
        rows.append((Quoted(label), support, *accuracies))
    return Table(
        (
            *columns("Label", ">Test rows"),
            *(Column(Quoted(short(base.model)), figures=True) for base in bases),
        ),
        tuple(rows),
    )
