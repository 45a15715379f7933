"""Inspection of a dataset: rows from files, validated and described."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.chat import ROLES
from fw_assets.classification.dataset.columns import FIELDS
from fw_assets.classification.dataset.files import data_files, read_chunks
from fw_assets.classification.dataset.read_result import FileFacts, RowsRead
from fw_assets.classification.dataset.row_errors import LEFT_OUT
from fw_assets.classification.dataset.row_fields import field_names, nested_values
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.errors import input_error
from fw_assets.classification.fields.answer_field import MIN_SHARE, AnswerField, fields_called, find_fields
from fw_assets.classification.formats.dataset import read_dataset
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.labels.extraction import Extraction, choose_extraction, extract
from fw_assets.classification.labels.inspected_dataset import InspectedDataset, Quantiles
from fw_assets.classification.labels.json_rules import is_path, key_of
from fw_assets.classification.labels.rule_ranking import SAMPLE
from fw_assets.classification.session import ALL_FIELDS, Session, field_kind
from fw_assets.classification.slices.slicing import COMPUTED
from fw_assets.classification.splits.repeated_fields import RepeatedField, repeated_fields
from fw_assets.classification.values import digest

MAX_LABELS_LISTED = 200
PREVIEW_ROWS = 10_000
PREVIEW_CHARACTERS = 200
MAX_FIELDS_NAMED = 20


def inspect_dataset(row_store: RowStore, train: Path, evaluation: Path | None, session: Session) -> InspectedDataset:
    """Read one dataset or two into a row store, validate the rows and describe them.

    Memory is bounded when the row store is a folder: one part at a time, and of all rows only the answers, ground
    truths and lengths.

    Args:
        row_store: empty; it receives the rows, those of the training dataset first.
        train: a file or folder.
        evaluation: the evaluation dataset, a file or folder.
        session: `bad_rows`, `extraction`, `fields` and `slices` are read.

    Raises:
        InputError: bad lines (unless quarantined), no rows, no label to be found, or a field that no row has.
    """
    row_store.fields, row_store.group_field = session.slices, session.group_field
    options = ReadingOptions(**{name: getattr(session, name) for name in ReadingOptions.model_fields})
    reads, passed_over = read_dataset(row_store, train, evaluation, session.bad_rows, options)
    files = tuple(facts for read in reads for facts in read.files)
    row_store.each(lambda part: check_frame(part, files))
    _check_slice_fields(row_store, session, train, files)
    # The texts are by far the widest column, and only the examples of the extraction need any.
    preview = pl.when(pl.col("row") <= PREVIEW_ROWS).then(pl.col("text").str.slice(0, PREVIEW_CHARACTERS))
    narrow = row_store.scan().select(
        *("source", "answer", "ground_truth", "weight", "group_key", "shape"),
        pl.col("text").str.len_chars().alias("characters"),
        preview.alias("text"),
    )
    frame = narrow.collect(engine="streaming")
    _check_group_field(frame, session, train)
    fields = find_fields(_sample(frame["answer"].drop_nulls()))
    extraction = choose_extraction(frame, _forced_rule(session, fields))
    if session.fields and not (extraction.rule == "json_key" and extraction.key and is_path(extraction.key)):
        known = ", ".join(field.name for field in fields if field.kind in ("label", "list"))
        raise input_error(
            f"the labels are found by the rule {extraction.name}, which reads no field of the answers' objects",
            field="fields",
            advice=f"Name the fields, the label first{f', one of {known}' if known else ''}. Nothing was started.",
        )
    is_used = frame["group_key"].null_count() < frame.height
    repeated = () if is_used or files[0].read_as else repeated_fields(_first_lines(train))
    # Flags are labels and no fields.
    listed = () if extraction.rule == "flags" else fields
    described = _described(frame, reads, files, extraction, listed, repeated)
    return described.model_copy(update={"passed_over": passed_over})


def _forced_rule(session: Session, fields: Sequence[AnswerField]) -> str | None:
    """The extraction rule that the session forces; with `fields`, the first of them is the label."""
    if not session.fields:
        return session.extraction
    if not fields:
        raise input_error(
            f"fewer than {MIN_SHARE:.0%} of the answers are JSON objects of several fields",
            field="fields",
            advice="Leave `fields` out: the label alone is then learned. Nothing was started.",
        )
    names = [field.name for field in fields]
    label = field_kind(session.fields[0])[0]
    key = next((key_of(field.keys) for field in fields_called(fields, label)), None)
    if label == ALL_FIELDS:
        return session.extraction
    if key is None:
        close = difflib.get_close_matches(label, names, n=1)
        raise input_error(
            f"no answer has a field {label!r}; the fields of the answers are {', '.join(names[:MAX_FIELDS_NAMED])}",
            field="fields",
            advice=(f"Did you mean {close[0]}? " if close else "") + "Nothing was started.",
        )
    if session.extraction is not None and session.extraction != f"json_key:{key}":
        raise input_error(
            f"the label is {label}, the first of `fields`, where `extraction` says {session.extraction}",
            field="extraction",
            advice="Leave `extraction` out, or name another field first. Nothing was started.",
        )
    return f"json_key:{key}"


def _check_slice_fields(row_store: RowStore, session: Session, train: Path, read: Sequence[FileFacts]) -> None:
    """Refuse a field that no row has: it is misspelt."""
    if not session.slices:
        return
    present = [pl.col(FIELDS).list.get(i, null_on_oob=True).is_not_null().any() for i in range(len(session.slices))]
    table = row_store.scan().select(expression.alias(str(i)) for i, expression in enumerate(present))
    found = table.collect(engine="streaming").row(0)
    missing = [name for name, there in zip(session.slices, found, strict=True) if not there and name not in COMPUTED]
    if not missing:
        return
    is_chat = not read[0].read_as
    lines = _first_lines(train) if is_chat else []
    known = list(dict.fromkeys(name for line in lines for name in field_names(line)))[:MAX_FIELDS_NAMED]
    fields = "the rows have no field beside their messages" if is_chat else f"it was read as {read[0].read_as}"
    fields = f"the rows' fields are {', '.join(known)}" if known else fields
    close = difflib.get_close_matches(missing[0], [*known, *COMPUTED], n=1)
    raise input_error(
        f"no row has a field {', '.join(missing)}; {fields}",
        field="slices",
        advice=(f"Did you mean {close[0]}? " if close else "")
        + f"Name fields of the rows, or any of {', '.join(COMPUTED)}. Nothing was started.",
    )


def _check_group_field(frame: pl.DataFrame, session: Session, train: Path) -> None:
    """Refuse a field that no training row has: it is misspelt."""
    name = session.group_field
    if name is None or frame["group_key"].null_count() < frame.height:
        return
    known = list(dict.fromkeys(name for line in _first_lines(train) for name, _ in nested_values(line)))
    close = difflib.get_close_matches(name, known, n=1)
    raise input_error(
        f"no row has a field {name}; "
        + (f"the rows' fields are {', '.join(known[:MAX_FIELDS_NAMED])}" if known else "the rows have messages alone"),
        field="group_field",
        advice=(f"Did you mean {close[0]}? " if close else "") + "Nothing was started.",
    )


def _first_lines(train: Path) -> list[bytes]:
    return next(read_chunks(data_files(train)[0]), b"").split(b"\n", PREVIEW_ROWS)[:PREVIEW_ROWS]


def _described(
    frame: pl.DataFrame,
    reads: list[RowsRead],
    files: tuple[FileFacts, ...],
    extraction: Extraction,
    fields: tuple[AnswerField, ...],
    repeated: tuple[RepeatedField, ...],
) -> InspectedDataset:
    labels = extract(frame, extraction)
    counts = labels.explode(empty_as_null=False, keep_nulls=False).value_counts(sort=True, name="count")
    by_count = sorted(counts.iter_rows(), key=lambda item: (-item[1], item[0]))
    rejected = tuple(row for read in reads for row in read.rejected_lines)
    kinds = Counter(problem.kind for row in rejected for problem in row.problems if problem.kind not in LEFT_OUT)
    for facts in files:
        kinds.update(dict(facts.left_out))
    letters = set("".join(frame["shape"].unique()))
    return InspectedDataset(
        files=files,
        rows=frame.height,
        eval_rows=frame.filter(pl.col("source") == "eval").height,
        multi_label_rows=int((labels.list.len() != 1).sum()),
        ground_truth_rows=frame.height - frame["ground_truth"].null_count(),
        weighted_rows=frame.height - frame["weight"].null_count(),
        group_key_rows=frame.height - frame["group_key"].null_count(),
        turns=_quantiles(frame["shape"].str.len_bytes()),
        characters=_quantiles(frame["characters"]),
        roles=tuple(name for letter, name in ROLES.items() if letter in letters),
        system_prompts=max(read.system_prompts for read in reads),
        labels_seen=len(by_count),
        label_counts=tuple((label, count) for label, count in by_count[:MAX_LABELS_LISTED]),
        extraction=extraction,
        rejected=rejected,
        rejected_kinds=tuple(sorted(kinds.items())),
        digest=digest([[read.sha256 for read in reads], extraction.name, len(rejected)]),
        fields=fields,
        repeated=repeated,
    )


def _sample(answers: pl.Series) -> list[str]:
    return answers.gather_every(max(1, len(answers) // SAMPLE)).to_list()


def _quantiles(lengths: pl.Series) -> Quantiles:
    least, median, p95, most = (int(lengths.quantile(share, "nearest") or 0) for share in (0.0, 0.5, 0.95, 1.0))
    return Quantiles(least=least, median=median, p95=p95, most=most)
