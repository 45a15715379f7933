"""Confusions as tables: the largest pairs, and the matrix while it can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fw_assets.report.confusion.axes import NO_ANSWER, NONE_GIVEN, NONE_MISSED, axes_of, hardest, matrix_cells
from fw_assets.report.formatting import Quoted, count
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult
from fw_assets.report.sections.labels import MAX_MATRIX_LABELS
from fw_assets.report.table import Column, Table, columns

__all__ = ["MAX_MATRIX_LABELS", "confusions", "matrix"]


def confusions(candidate: CandidateResult, most: int = 10) -> Table:
    """The pairs that are confused most, after tuning where there was any, with the count before."""
    base, tuned = candidate.base, candidate.tuned
    final = tuned or base
    if base is None or final is None:
        return Table(columns("Label"), ())
    several = not (base.confusion or final.confusion)
    before, after = (
        Counter({(cell.gold, cell.predicted): cell.count for cell in matrix_cells(result)}) for result in (base, final)
    )
    pairs = {pair for pair in (before | after) if pair[0] != pair[1]}
    worst = sorted(pairs, key=lambda pair: (-after[pair], -before[pair], pair[0] or "", pair[1] or ""))[:most]
    rows = []
    for gold, predicted in worst:
        true = NONE_MISSED if gold is None else Quoted(gold)
        answer = (NONE_GIVEN if several else NO_ANSWER) if predicted is None else Quoted(predicted)
        support = final.per_label[gold].support if gold is not None and gold in final.per_label else None
        counts = (
            (count(before[gold, predicted]), count(after[gold, predicted]))
            if tuned
            else (count(before[gold, predicted]),)
        )
        rows.append((true, answer, *counts, "" if support is None else count(support)))
    count_columns = (">Base", ">Fine-tuned") if tuned else (">Rows",)
    heads = ("Missed", "Given in its place") if several else ("True label", "Answered")
    return Table(columns(*heads, *count_columns, ">Of its test rows" if several else ">Of test rows"), tuple(rows))


def matrix(result: ModelResult, labels: Sequence[str]) -> Table:
    """The confusion matrix as numbers: rows are true labels, columns are answers.

    Of many labels the most confused ones, with the others in one column.
    """
    shown = tuple(labels) if len(labels) <= MAX_MATRIX_LABELS else hardest([result], labels, MAX_MATRIX_LABELS)
    axes = axes_of([result], shown)
    cells = axes.counts(result)
    others = Counter[int]()
    inside = set(shown)
    for cell in matrix_cells(result):
        if cell.predicted is not None and cell.predicted not in inside and (cell.gold is None or cell.gold in inside):
            others[len(shown) if cell.gold is None else shown.index(cell.gold)] += cell.count
    further = len(shown) < len(labels)
    rows = tuple(
        (
            Quoted(name) if row < len(shown) else name,
            *(count(cells.get((row, column), 0)) for column in range(len(axes.columns))),
            *([count(others[row])] if further else []),
        )
        for row, name in enumerate(axes.rows)
    )
    answers = (
        Column(Quoted(name) if column < len(shown) else name, figures=True) for column, name in enumerate(axes.columns)
    )
    return Table(
        (Column("True label"), *answers, *([Column("any other label", figures=True)] if further else [])), rows
    )
