"""Histograms of a dataset, as tables whose bars are text: escaped and sortable, and no image."""

from __future__ import annotations

from collections import Counter

import dagster as dg
import polars as pl

from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import LabelCount, LabelSet
from fw_assets.pipeline.ui.metadata import Row, table, tables
from fw_assets.report.formatting import clip

BAR_LENGTH = 8
MAX_SHOWN, MAX_LABELS = 10, 20
MAX_FINDING = 200
"""Characters of a finding on the page of its asset."""
_SEVERITIES = ("error", "warn", "info")


def label_histogram(labels: LabelSet) -> dg.TableMetadataValue:
    """Rows of the rarest labels: those are what a model learns least of."""
    most = max((c.total for c in labels.counts), default=0)
    rows: list[Row] = [{"label": c.label, "rows": c.total, "": _bar(c.total, most)} for c in _rarest_first(labels)]
    return table(rows, MAX_LABELS)


def label_counts(labels: LabelSet) -> list[Row]:
    """Rows of every label in each part, the rarest label first."""
    return [
        {"label": c.label, "rows": c.total, "train": c.train, "validation": c.validation, "test": c.test}
        for c in _rarest_first(labels)
    ]


def _rarest_first(labels: LabelSet) -> list[LabelCount]:
    return sorted(labels.counts, key=lambda c: (c.total, c.label))


def length_histogram(rows: pl.LazyFrame) -> dg.TableMetadataValue:
    """Rows by characters of input, in bins that double."""
    bins = pl.col("text").str.len_chars().clip(1).log(2).floor().cast(pl.UInt8).alias("bin")
    counts = dict(rows.select(bins).group_by("bin").len().collect(engine="streaming").iter_rows())
    most = max(counts.values(), default=0)
    span = range(min(counts, default=0), max(counts, default=-1) + 1)
    return table(
        [
            {
                "characters": f"{2**number:,}-{2 ** (number + 1) - 1:,}",
                "rows": counts.get(number, 0),
                "": _bar(counts.get(number, 0), most),
            }
            for number in span
        ]
    )


def worst_problems(inspected: InspectedDataset) -> dict[str, dg.TableMetadataValue]:
    """The most frequent kinds of bad lines, each with its first line; nothing where no line is bad."""
    kinds = Counter(dict(inspected.rejected_kinds)).most_common(MAX_SHOWN)
    first = {problem.kind: problem for row in reversed(inspected.rejected) for problem in row.problems}
    return tables(
        worst_problems=[
            {"kind": kind, "lines": count, "problem": f"line {first[kind].line}: {first[kind].message}"}
            for kind, count in kinds
        ]
    )


def findings(labels: LabelSet) -> dict[str, dg.TableMetadataValue]:
    """The findings, the most severe first; the checks have them whole, with their rows."""
    ranked = sorted(labels.findings, key=lambda finding: (_SEVERITIES.index(finding.severity), -len(finding.rows)))
    return tables(MAX_SHOWN, findings=[{"finding": clip(finding.message, MAX_FINDING)} for finding in ranked])


def _bar(count: int, most: int) -> str:
    return "█" * max(1, round(BAR_LENGTH * count / most)) if count else ""
