"""Label resolution: extracted labels become the label set, with spellings joined and rows divided into parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.dataset.read_result import RejectedRow
from fw_assets.classification.errors import InputError, Problem, input_error
from fw_assets.classification.labels import findings
from fw_assets.classification.labels.aliases import LabelLookup, contained_labels, equal_numbers, near_misses
from fw_assets.classification.labels.extraction import extract
from fw_assets.classification.labels.imbalance import Imbalance, measure_imbalance, with_mitigations
from fw_assets.classification.labels.inspected_dataset import InspectedDataset
from fw_assets.classification.labels.label_inference import LabelSpellings, check_cut, check_lists, label_spellings
from fw_assets.classification.labels.label_reading import reading_findings, rows_of
from fw_assets.classification.labels.label_set import RARE_TEST_ROWS, LabelCount, LabelSet
from fw_assets.classification.labels.unlabelled_rows import (
    count_kinds,
    left_out_findings,
    unlabelled_error,
    unlabelled_problems,
)
from fw_assets.classification.labels.written_findings import named_rows
from fw_assets.classification.session import Session
from fw_assets.classification.splits.duplicates import find_groups, overlap_facts
from fw_assets.classification.splits.split import EXCLUDED, PARTS, TEST, TRAIN, assign_split, split_facts

SPLIT_COLUMNS = ("id", "source", "row", "messages", "labels", "group", "split", "digest", "weight")
MANY_LABELS = 20
"""More labels than this are refused where they do not repeat."""
MAX_REJECTED_TEXT = 2000


def resolve(
    frame: pl.DataFrame,
    inspected: InspectedDataset,
    session: Session,
    turn_fields: Mapping[str, str] | None = None,
) -> tuple[pl.DataFrame, LabelSet]:
    """The label set and the split of an inspected frame.

    Spelling variants are joined (and listed as aliases). A row without a label, or with a label outside the
    session's `labels`, is an error, or left out (part `excluded`, listed in the findings) with `bad_rows: quarantine`.

    Args:
        turn_fields: of the rows (`turn_fields.turn_fields`); they are part of the split's digests.

    Returns:
        A frame of `SPLIT_COLUMNS` in the order of the inspected frame (without `messages` if that has none), and
        the label set.

    Raises:
        InputError: rows without label or with an unknown one (file, line, field of each), fewer than two
            labels, labels that do not repeat, no row left for training, or a mitigation that is not available.
    """
    extracted = extract(frame, inspected.extraction)
    spellings = label_spellings(extracted, inspected.extraction, session)
    lookup = spellings.lookup
    if session.labels is None:
        check_cut(frame, inspected)
        check_lists(spellings, inspected)
    labels, aliases = _resolved(extracted, lookup)
    unlabelled = labels.is_null()
    if unlabelled.any() and session.bad_rows == "fail":
        first = frame[unlabelled.arg_true().head(InputError.MAX_SHOWN)]
        raise unlabelled_error(first, extracted.filter(unlabelled), inspected, lookup)
    left_out = (frame.filter(unlabelled), extracted.filter(unlabelled))
    working = frame.with_columns(labels.alias("labels"))
    used = working.filter(~unlabelled)
    _check_labels(spellings, used.height, inspected, inferred=session.labels is None)

    groups = find_groups(used)
    grouped = used.with_columns(pl.Series("group", groups.final, dtype=pl.UInt32))
    given = _validation_rows(grouped, inspected)
    parts = assign_split(grouped, session, pl.Series(groups.overlapping), given)
    _check_training_rows(parts, inspected)
    out = _split_frame(working, grouped, parts)

    overlap = overlap_facts(used, groups)
    split = split_facts(out, lookup.labels, session, turn_fields)
    counts = _label_counts(out, lookup.labels)
    train_counts = count_labels(used.filter(pl.col("source") != "eval"))
    removed = count_labels(out.filter(pl.col("split") == EXCLUDED, pl.col("labels").list.len() > 0))
    remaining = {label: train_counts.get(label, 0) - removed.get(label, 0) for label in lookup.labels}
    imbalance = _imbalance(out, remaining, session)
    only_in_eval = tuple(count.label for count in counts if count.total and not train_counts.get(count.label))
    rare = tuple(count.label for count in counts if count.total and count.test < RARE_TEST_ROWS)
    contained = contained_labels(lookup.labels)
    misspelled = near_misses(_counts(labels)) if session.labels is None else ()
    contradicting, contradictions = _contradictions(used, groups.normalised)
    shared_keys = _shared_keys(frame)
    rows_spelling = partial(rows_of, frame["id"], extracted)
    rows_with = partial(rows_of, frame["id"], labels)
    several = (extracted.list.len() != 1) | (labels.list.len() > 1)
    all_findings = (
        *reading_findings(frame, extracted, several, spellings, aliases, inspected),
        *left_out_findings(*left_out, lookup),
        *findings.spelling_findings(
            inspected.extraction,
            misspelled,
            contained,
            lookup.colliding,
            rows_spelling,
            equal_numbers(lookup.labels) if session.labels is None else (),
        ),
        *findings.occurrence_findings(counts, only_in_eval, split, rare, removed, rows_with),
        *findings.imbalance_findings(imbalance, rows_with),
        *findings.overlap_findings(overlap, contradicting, contradictions, shared_keys),
        *findings.large_group_findings(split),
        *findings.unused_group_findings(inspected.repeated),
    )
    return out, LabelSet(
        labels=lookup.labels,
        multi_label=bool(several.any()),
        given=session.labels is not None,
        counts=counts,
        aliases=aliases,
        alias_rows={spelling: spellings.counts.get(spelling, 0) for spelling, _ in aliases},
        contained=contained,
        only_in_eval=only_in_eval,
        rare=rare,
        near_misses=misspelled,
        contradictions=contradictions,
        extraction=inspected.extraction,
        imbalance=imbalance,
        split=split,
        overlap=overlap,
        findings=all_findings,
        left_out=tuple(count_kinds(left_out[1]).items()),
        groups=_groups(out),
        effective_groups=_effective_groups(out),
    )


def _validation_rows(frame: pl.DataFrame, inspected: InspectedDataset) -> pl.Series | None:
    """Whether a row is of a file that is for validation by its name; None where there is no such file."""
    spans = [
        pl.col("row").is_between(file.first_row, file.first_row + file.lines - 1)
        for file in inspected.files
        if file.part == "validation" and file.source == "train"
    ]
    if not spans:
        return None
    return frame.select((pl.col("source") == "train") & pl.any_horizontal(spans)).to_series()


def rejected_for_labels(frame: pl.DataFrame, inspected: InspectedDataset, session: Session) -> tuple[RejectedRow, ...]:
    """The rows that `resolve` leaves out for lack of a known label, each with its reason."""
    extracted = extract(frame, inspected.extraction)
    lookup = label_spellings(extracted, inspected.extraction, session).lookup
    unlabelled = _resolved(extracted, lookup)[0].is_null()
    rows = frame.filter(unlabelled)
    problems = unlabelled_problems(rows, extracted.filter(unlabelled), inspected, lookup)
    return tuple(
        RejectedRow(
            source=source,
            file=problem.file or "",
            line=problem.line or 0,
            problems=(problem,),
            text=text[:MAX_REJECTED_TEXT],
        )
        for source, text, problem in zip(rows["source"], rows["text"], problems, strict=True)
    )


def _counts(labels: pl.Series) -> dict[str, int]:
    return count_labels(labels.rename("labels").to_frame())


def _resolved(extracted: pl.Series, lookup: LabelLookup) -> tuple[pl.Series, tuple[tuple[str, str], ...]]:
    """Every row's labels in the order of the label set (null where one is unknown), and the aliases among them."""
    order = {label: position for position, label in enumerate(lookup.labels)}
    aliases: dict[str, str] = {}
    resolved: dict[tuple[str, ...], list[str] | None] = {}
    for spellings in {tuple(row) for row in extracted.drop_nulls().unique().to_list()}:
        labels: set[str] = set()
        for spelling in spellings:
            label = lookup.find(spelling)
            pieces = (label,) if label else lookup.find_all(spelling)
            if pieces is None:
                resolved[spellings] = None
                break
            if label and label != spelling:
                aliases[spelling] = label
            labels.update(pieces)
        else:
            resolved[spellings] = sorted(labels, key=order.__getitem__)
    # A column built from one Python list per row would be slow: distinct lists are gathered by their number.
    numbers = {spellings: number for number, spellings in enumerate(resolved)}
    table = pl.Series("labels", list(resolved.values()), dtype=pl.List(pl.String))
    rows = [None if row is None else numbers[tuple(row)] for row in extracted.to_list()]
    return table.gather(pl.Series(rows, dtype=pl.UInt32)), tuple(sorted(aliases.items()))


def _check_labels(spellings: LabelSpellings, rows: int, inspected: InspectedDataset, *, inferred: bool) -> None:
    """Refuse labels that are no classification: fewer than two, or inferred ones that do not repeat."""
    labels = spellings.lookup.labels
    if len(labels) == 1 and len(spellings.counts) > 1:
        written = named_rows(sorted(spellings.counts.items(), key=lambda item: (-item[1], item[0])))
        message = f"{written} are read as one label, {labels[0]!r}, so that none is left to tell it from"
        problem = Problem(kind="labels", file=inspected.files[0].path_name, message=message)
        raise InputError([problem], advice="If they are several labels, name them with `labels`. Nothing was started.")
    if len(labels) < 2:
        present = f"only the label {labels[0]!r}" if labels else "no label"
        message = f"{rows:,} rows have {present}, expected at least two labels to tell apart"
    elif inferred and len(labels) > MANY_LABELS and 2 * len(labels) > rows:
        message = (
            f"{len(labels):,} different labels in {rows:,} rows (such as {labels[0]!r}), expected labels that repeat"
        )
    else:
        return
    others = ", ".join(dict.fromkeys(score.name for score in inspected.extraction.runners_up))
    advice = f"Labels were read by the rule {inspected.extraction.name}; force another with `extraction`"
    advice += f" ({others})" if others else ""
    problem = Problem(kind="labels", file=inspected.files[0].path_name, message=message)
    raise InputError([problem], advice=f"{advice}, or give `labels`.")


def _check_training_rows(parts: pl.Series, inspected: InspectedDataset) -> None:
    if (parts == TRAIN).any():
        return
    message = "no row is left for training: each is left out or also occurs in the evaluation dataset"
    problem = Problem(kind="no-training-rows", file=inspected.files[0].path_name, message=message)
    raise InputError([problem], advice="Give a training dataset with rows of its own. Nothing was started.")


def _split_frame(working: pl.DataFrame, grouped: pl.DataFrame, parts: pl.Series) -> pl.DataFrame:
    """The split frame; rows that are left out have a group of their own each, after the others."""
    used = grouped.select("id", "group").with_columns(parts.alias("split"))
    out = working.join(used, on="id", how="left", maintain_order="left")
    groups = int(grouped["group"].max()) + 1 if grouped.height else 0  # type: ignore[arg-type]
    own_group = pl.col("group").is_null().cum_sum().cast(pl.UInt32) + pl.lit(groups - 1, dtype=pl.UInt32)
    columns = [name for name in SPLIT_COLUMNS if name != "messages" or name in working.columns]
    return out.with_columns(
        pl.col("group").fill_null(own_group),
        pl.col("split").fill_null(EXCLUDED),
        pl.col("labels").fill_null([]),
    ).select(columns)


def _label_counts(out: pl.DataFrame, labels: tuple[str, ...]) -> tuple[LabelCount, ...]:
    by_part = {part: count_labels(out.filter(pl.col("split") == part)) for part in PARTS}
    test = out.filter(pl.col("split") == TEST).select("labels", "group").explode("labels")
    groups = dict(test.group_by("labels").agg(pl.col("group").n_unique()).iter_rows())
    return tuple(
        LabelCount(
            label=label,
            test_groups=groups.get(label, 0),
            **{part: by_part[part].get(label, 0) for part in PARTS},
        )
        for label in labels
    )


def _groups(out: pl.DataFrame) -> dict[str, int]:
    """The distinct rows of each part."""
    counted = dict(out.group_by("split").agg(pl.col("group").n_unique()).iter_rows())
    return {part: counted.get(part, 0) for part in PARTS}


def _effective_groups(out: pl.DataFrame) -> dict[str, float]:
    """Groups of equal size that those of each part are worth (Kish 1965): rows squared over summed squares of sizes."""
    sizes = out.group_by("split", "group").agg(pl.len().cast(pl.Float64).alias("rows"))
    worth = sizes.group_by("split").agg(pl.col("rows").sum() ** 2 / (pl.col("rows") ** 2).sum())
    counted = dict(worth.iter_rows())
    return {part: counted.get(part, 0.0) for part in PARTS}


def _imbalance(out: pl.DataFrame, train_counts: dict[str, int], session: Session) -> Imbalance:
    """The imbalance of the training dataset, with its mitigations where they are proposed or asked for."""
    imbalance = measure_imbalance(train_counts, session.imbalance_threshold)
    if imbalance.exceeded or session.mitigation != "none":
        imbalance = with_mitigations(out.filter(pl.col("split") == TRAIN), imbalance, session.seed)
    refusal = imbalance.refusal(session.mitigation)
    if refusal:
        raise input_error(refusal, field="mitigation", advice="Choose another mitigation; nothing was started.")
    return imbalance


def _contradictions(used: pl.DataFrame, text_groups: NDArray[np.int64]) -> tuple[list[str], int]:
    """The ids of rows whose normalised text also occurs with other labels, and the number of such texts."""
    table = used.select("id", pl.Series("text", text_groups), pl.col("labels").list.join("\x1f"))
    differing = table.filter(pl.col("labels").n_unique().over("text") > 1)
    return differing["id"].to_list(), differing["text"].n_unique()


def _shared_keys(frame: pl.DataFrame) -> int:
    """The number of group keys that occur in both datasets."""
    keys = frame.select("source", "group_key").drop_nulls().unique()
    return keys.height - keys["group_key"].n_unique()
