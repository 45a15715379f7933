"""Warnings of the plan about the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fw_assets.classification.labels.findings import mixed_format_warning
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.json_rules import is_path
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.plan.long_rows import LongRows, long_row_warnings
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import OutOfScope
from fw_assets.classification.splits.split import SplitFacts

MIN_TEST_ROWS = 100
MIN_TRAINING_ROWS = 100
"""Bounds outside of which a warning is given."""
MIN_SCOPE_ROWS = 50
"""Distinct out-of-scope rows of a part, below which a share of them has an interval of 28 points and more."""
MAX_NAMED = 20


def data_warnings(
    session: Session,
    rows: Mapping[str, int],
    inspected: InspectedDataset,
    label_set: LabelSet,
    too_long: Sequence[LongRows],
) -> Iterator[str]:
    """All warnings about the dataset, the most consequential first."""
    yield from _rejected_warnings(inspected, label_set)
    yield from mixed_format_warning(label_set.extraction)
    yield from (finding.message for finding in label_set.findings if finding.consequential)
    yield from _field_warnings(inspected, label_set)
    yield from long_row_warnings(too_long, rows)
    yield from _data_warnings(session, rows, label_set)
    yield from _scope_warnings(label_set.out_of_scope, label_set.split)


def _rejected_warnings(inspected: InspectedDataset, label_set: LabelSet) -> Iterator[str]:
    kinds = (*inspected.rejected_kinds, *label_set.left_out)
    rows = inspected.rejected_rows + sum(count for _, count in label_set.left_out)
    if rows:
        listed = ", ".join(f"{kind}: {count:,}" for kind, count in kinds)
        yield (
            f"{rows:,} {'row' if rows == 1 else 'rows'} could not be used and {'is' if rows == 1 else 'are'} left out "
            f"({listed}); each is in rejected_rows.jsonl with its reasons."
        )


def _field_warnings(inspected: InspectedDataset, label_set: LabelSet) -> Iterator[str]:
    """The fields of the answers that nothing is learned of, by name, and how to keep them."""
    left_out = inspected.left_out_fields([field.keys for field in label_set.fields])
    if not left_out:
        return
    named = [f"{field.name} ({field.summary})" for field in left_out[:MAX_NAMED]]
    more = f" and {len(left_out) - MAX_NAMED} more" if len(left_out) > MAX_NAMED else ""
    label = inspected.extraction.key if inspected.extraction.rule == "json_key" else "the ground_truth"
    yield (
        f"The answers are objects of {len(inspected.fields)} fields, of which {label} is the label. Left out of "
        f"training and of every answer: {', '.join(named)}{more}.{_keeping(inspected, label_set)}"
    )


def _keeping(inspected: InspectedDataset, label_set: LabelSet) -> str:
    """How to have the fields that are left out, a sentence after a space; empty where none of them can be had."""
    path = inspected.label_path if is_path(inspected.extraction.key or "") else ()
    label = next((field.name for field in inspected.fields if field.keys == path), None)
    asked = [field.keys for field in label_set.fields] or ([path] if label else [])
    left_out = inspected.left_out_fields(asked)
    more = [field.name for field in left_out]
    if label is None:
        first = next((field.name for field in left_out if field.kind == "label"), None)
        others = [name for name in more if name != first]
        if first is None or not others:
            return ""
        named = ", ".join([first, *others][:MAX_NAMED])
        return f" In its place, fields: [{named}] asks for them, with {first} as the label."
    names = [*([field.name for field in label_set.fields] or [label]), *more]
    example = f"fields: [{', '.join(names)}], the label first, or " if len(names) <= MAX_NAMED else ""
    return f" To keep them, set {example}fields: ['*'] for all of them (--field NAME for each on the command line)."


def _data_warnings(session: Session, rows: Mapping[str, int], label_set: LabelSet) -> Iterator[str]:
    distinct = label_set.groups.get("test", rows["test"])
    independent = label_set.independent("test", rows["test"])
    if independent < MIN_TEST_ROWS:
        test_rows = f"{rows['test']} test rows" + (f", {distinct} distinct" if distinct < rows["test"] else "")
        test_rows += f", worth at least {independent} of equal weight" if independent < distinct else ""
        yield f"Only {test_rows}: small differences between models cannot be told from chance."
    if session.mode == "fine-tune" and rows["train"] < MIN_TRAINING_ROWS:
        yield f"Only {rows['train']} training rows: fine-tuning may do little."
    if session.mode == "fine-tune" and not rows["validation"]:
        yield "No validation rows: the choices between models rest on nothing."
    imbalance = label_set.imbalance
    if imbalance.exceeded and session.mitigation == "none":
        yield (
            f"{imbalance.most[0]} occurs {imbalance.ratio:.1f} times as often as {imbalance.least[0]} "
            f"(threshold {imbalance.threshold:g}): consider a mitigation when approving."
        )


def _scope_warnings(found: OutOfScope | None, split: SplitFacts) -> Iterator[str]:
    """What makes the figures of an out-of-scope file doubtful."""
    if found is None:
        return
    if shared := sum(found.shared.values()):
        have = "row has" if shared == 1 else "rows have"
        parts = ", ".join(f"{count:,} of the {part} rows" for part, count in found.shared.items())
        pairs = ", ".join(f"{row} and {other}" for row, other in found.shared_rows)
        yield (
            f"{found.file}: {shared:,} {have} the text of a row that has a label ({parts}; "
            f"{pairs}): a model that gives that label is counted as wrong. Take them out of the one or the other file."
        )
    if found.empty:
        left_out = "row has no text and is" if found.empty == 1 else "rows have no text and are"
        yield f"{found.file}: {found.empty:,} {left_out} left out."
    if not split.rows.validation:
        yield "No validation rows: no confidence threshold can be chosen, and out-of-scope rows are not told by one."
    few = min(found.groups)
    if few < MIN_SCOPE_ROWS:
        yield (
            f"{found.file} has {sum(found.groups):,} different texts, half of which choose a threshold: how often one "
            "is found is only roughly known."
        )
