"""Each free model against the model in use and the best fine-tuned one, on the same test rows."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    p_value,
    plural,
    points,
    points_range,
    short,
    verdict_text,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.table import Table, columns


def free_against(report: Report) -> Table:
    """Every pair of a free model and one that is not: the latter is judged."""
    rows: list[tuple[str, ...]] = []
    for item in report.baselines:
        if (own := item.versus) is not None:
            rows.append(
                (
                    Quoted(short(own.model)),
                    report.kind_of(short(own.model), own.kind or "base"),
                    baseline_name(item.name),
                    points(own.difference),
                    f"{points_range(own.interval)} ({100 * (1 - own.level):.4g}%)",
                    f"{count(own.gained)} / {count(own.lost)}",
                    _bare(own.p_value if own.adjusted_p_value is None else own.adjusted_p_value),
                    verdict_text(own.verdict, own.margin),
                )
            )
    rows += [
        (
            Quoted(pair.second),
            report.kind_of(pair.second, pair.second_kind),
            baseline_name(pair.first),
            points(pair.difference),
            f"{points_range(pair.interval)} ({100 * (1 - pair.level):.4g}%)",
            f"{count(pair.gained)} / {count(pair.lost)}",
            _bare(pair.adjusted_p_value),
            verdict_text(pair.verdict, pair.margin),
        )
        for pair in report.free_pairs
    ]
    names = ("Model", "", "Against", ">Points", ">Interval", ">Only it / only the free one right", ">p", "Verdict")
    return Table(columns(*names), tuple(rows))


def free_note(report: Report) -> str:
    """How these pairs were adjusted."""
    others = len(report.free_pairs)
    together = f"; the other {plural(others, 'pair')} are adjusted for their number (Holm)" if others > 1 else ""
    return f"The free model that is best on the validation rows is judged against the model in use alone{together}."


def left_out_note(report: Report) -> str:
    """Why sentence embeddings are not among the free models; empty where they are."""
    if not report.free_left_out:
        return ""
    return f"Sentence embeddings with logistic regression are not among the free models: {report.free_left_out}."


def _bare(p: float) -> str:
    return p_value(p).removeprefix("p = ").removeprefix("p ")
