"""Findings about a label set that a person should see before approving the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fw_assets.classification.labels.extraction import Extraction
from fw_assets.classification.labels.imbalance import Imbalance
from fw_assets.classification.labels.label_set import Finding, LabelCount, Severity
from fw_assets.classification.splits.duplicates import OverlapFacts
from fw_assets.classification.splits.repeated_fields import RepeatedField
from fw_assets.classification.splits.split import SplitFacts

MAX_ROWS_LISTED = 50
MAX_NAMED = 12
"""Labels or pairs of labels that one message names."""
MAX_LARGE_GAP = 0.05
"""Share of all rows, less that of the test rows, that large duplicate groups may have with no warning."""

RowsWithLabels = Callable[[Iterable[str]], Sequence[str]]
"""The ids of the first rows that have one of some labels."""


def spelling_findings(
    extraction: Extraction,
    near_misses: Sequence[tuple[str, str]],
    contained: Sequence[tuple[str, str]],
    colliding: Sequence[tuple[str, ...]],
    rows_spelling: RowsWithLabels,
    same_number: Sequence[tuple[str, ...]] = (),
) -> Iterator[Finding]:
    """Findings about how labels are written; `rows_spelling` takes labels as the rows spell them."""
    for message in mixed_format_warning(extraction):
        yield _finding("labels_known", "warn", message)
    if near_misses:
        pairs = _list(f"{rare!r} beside {frequent!r}" for rare, frequent in near_misses)
        rows = rows_spelling(rare for rare, _ in near_misses)
        yield _telling("labels_known", f"Labels that may be misspelt, left as they are: {pairs}.", rows)
    for variants in colliding:
        names = _list(map(repr, variants))
        yield _telling("labels_known", f"Labels that differ in case or joints only, matched exactly: {names}.")
    if same_number:
        names = _list(" and ".join(map(repr, forms)) for forms in same_number)
        rows = rows_spelling(form for forms in same_number for form in forms)
        yield _telling("labels_known", f"Labels that are one number in two forms, left as they are: {names}.", rows)
    if contained:
        pairs = _list(f"{inner!r} in {outer!r}" for inner, outer in contained)
        yield _finding("labels_known", "info", f"Labels inside other labels, so only whole answers count: {pairs}.")


def mixed_format_warning(extraction: Extraction) -> Iterator[str]:
    """The warning, if any, that the answers have several formats around the same labels."""
    if extraction.mixed:
        formats = _list(f"{score.name} reads {100 * score.coverage:.1f}% of them" for score in extraction.mixed)
        yield (
            f"The answers are not all in one format ({formats}): each is read in its own, and models are asked for "
            "the label alone."
        )


def occurrence_findings(
    counts: Sequence[LabelCount],
    only_in_eval: Sequence[str],
    split: SplitFacts,
    rare: Sequence[str],
    removed: Mapping[str, int],
    rows_with: RowsWithLabels,
) -> Iterator[Finding]:
    """Findings about labels that are rare or missing in a part.

    Args:
        removed: rows of each label that were taken out of the training dataset.
    """
    absent = [count.label for count in counts if not count.total]
    if absent:
        yield _finding("labels_known", "warn", f"Labels that no row has: {_list(absent)}.")
    if only_in_eval:
        message = f"Labels only in the evaluation dataset, which cannot be learned: {_list(only_in_eval)}."
        yield _telling("labels_known", message, rows_with(only_in_eval))
    unlearned = [count.label for count in counts if count.total and not count.train and count.label in removed]
    if unlearned:
        names = _list(f"{label} ({_count(removed[label], 'row', 'rows')})" for label in unlearned)
        message = (
            f"Labels that cannot be learned, since all their training rows repeat evaluation rows and were taken out: "
            f"{names}. They count as wrong in the test figures of every fine-tuned model; give other rows of them."
        )
        yield _telling("rare_labels", message, rows_with(unlearned))
    untested = [count for count in counts if split.eval_dataset and count.train and not count.test]
    if untested:
        names = _list(f"{count.label} ({_count(count.train, 'training row', 'training rows')})" for count in untested)
        message = f"Labels without test rows, which are learned and cannot be judged: {names}."
        yield _telling("rare_labels", message, rows_with(count.label for count in untested))
    said = {*only_in_eval, *unlearned, *(count.label for count in untested)}
    too_rare = [(label, count) for label, count in split.too_rare if count and label not in said]
    if too_rare:
        names = _list(f"{label} ({count})" for label, count in too_rare)
        rows = rows_with(label for label, _ in too_rare)
        yield _telling("rare_labels", f"Labels too rare to be in train, validation and test: {names}.", rows)
    if rare:
        by_label = {count.label: count for count in counts}
        names = _list(
            f"{label} ({_count(by_label[label].test, 'test row', 'test rows')}{_width(by_label[label])})"
            for label in rare
        )
        yield _finding("rare_labels", "warn", f"Too few test rows to judge these labels by: {names}.", rows_with(rare))


def imbalance_findings(imbalance: Imbalance, rows_with: RowsWithLabels) -> Iterator[Finding]:
    """The finding on the imbalance ratio, a warning above the threshold."""
    (most, many), (least, few) = imbalance.most, imbalance.least
    sizes = f"The most frequent label, {most} ({many:,}), occurs {imbalance.ratio:.1f} times as often as the least "
    sizes += f"frequent, {least} ({few:,})"
    if imbalance.exceeded:
        message = f"{sizes}: above the threshold of {imbalance.threshold:g}; see the mitigations."
        yield _finding("imbalance", "warn", message, rows_with([least]))
    elif many == few:
        yield _finding("imbalance", "info", f"Every label is equally frequent ({_count(many, 'row', 'rows')}).")
    else:
        yield _finding("imbalance", "info", f"{sizes}: within the threshold of {imbalance.threshold:g}.")


def overlap_findings(
    overlap: OverlapFacts, contradicting: Sequence[str], contradictions: int, shared_keys: int
) -> Iterator[Finding]:
    if overlap.removed_from_train:
        copies = _count(overlap.between_train_and_eval, "evaluation row also occurs", "evaluation rows also occur")
        removed = _count(overlap.removed_from_train, "training row was", "training rows were")
        message = f"{copies} in the training dataset; {removed} taken out for it."
        yield _finding("overlap", "warn", message, overlap.removed)
    if overlap.variants:
        tests = _count(len(overlap.variants), "evaluation row has variants", "evaluation rows have variants")
        kept = _count(overlap.variants_in_train, "training row", "training rows")
        message = (
            f"{tests} in the training dataset: {kept} with the same text but for a word or the slots of a template. "
            "They are trained on, so that texts unlike them will be answered less well."
        )
        yield _finding("overlap", "warn", message, overlap.variants)
    if overlap.near_groups:
        groups = _count(overlap.near_groups, "duplicate group", "duplicate groups")
        within = "each within one part"
        if overlap.variants:
            within = "none of them in training and validation both; variants of evaluation rows stay where they are"
        message = f"{overlap.rows_in_groups:,} rows in {groups}, {within}."
        yield _finding("overlap", "info", message)
    if contradictions:
        texts = _count(contradictions, "text occurs", "texts occur")
        message = f"{texts} with different labels; no model can answer both."
        yield _telling("overlap", message, contradicting)
    if shared_keys:
        ids = _count(shared_keys, "conversation or user id occurs", "conversation or user ids occur")
        message = f"{ids} in both datasets; not taken as the same."
        yield _finding("overlap", "info", message)


def large_groups_outside(split: SplitFacts) -> bool:
    """Whether large duplicate groups are so far from their share of the test rows that it has to be said."""
    return split.large_groups > 0 and split.large_share - split.large_test_share > MAX_LARGE_GAP


def large_group_findings(split: SplitFacts) -> Iterator[Finding]:
    """The warning, if any, that the test rows have another share of large duplicate groups than all rows."""
    if not large_groups_outside(split):
        return
    rows = _count(split.large_group_rows, "row", "rows")
    groups = _count(split.large_groups, "large duplicate group", "large duplicate groups")
    message = (
        f"{rows} in {groups} are in training or validation only: such groups hold {100 * split.large_share:.0f}% of "
        f"all rows and {100 * split.large_test_share:.0f}% of the test rows. The test figures are about the other rows "
        "more than about these, and the parts may miss their sizes."
    )
    yield _telling("overlap", message)


def unused_group_findings(repeated: Sequence[RepeatedField]) -> Iterator[Finding]:
    """The warning, if any, that rows share ids by which they are not kept together."""
    if not repeated:
        return
    finest, *others = repeated
    more = f" (or {_list(field.name for field in others)})" if others else ""
    message = (
        f"{finest.name} has {finest.values:,} values in the first {finest.rows:,} rows{more}, and is not used to keep "
        "rows together: rows of one value may be both learned and tested. If it names what belongs together, plan with "
        f"--group-field {finest.name}."
    )
    yield _telling("overlap", message)


def left_out_finding(reason: str, rows: Sequence[str]) -> Finding:
    return _finding("labels_known", "warn", f"{_count(len(rows), 'row', 'rows')} left out: {reason}.", rows)


def _finding(check: str, severity: Severity, message: str, rows: Sequence[str] = ()) -> Finding:
    return Finding(check=check, severity=severity, message=message, rows=tuple(rows[:MAX_ROWS_LISTED]))


def _telling(check: str, message: str, rows: Sequence[str] = ()) -> Finding:
    """A warning that a person should see before the plan is approved, and not only in `plan.md`."""
    return _finding(check, "warn", message, rows).model_copy(update={"consequential": True})


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _width(count: LabelCount) -> str:
    return "" if count.test_half_width is None else f", ±{100 * count.test_half_width:.0f} points"


def _list(items: Iterable[str]) -> str:
    names = list(items)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
