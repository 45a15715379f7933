"""Candidates against each other: every pair, and which of them the test rows do not tell apart."""

from __future__ import annotations

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


def standing(report: Report, candidate: CandidateResult) -> str:
    """How an untuned candidate stands against the other untuned ones on the test rows; empty where it has no other."""
    name, tied, ahead = short(candidate.model), [], []
    for pair in report.pairs:
        other = _other(pair, name)
        if other is None:
            continue
        result = next((item.base for item in report.candidates if short(item.model) == other), None)
        text = f"{other} ({percent(result.accuracy)})" if result else other
        if pair.verdict not in ("better", "worse"):
            tied.append(text)
        elif pair.first == name:
            ahead.append(text)
    sentences = []
    if ahead:
        sentences.append(f"On the test rows {listing(ahead)} {'is' if len(ahead) == 1 else 'are'} better.")
    if tied:
        sentences.append(f"On the test rows it cannot be told apart from {listing(tied)}.")
    if not sentences and report.pairs:
        others = sum(_other(pair, name) is not None for pair in report.pairs)
        sentences.append(f"{'The' if others == 1 else 'Every'} other one is worse on the test rows.")
    return " ".join(sentences)


def _other(pair: PairResult, name: str) -> str | None:
    sides: list[tuple[str, Kind]] = [(pair.first, pair.first_kind), (pair.second, pair.second_kind)]
    if (name, "base") not in sides or any(kind != "base" for _, kind in sides):
        return None
    return next(side for side, _ in sides if side != name)
