"""The tables of what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    p_value,
    percent,
    percent_range,
    points,
    points_range,
    short,
)
from fw_assets.report.glossary import OUTCOMES
from fw_assets.report.schema.report import Candidate, LabelResult, ModelResult, Report
from fw_assets.report.sections.answer import incomplete_note
from fw_assets.report.sections.confidence import NAMES
from fw_assets.report.table import Column, Table, columns

MATRIX_LABELS = 12
"""Up to this many labels a whole confusion matrix can be read as a table of numbers."""


def comparison(report: Report) -> Table:
    """Base against fine-tuned, one row per candidate; then the baselines, in the column of untrained models."""
    rows: list[tuple[str, ...]] = []
    for candidate in ordered(report):
        base, tuned, compared = candidate.base, candidate.tuned, candidate.comparison
        won = report.winner is not None and report.winner.base_model == candidate.model
        rows.append(
            (
                Quoted(short(candidate.model)),
                with_interval(base) if base else "n/a",
                with_interval(tuned) if tuned else "–",
                f"{points(compared.difference)} ({points_range(compared.interval)})" if compared else "–",
                f"{count(compared.gained)} / {count(compared.lost)}" if compared else "–",
                p_value(compared.judged_p).removeprefix("p = ").removeprefix("p ") if compared else "–",
                compared.verdict if compared else incomplete_note(candidate),
                (f"winner ({report.winner.kind})" if report.winner else "") if won else "",
            )
        )
    rows += [
        (NAMES.get(item.name, item.name), f"{percent(item.accuracy)} ({percent_range(item.interval)})")
        + ("–",) * 4
        + ("baseline", "")
        for item in report.baselines
    ]
    names = ("Model", ">Base", ">Fine-tuned", ">Difference, points", ">Gained / lost", ">p", "Verdict", "")
    return Table(columns(*names), tuple(rows))


def benchmark(report: Report) -> Table:
    """The base models alone, best first, and the baselines."""
    rows: list[tuple[str, ...]] = []
    for candidate in ordered(report):
        base = candidate.base
        won = report.winner is not None and report.winner.base_model == candidate.model
        if base is None:
            rows.append((Quoted(short(candidate.model)), "n/a", "n/a", "n/a", incomplete_note(candidate)))
            continue
        row = (
            percent(base.accuracy),
            percent_range(base.interval),
            decimal(base.macro_f1),
            "best" if won else "",
        )
        rows.append((Quoted(short(candidate.model)), *row))
    for item in report.baselines:
        figures = (percent(item.accuracy), percent_range(item.interval), decimal(item.macro_f1))
        rows.append((NAMES.get(item.name, item.name), *figures, "baseline"))
    return Table(columns("Model", ">Accuracy", ">95% interval", ">Macro-F1", ""), tuple(rows))


def more_figures(report: Report) -> Table:
    """Every model on further measures."""
    rows = []
    for candidate in ordered(report):
        for result, which in ((candidate.base, "base"), (candidate.tuned, "fine-tuned")):
            if result is None:
                continue
            several = result.multi_label
            row = [Quoted(short(candidate.model)), which, percent(result.accuracy), decimal(result.macro_f1)]
            if several is not None:
                row += [decimal(several.micro_f1), percent(several.jaccard), decimal(several.hamming, 4)]
                row += [f"{several.mean_predicted:.2f} / {several.mean_gold:.2f}"]
            else:
                row += [
                    percent(result.balanced_accuracy),
                    decimal(result.mcc),
                    percent(result.lenient_accuracy),
                ]
                row += [percent(result.coverage)]
            row.append(percent(result.majority_accuracy))
            rows.append(tuple(row))
    if report.data.multi_label:
        middle = (
            ">Exact sets",
            ">Macro-F1",
            ">Micro-F1",
            ">Jaccard",
            ">Hamming loss",
            ">Labels per row, said / true",
        )
    else:
        middle = (">Accuracy", ">Macro-F1", ">Balanced accuracy", ">MCC", ">Lenient", ">Coverage")
    return Table(columns("Model", "", *middle, ">Majority"), tuple(rows))


@dataclass(frozen=True)
class LabelRow:
    """One label of a candidate, ready to be drawn."""

    label: str
    before: LabelResult
    after: LabelResult | None
    change: float | None

    @property
    def final(self) -> LabelResult:
        return self.after or self.before

    @property
    def way(self) -> str:
        return "" if not self.change else "up" if self.change > 0 else "down"

    @property
    def drawn(self) -> str:
        """What the page's chart of the label is drawn from, as CSS variables of shares from 0 to 1."""
        before, after = self.before.accuracy, self.after.accuracy if self.after else None
        places = {"b": before, "t": after}
        if self.final.interval:
            places["i0"], places["i1"] = self.final.interval
        if before is not None and after is not None:
            places["l0"], places["l1"] = min(before, after), max(before, after)
        return ";".join(f"--{name}:{place:.3f}" for name, place in places.items() if place is not None)


def label_rows(candidate: Candidate) -> list[LabelRow]:
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
    if len(rows) > MATRIX_LABELS:
        rows.sort(key=lambda row: 2.0 if row.final.accuracy is None else row.final.accuracy)
    return rows


def per_label(candidate: Candidate) -> Table:
    """`label_rows` as a table."""
    tuned = candidate.tuned is not None
    rows = []
    for row in label_rows(candidate):
        cells = [Quoted(row.label), count(row.before.support), percent(row.before.accuracy)]
        if tuned:
            cells += [percent(row.after.accuracy if row.after else None), points(row.change)]
        final = row.final
        cells += [percent_range(final.interval), percent(final.precision), decimal(final.f1, 2)]
        rows.append(tuple(cells))
    middle = (">Fine-tuned", ">Change") if tuned else ()
    names = ("Label", ">Test rows", ">Base", *middle, ">95% interval", ">Precision", ">F1")
    return Table(columns(*names), tuple(rows))


def base_per_label(candidates: Sequence[Candidate], labels: Sequence[str]) -> Table:
    """Per-label accuracy of base models side by side."""
    measured = [candidate.base for candidate in candidates if candidate.base is not None]
    rows = []
    for label in labels:
        results = [base.per_label.get(label) for base in measured]
        support = next((result.support for result in results if result), 0)
        accuracies = (percent(result.accuracy if result else None) for result in results)
        rows.append((Quoted(label), count(support), *accuracies))
    return Table(
        (
            *columns("Label", ">Test rows"),
            *(Column(Quoted(short(base.model)), figures=True) for base in measured),
        ),
        tuple(rows),
    )


def confusions(candidate: Candidate, most: int = 10) -> Table:
    """The pairs that were confused most, after tuning where there was one, with the count before."""
    base, tuned = candidate.base, candidate.tuned
    final = tuned or base
    if base is None or final is None:
        return Table(
            columns(
                "Label",
            ),
            (),
        )
    before = Counter({(cell.gold, cell.predicted): cell.count for cell in base.confusion})
    after = Counter({(cell.gold, cell.predicted): cell.count for cell in final.confusion})
    pairs = {pair for pair in (before | after) if pair[0] != pair[1]}
    best = sorted(pairs, key=lambda pair: (-after[pair], -before[pair], pair[0], pair[1] or ""))[:most]
    rows = []
    for gold, predicted in best:
        answer = "no valid label" if predicted is None else Quoted(predicted)
        support = final.per_label[gold].support if gold in final.per_label else 0
        counts = (
            (count(before[gold, predicted]), count(after[gold, predicted]))
            if tuned
            else (count(before[gold, predicted]),)
        )
        rows.append((Quoted(gold), answer, *counts, count(support)))
    counted = (">Base", ">Fine-tuned") if tuned else (">Rows",)
    return Table(columns("True label", "Answered", *counted, ">Of test rows"), tuple(rows))


def matrix(result: ModelResult, labels: Sequence[str]) -> Table:
    """The whole confusion matrix: rows are true labels, columns are answers."""
    cells = Counter({(cell.gold, cell.predicted): cell.count for cell in result.confusion})
    answers: list[str | None] = [
        *labels,
        *([None] if any(cell.predicted is None for cell in result.confusion) else []),
    ]
    rows = tuple((Quoted(gold), *(count(cells[gold, answer]) for answer in answers)) for gold in labels)
    heads = (Column("no valid label" if answer is None else Quoted(answer), figures=True) for answer in answers)
    return Table((Column("True label"), *heads), rows)


def outcomes(report: Report) -> Table:
    """What became of the test rows, per model; only outcomes that occurred."""
    results = [
        (result, which)
        for candidate in ordered(report)
        for result, which in ((candidate.base, "base"), (candidate.tuned, "fine-tuned"))
        if result is not None
    ]
    seen = [name for name in OUTCOMES if any(result.outcomes.get(name) for result, _ in results)]
    source = {id(candidate.tuned): candidate.model for candidate in report.candidates}
    rows = tuple(
        (
            Quoted(short(source.get(id(result), result.model))),
            which,
            *(count(result.outcomes.get(name, 0)) for name in seen),
            count(result.rows),
        )
        for result, which in results
    )
    return Table(columns("Model", "", *(f">{name.replace('_', ' ')}" for name in seen), ">all"), rows)


def flips(candidate: Candidate, direction: str, most: int = 10) -> Table:
    """Rows on which base and tuned disagree in being right."""
    found = candidate.comparison.flips if candidate.comparison else ()
    rows = tuple(
        (
            Quoted(flip.text if len(flip.text) <= 160 else flip.text[:159] + "…"),
            Quoted(", ".join(flip.gold) or "none"),
            Quoted(", ".join(flip.base) or "no valid label"),
            Quoted(", ".join(flip.tuned) or "no valid label"),
        )
        for flip in [flip for flip in found if flip.direction == direction][:most]
    )
    return Table(columns("Text", "True label", "Base said", "Fine-tuned said"), rows)


def with_interval(result: ModelResult) -> str:
    """`91.7% (88.0–94.3%)`."""
    return f"{percent(result.accuracy)} ({percent_range(result.interval)})"


def ordered(report: Report) -> list[Candidate]:
    """Candidates, the winner's first, then by what they reached on the validation rows."""
    best = report.winner.base_model if report.winner else None

    def key(candidate: Candidate) -> tuple[bool, bool, float]:
        checked = candidate.tuned_validation or candidate.base_validation
        return (candidate.model != best, candidate.tuned is None, -checked.accuracy if checked else 0.0)

    return sorted(report.candidates, key=key)
