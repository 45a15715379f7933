"""Inspection of a dataset: rows from files, validated and described."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.chat import ROLES
from fw_assets.classification.dataset.read_result import FileFacts, RowsRead
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.labels.extraction import Extraction, choose_extraction, extract
from fw_assets.classification.labels.inspected_dataset import InspectedDataset, Quantiles
from fw_assets.classification.session import Session
from fw_assets.classification.values import digest

MAX_LABELS_LISTED = 200
PREVIEW_ROWS = 10_000
PREVIEW_CHARACTERS = 200


def inspect_dataset(row_store: RowStore, train: Path, evaluation: Path | None, session: Session) -> InspectedDataset:
    """Read one dataset or two into a row store, validate the rows and describe them.

    Memory is bounded when the row store is a folder: one part at a time, and of all rows only the answers, ground
    truths and lengths.

    Args:
        row_store: empty; it receives the rows, those of the training dataset first.
        train: a file or folder.
        evaluation: the evaluation dataset, a file or folder.
        session: `bad_rows` and `extraction` are read.

    Raises:
        InputError: bad lines (unless quarantined), no rows, or no label to be found.
    """
    reads = [read_rows(train, source="train", bad_rows=session.bad_rows, row_store=row_store)]
    if evaluation is not None:
        reads.append(read_rows(evaluation, source="eval", bad_rows=session.bad_rows, row_store=row_store))
    files = tuple(facts for read in reads for facts in read.files)
    row_store.each(lambda part: check_frame(part, files))
    # The texts are by far the widest column, and only the examples of the extraction need any.
    preview = pl.when(pl.col("row") <= PREVIEW_ROWS).then(pl.col("text").str.slice(0, PREVIEW_CHARACTERS))
    narrow = row_store.scan().select(
        *("source", "answer", "ground_truth", "weight", "group_key", "shape"),
        pl.col("text").str.len_chars().alias("characters"),
        preview.alias("text"),
    )
    frame = narrow.collect(engine="streaming")
    extraction = choose_extraction(frame, session.extraction)
    return _described(frame, reads, files, extraction)


def _described(
    frame: pl.DataFrame, reads: list[RowsRead], files: tuple[FileFacts, ...], extraction: Extraction
) -> InspectedDataset:
    labels = extract(frame, extraction)
    counts = labels.explode(empty_as_null=False, keep_nulls=False).value_counts(sort=True, name="count")
    by_count = sorted(counts.iter_rows(), key=lambda item: (-item[1], item[0]))
    rejected = tuple(row for read in reads for row in read.rejected_lines)
    kinds = Counter(problem.kind for row in rejected for problem in row.problems)
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
    )


def _quantiles(lengths: pl.Series) -> Quantiles:
    least, median, p95, most = (int(lengths.quantile(share, "nearest") or 0) for share in (0.0, 0.5, 0.95, 1.0))
    return Quantiles(least=least, median=median, p95=p95, most=most)
