"""Candidates against each other: every pair, and which of them the test rows do not tell apart."""

from __future__ import annotations

from dataclasses import dataclass

from fw_assets.report.formatting import (
    Quoted,
    count,
    listing,
    p_value,
    percent,
    points,
    points_range,
    rows_text,
    short,
    verdict_text,
)
from fw_assets.report.schema.comparison import Kind, PairResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.table import Table, columns


def pairs(report: Report) -> Table:
    """Every pair of candidates; the more accurate one of each is judged."""
    rows = tuple(
        (
            Quoted(pair.second),
            report.kind_of(pair.second, pair.second_kind),
            Quoted(pair.first),
            report.kind_of(pair.first, pair.first_kind),
            points(pair.difference),
            f"{points_range(pair.interval)} ({100 * (1 - pair.level):.4g}%)",
            f"{count(pair.gained)} / {count(pair.lost)}",
            p_value(pair.adjusted_p_value).removeprefix("p = ").removeprefix("p "),
            verdict_text(pair.verdict, pair.margin),
        )
        for pair in report.pairs
    )
    names = ("Model", "", "Against", "", ">Points", ">Interval", ">Only it / only the other right", ">p", "Verdict")
    return Table(columns(*names), rows)


def note(report: Report) -> str:
    """How the pairs were adjusted."""
    choice = report.choice
    others = len(report.pairs) - (0 if choice is None else 1 if choice.first == choice.second else 2)
    alone = "What the validation rows chose is judged alone; " if choice is not None else ""
    adjusted = f"{alone}intervals and p of the other {others} are adjusted for their number (Holm)"
    adjusted = adjusted if alone else "Intervals and p are adjusted for the number of pairs (Holm)"
    return f"{adjusted if others > 1 else 'Nothing is adjusted'}. An interval excludes 0 exactly where p is below 5%."


def ties(report: Report) -> tuple[str, ...]:
    """The groups of candidates that cannot be told apart, one sentence each."""
    where = rows_text(report.pairs[0].rows, report.pairs[0].groups) if report.pairs else ""
    return tuple(
        f"Tied, since no two of them can be told apart on {where}: "
        f"{listing([f'{name} ({report.kind_of(name, kind)})' for name, kind in group.candidates])}."
        for group in report.tied
    )


@dataclass(frozen=True)
class Rivals:
    """Models of the same kind beside one, each with its accuracy on the test rows, the highest first.

    Attributes:
        ahead: shown to be better; tied: not told from it; behind: shown to be worse.
    """

    ahead: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


def rivals(report: Report, name: str, kind: Kind) -> Rivals:
    """The rivals of a model, by its short name, on the test rows."""
    found: dict[str, list[tuple[float, str]]] = {"ahead": [], "tied": [], "behind": []}
    results = {short(item.model): item.tuned if kind == "tuned" else item.base for item in report.candidates}
    for pair in report.pairs:
        other = _other(pair, name, kind)
        if other is None:
            continue
        result = results.get(other)
        relation = "tied"
        if pair.verdict in ("better", "worse"):
            relation = "ahead" if (pair.verdict == "better") == (pair.second == other) else "behind"
        text = f"{other} ({percent(result.accuracy)})" if result else other
        found[relation].append((-result.accuracy if result else 0.0, text))
    return Rivals(**{relation: tuple(text for _, text in sorted(items)) for relation, items in found.items()})


def standing(report: Report, candidate: CandidateResult, kind: Kind = "base") -> str:
    """How a candidate, as it is or fine-tuned, stands against the others on the test rows; empty without others."""
    others = rivals(report, short(candidate.model), kind)
    said = "the fine-tuned " if kind == "tuned" else ""
    sentences = []
    if others.ahead:
        verb = "is" if len(others.ahead) == 1 else "are"
        sentences.append(f"On the test rows {said}{listing(others.ahead)} {verb} better.")
    if others.tied:
        sentences.append(f"On the test rows it cannot be told apart from {said}{listing(others.tied)}.")
    if not sentences and others.behind:
        one = "The" if len(others.behind) == 1 else "Every"
        sentences.append(f"{one} other {'fine-tuned ' if said else ''}one is worse on the test rows.")
    return " ".join(sentences)


def _other(pair: PairResult, name: str, kind: Kind) -> str | None:
    sides: list[tuple[str, Kind]] = [(pair.first, pair.first_kind), (pair.second, pair.second_kind)]
    if (name, kind) not in sides or any(side != kind for _, side in sides):
        return None
    return next(side for side, _ in sides if side != name)
