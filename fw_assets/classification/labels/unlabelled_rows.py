"""Rows without a label of the label set, as errors, findings and counts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.dataset.read_result import location
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.labels.aliases import LabelLookup, nearest
from fw_assets.classification.labels.findings import left_out_finding
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import Finding

MAX_NAMED = 20
"""Labels that one message names."""
MAX_LABEL_EXCERPT = 80


def unlabelled_error(
    rows: pl.DataFrame, extracted: pl.Series, inspected: InspectedDataset, lookup: LabelLookup
) -> InputError:
    """The error that names the first unlabelled rows and counts all of them.

    Args:
        rows: the first unlabelled rows of an inspected frame.
        extracted: the labels of all unlabelled rows before resolution; null where the extraction rule found none.
    """
    return InputError(
        unlabelled_problems(rows, extracted.head(rows.height), inspected, lookup),
        advice=f"{_unknown_labels(extracted, lookup)}Correct these rows or the session's `labels`, or "
        "leave such rows out with `bad_rows: quarantine`. Nothing was started.",
        counts=count_kinds(extracted),
    )


def unlabelled_problems(
    rows: pl.DataFrame, extracted: pl.Series, inspected: InspectedDataset, lookup: LabelLookup
) -> list[Problem]:
    """One problem per row, with the nearest label where that is a likely correction."""
    labels = lookup.labels
    choices = ", ".join(labels[:MAX_NAMED]) + (", ..." if len(labels) > MAX_NAMED else "")
    rule = inspected.extraction.name
    similar: dict[str, str | None] = {}
    problems = []
    columns = (rows[name] for name in ("source", "row", "shape", "ground_truth"))
    for source, row, shape, ground_truth, row_labels in zip(*columns, extracted, strict=True):
        file, line = location(inspected.files, row, source)
        field = f"messages[{len(shape) - 1}].content" if ground_truth is None else "ground_truth"
        if row_labels is None:
            kind = "no-label"
            message = f"the extraction rule {rule} finds no label in the final assistant message"
        else:
            kind = "unknown-label"
            unknown = next(label for label in row_labels if lookup.find(label) is None)
            if unknown not in similar:
                similar[unknown] = nearest(unknown, labels)
            hint = f"; did you mean {similar[unknown]!r}?" if similar[unknown] else ""
            message = f"found the label {unknown[:MAX_LABEL_EXCERPT]!r}, expected one of {choices}{hint}"
        problems.append(Problem(kind=kind, file=file, line=line, field=field, message=message))
    return problems


def left_out_findings(rows: pl.DataFrame, extracted: pl.Series, lookup: LabelLookup) -> Iterator[Finding]:
    """Findings about unlabelled rows that are left out."""
    without = extracted.is_null()
    if without.any():
        yield left_out_finding("no label was found", rows.filter(without)["id"].to_list())
    if (~without).any():
        unknown = _unknown_labels(extracted.filter(~without), lookup)
        reason = f"a label is not in the label set. {unknown}".strip().rstrip(".")
        yield left_out_finding(reason, rows.filter(~without)["id"].to_list())


def count_kinds(extracted: pl.Series) -> dict[str, int]:
    """Unlabelled rows by the kind of their problem."""
    without = extracted.null_count()
    counts = {"no-label": without, "unknown-label": len(extracted) - without}
    return {kind: count for kind, count in counts.items() if count}


def _unknown_labels(extracted: pl.Series, lookup: LabelLookup) -> str:
    """A sentence on the labels outside the set, most frequent first; empty when there is none."""
    counts = count_labels(extracted.rename("labels").to_frame())
    unknown = sorted(
        ((label, count) for label, count in counts.items() if lookup.find(label) is None),
        key=lambda item: (-item[1], item[0]),
    )
    if not unknown:
        return ""
    names = ", ".join(f"{label[:MAX_LABEL_EXCERPT]!r} ({count:,})" for label, count in unknown[:MAX_NAMED])
    more = f" and {len(unknown) - MAX_NAMED:,} more" if len(unknown) > MAX_NAMED else ""
    return f"Labels outside the set: {names}{more}. "
