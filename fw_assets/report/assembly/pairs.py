"""Candidates against each other as report.json has them, and which of them no test tells apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fw_assets.classification.selection.pair_comparison import PairComparison
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import Kind, PairResult, TiedGroup

Model = tuple[str, Kind]
"""A candidate: its name, and whether it is meant as it is or fine-tuned."""


def pair_result(first: Model, second: Model, comparison: PairComparison) -> PairResult:
    return PairResult(
        first=first[0],
        first_kind=first[1],
        second=second[0],
        second_kind=second[1],
        rows=comparison.rows,
        groups=comparison.groups,
        gained=comparison.gained,
        lost=comparison.lost,
        difference=comparison.difference.value,
        interval=bounds(comparison.difference),
        level=comparison.level,
        p_value=comparison.p_value,
        adjusted_p_value=comparison.adjusted_p,
        margin=comparison.margin,
        verdict=comparison.verdict,
        effective_groups=comparison.differences.effective_rows if comparison.differences else None,
    )


def tied_groups(models: Sequence[Model], pairs: Mapping[tuple[Model, Model], PairComparison]) -> tuple[TiedGroup, ...]:
    """The largest groups of two or more candidates of which no two were shown to differ.

    The insert-and-absorb algorithm of compact letter displays (Piepho, Journal of Computational and Graphical
    Statistics 13, 2004).

    Args:
        models: the most accurate first.
    """
    groups = [frozenset(models)]
    for pair, comparison in pairs.items():
        if comparison.verdict not in ("better", "worse"):
            continue
        split = [group - {model} for group in groups if group.issuperset(pair) for model in pair]
        groups = [group for group in groups if not group.issuperset(pair)] + split
        groups = [group for group in dict.fromkeys(groups) if not any(group < other for other in groups)]
    ordered = sorted([model for model in models if model in group] for group in groups if len(group) > 1)
    ordered.sort(key=lambda group: [models.index(model) for model in group])
    return tuple(TiedGroup(candidates=tuple(group)) for group in ordered)
