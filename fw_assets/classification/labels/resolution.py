"""From labels as read to the label set: spellings joined, duplicates grouped, rows divided and counted."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import polars as pl

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.dataset.reader import RejectedRow, location
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.labels import aliases, findings, imbalance
from fw_assets.classification.labels.extraction import extract
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_set import RARE_TEST_ROWS, Finding, LabelCount, LabelSet
from fw_assets.classification.session import Session
from fw_assets.classification.splits import duplicates, split

SPLIT_COLUMNS = ("id", "source", "row", "messages", "labels", "group", "split", "digest", "weight")
MANY_LABELS = 20


def resolve(frame: pl.DataFrame, inspected: InspectedDataset, session: Session) -> tuple[pl.DataFrame, LabelSet]:
    """The label set and the split of an inspected frame.

    Spelling variants are joined (and listed as aliases). A row without a label, or with a label outside given
    `labels`, is an error, or left out (part `excluded`, listed in the findings) with `bad_rows: quarantine`.

    Returns:
        A frame of `SPLIT_COLUMNS` in the order of the inspected frame (without `messages` if that has none), and
        the label set.

    Raises:
        InputError: rows without label or with an unknown one (file, line, field of each), fewer than two
            labels, labels that do not repeat, no row left for training, or a mitigation that cannot be had.
    """
    raw = extract(frame, inspected.extraction)
    is_eval = frame["source"] == "eval"
    counts = _counts(raw)
    known = aliases.Spellings(session.labels or aliases.infer_labels(counts))
    multi_label = bool((raw.list.len() != 1).fill_null(False).any())
    labels, spellings, multi_label = _resolved(raw, known, multi_label)
    unlabelled = labels.is_null()
    left_out = _left_out_kinds(raw.filter(unlabelled))
    if unlabelled.any() and session.bad_rows == "fail":
        first = unlabelled.arg_true().head(InputError.SHOWN)
        raise InputError(
            _unlabelled(frame[first], raw.gather(first), inspected, known),
            advice=f"{_unknown_labels(raw.filter(unlabelled), known)}Correct these rows or the session's `labels`, or "
            "leave such rows out with `bad_rows: quarantine`. Nothing was started.",
            counts=left_out,
        )
    _check_count(known.labels, frame.height - int(unlabelled.sum()), inspected, given=session.labels is not None)

    working = frame.with_columns(labels.alias("labels"))
    used = working.filter(~unlabelled)
    groups = duplicates.find_groups(used)
    overlapping = pl.Series(groups.overlapping)
    parts = split.assign_split(
        used.with_columns(pl.Series("group", groups.final, dtype=pl.UInt32)), session, overlapping
    )
    _check_training_rows(parts, inspected)
    out = _joined(working, used, groups.final, parts)

    facts = duplicates.overlap_facts(used, groups)
    split_facts = split.split_facts(out, known.labels, session)
    label_counts = _label_counts(out, known.labels)
    trained_on = count_labels(working.filter(~is_eval & ~unlabelled))
    measured = imbalance.measure(
        {label: trained_on.get(label, 0) for label in known.labels}, session.imbalance_threshold
    )
    if measured.exceeded or session.mitigation != "none":
        measured = imbalance.quantify(out.filter(pl.col("split") == split.TRAIN), measured, session.seed)
    refusal = measured.refusal(session.mitigation)
    if refusal:
        raise input_error(refusal, field="mitigation", advice="Choose another mitigation; nothing was started.")
    only_in_eval = tuple(c.label for c in label_counts if c.total and not trained_on.get(c.label))
    rare = tuple(c.label for c in label_counts if c.total and c.test < RARE_TEST_ROWS)
    contained = aliases.contained_labels(known.labels)
    misses = aliases.near_misses(_counts(labels)) if session.labels is None else ()
    contradicting, contradictions = _contradictions(used, groups.normalised)
    spelled = partial(_having, frame["id"], raw)
    where = partial(_having, frame["id"], labels)
    all_findings = (
        *_left_out(frame.filter(unlabelled), raw.filter(unlabelled), known),
        *findings.spelling_findings(inspected.extraction, spellings, misses, contained, known.colliding, spelled),
        *findings.occurrence_findings(label_counts, only_in_eval, split_facts, rare, where),
        *findings.imbalance_findings(measured, where),
        *findings.overlap_findings(facts, contradicting, contradictions, used.height, _shared_keys(frame)),
    )
    return out, LabelSet(
        labels=known.labels,
        multi_label=multi_label,
        given=session.labels is not None,
        counts=label_counts,
        aliases=spellings,
        contained=contained,
        only_in_eval=only_in_eval,
        rare=rare,
        near_misses=misses,
        contradictions=contradictions,
        extraction=inspected.extraction,
        imbalance=measured,
        split=split_facts,
        overlap=facts,
        findings=all_findings,
        left_out=tuple(left_out.items()),
    )


def _counts(labels: pl.Series) -> dict[str, int]:
    return count_labels(pl.DataFrame({"labels": labels}))


def _resolved(
    raw: pl.Series, known: aliases.Spellings, multi_label: bool
) -> tuple[pl.Series, tuple[tuple[str, str], ...], bool]:
    """Every row's labels in the set's order (null where one is unknown), the spellings that were joined."""
    order = {label: position for position, label in enumerate(known.labels)}
    spellings: dict[str, str] = {}
    several = multi_label
    meaning: dict[tuple[str, ...], list[str] | None] = {}
    for spelled in {tuple(labels) for labels in raw.drop_nulls().unique().to_list()}:
        found: set[str] = set()
        for text in spelled:
            label = known.find(text)
            pieces = (label,) if label else known.find_all(text)
            if pieces is None:
                meaning[spelled] = None
                break
            if label and label != text:
                spellings[text] = label
            found.update(pieces)
            several = several or len(pieces) > 1
        else:
            meaning[spelled] = sorted(found, key=order.__getitem__)
    # One list a meaning, gathered: a column built from a Python list a row is slow.
    position = {spelled: number for number, spelled in enumerate(meaning)}
    table = pl.Series("labels", list(meaning.values()), dtype=pl.List(pl.String))
    rows = [None if labels is None else position[tuple(labels)] for labels in raw.to_list()]
    return table.gather(pl.Series(rows, dtype=pl.UInt32)), tuple(sorted(spellings.items())), several


def _unlabelled(
    rows: pl.DataFrame, raw: pl.Series, inspected: InspectedDataset, known: aliases.Spellings
) -> list[Problem]:
    problems = []
    choices = ", ".join(known.labels[:20]) + (", ..." if len(known.labels) > 20 else "")
    like: dict[str, str | None] = {}
    for source, row, shape, truth, labels in zip(
        rows["source"], rows["row"], rows["shape"], rows["ground_truth"], raw, strict=True
    ):
        file, line = location(inspected.files, row, source)
        field = f"messages[{len(shape) - 1}].content" if truth is None else "ground_truth"
        if labels is None:
            rule = inspected.extraction.name
            kind, message = (
                "no-label",
                f"the extraction rule {rule} finds no label in the final assistant message",
            )
        else:
            wrong = next(label for label in labels if known.find(label) is None)
            if wrong not in like:
                like[wrong] = aliases.nearest(wrong, known.labels)
            hint = f"; did you mean {like[wrong]!r}?" if like[wrong] else ""
            kind, message = (
                "unknown-label",
                f"found the label {wrong[:80]!r}, expected one of {choices}{hint}",
            )
        problems.append(Problem(kind=kind, file=file, line=line, field=field, message=message))
    return problems


def rejected_for_labels(frame: pl.DataFrame, inspected: InspectedDataset, session: Session) -> tuple[RejectedRow, ...]:
    """The rows that `resolve` leaves out for want of a known label, each with its reason."""
    raw = extract(frame, inspected.extraction)
    known = aliases.Spellings(session.labels or aliases.infer_labels(_counts(raw)))
    unlabelled = _resolved(raw, known, False)[0].is_null()
    rows = frame.filter(unlabelled)
    problems = _unlabelled(rows, raw.filter(unlabelled), inspected, known)
    return tuple(
        RejectedRow(
            source=source, file=problem.file or "", line=problem.line or 0, problems=(problem,), text=text[:2000]
        )
        for source, text, problem in zip(rows["source"], rows["text"], problems, strict=True)
    )


def _check_count(labels: tuple[str, ...], rows: int, inspected: InspectedDataset, *, given: bool) -> None:
    file = inspected.files[0].path_name
    rule = inspected.extraction.name
    if len(labels) < 2:
        found = f"only the label {labels[0]!r}" if labels else "no label"
        message = f"{rows:,} rows have {found}, expected at least two labels to tell apart"
    elif not given and len(labels) > MANY_LABELS and 2 * len(labels) > rows:
        found = f"{len(labels):,} different labels in {rows:,} rows (such as {labels[0]!r})"
        message = f"{found}, expected labels that repeat"
    else:
        return
    others = ", ".join(dict.fromkeys(score.name for score in inspected.extraction.runners_up))
    advice = f"Labels were read by the rule {rule}; force another with `extraction`" + (
        f" ({others})" if others else ""
    )
    raise InputError([Problem(kind="labels", file=file, message=message)], advice=f"{advice}, or give `labels`.")


def _check_training_rows(parts: pl.Series, inspected: InspectedDataset) -> None:
    if (parts == split.TRAIN).any():
        return
    message = "no row is left for training: each is left out or also occurs in the evaluation dataset"
    problem = Problem(kind="no-training-rows", file=inspected.files[0].path_name, message=message)
    raise InputError([problem], advice="Give a training dataset with rows of its own. Nothing was started.")


def _joined(
    working: pl.DataFrame,
    used: pl.DataFrame,
    group: np.ndarray[tuple[int], np.dtype[np.int64]],
    parts: pl.Series,
) -> pl.DataFrame:
    """The split frame; rows left out are a group of their own each, after the others."""
    known = used.select("id").with_columns(pl.Series("group", group, dtype=pl.UInt32), parts.alias("split"))
    out = working.join(known, on="id", how="left", maintain_order="left")
    last = int(group.max()) + 1 if len(group) else 0
    alone = pl.col("group").is_null().cum_sum().cast(pl.UInt32) + pl.lit(last - 1, dtype=pl.UInt32)
    columns = [name for name in SPLIT_COLUMNS if name != "messages" or name in working.columns]
    return out.with_columns(
        pl.col("group").fill_null(alone),
        pl.col("split").fill_null(split.EXCLUDED),
        pl.col("labels").fill_null([]),
    ).select(columns)


def _label_counts(out: pl.DataFrame, labels: tuple[str, ...]) -> tuple[LabelCount, ...]:
    by_part = {part: count_labels(out.filter(pl.col("split") == part)) for part in split.PARTS}
    return tuple(
        LabelCount(label=label, **{part: by_part[part].get(label, 0) for part in split.PARTS}) for label in labels
    )


def _contradictions(used: pl.DataFrame, same: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[list[str], int]:
    table = used.select("id", "labels").with_columns(pl.Series("same", same), pl.col("labels").list.join("\x1f"))
    differing = table.filter(pl.col("labels").n_unique().over("same") > 1)
    return differing["id"].to_list(), differing["same"].n_unique()


def _having(ids: pl.Series, labels: pl.Series, names: Iterable[str]) -> list[str]:
    """The ids of the first rows that have one of the labels."""
    having = labels.list.eval(pl.element().is_in(list(names))).list.any().fill_null(False)
    return ids.filter(having).head(findings.MAX_ROWS_NAMED).to_list()


def _shared_keys(frame: pl.DataFrame) -> int:
    keys = frame.select("source", "group_key").drop_nulls().unique()
    return keys.height - keys["group_key"].n_unique()


def _left_out_kinds(raw: pl.Series) -> dict[str, int]:
    without = raw.null_count()
    counts = {"no-label": without, "unknown-label": len(raw) - without}
    return {kind: count for kind, count in counts.items() if count}


def _unknown_labels(raw: pl.Series, known: aliases.Spellings) -> str:
    """The labels that are not in the set, most frequent first, as a sentence; empty when there is none."""
    counts = {label: count for label, count in _counts(raw).items() if known.find(label) is None}
    if not counts:
        return ""
    named = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = ", ".join(f"{label[:80]!r} ({count:,})" for label, count in named[:MANY_LABELS])
    more = f" and {len(named) - MANY_LABELS:,} more" if len(named) > MANY_LABELS else ""
    return f"Labels outside the set: {listed}{more}. "


def _left_out(rows: pl.DataFrame, raw: pl.Series, known: aliases.Spellings) -> list[Finding]:
    found = []
    without = raw.is_null()
    if without.any():
        found.append(findings.left_out_finding("no label was found", rows.filter(without)["id"].to_list()))
    if (~without).any():
        what = f"a label is not in the label set. {_unknown_labels(raw.filter(~without), known)}".strip().rstrip(".")
        found.append(findings.left_out_finding(what, rows.filter(~without)["id"].to_list()))
    return found
