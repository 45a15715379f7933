"""The first phase: rows from files, what they hold, and the label set with its split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl

from fw_assets.classification.dataset.reader import FileFacts, RejectedRow, RowsRead, read_rows
from fw_assets.classification.dataset.row_store import Spool
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.labels.extraction import Extraction, choose_extraction, extract
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen, digest

__all__ = ["InspectedDataset", "Quantiles", "inspect", "inspect_into", "resolve"]

PREVIEW = 200
SHOWN_INPUTS = 10_000
ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}


class Quantiles(Frozen):
    """The spread of a length over the rows."""

    least: int
    median: int
    p95: int
    most: int


class InspectedDataset(Frozen):
    """What was read, before any label was resolved."""

    files: tuple[FileFacts, ...]
    rows: int
    eval_rows: int
    """Of `rows`, those of the evaluation dataset."""
    multi_label_rows: int
    """Rows whose labels, as read, are not exactly one."""
    ground_truth_rows: int
    weighted_rows: int
    group_key_rows: int
    turns: Quantiles
    """Messages a row."""
    characters: Quantiles
    """Characters of the input turns, without the system message."""
    roles: tuple[str, ...]
    system_prompts: int
    """Different system messages."""
    labels_seen: int
    """Different labels as read, before spelling variants are joined."""
    label_counts: tuple[tuple[str, int], ...]
    """The most frequent of them, at most `PREVIEW`."""
    extraction: Extraction
    rejected: tuple[RejectedRow, ...]
    """Lines left out because of `bad_rows: quarantine`."""
    rejected_kinds: tuple[tuple[str, int], ...]
    digest: str
    """Of the files' content and the extraction rule."""


def inspect(train: Path, eval: Path | None, session: Session) -> tuple[pl.DataFrame, InspectedDataset]:
    """`inspect_into` in memory: the inspected frame (`rows.ROW_COLUMNS`) as well, the training dataset's rows first."""
    spool = Spool()
    inspected = inspect_into(spool, train, eval, session)
    return spool.scan().collect(), inspected


def inspect_into(spool: Spool, train: Path, eval: Path | None, session: Session) -> InspectedDataset:
    """Reads one dataset or two into a spool, validates and describes them.

    Memory is bounded when the spool is a folder: one part at a time, and of the whole only the answers, ground
    truths and lengths.

    Args:
        spool: empty; where the rows go.
        train: the dataset, a file or folder.
        eval: the evaluation dataset, or None.
        session: `bad_rows` and `extraction` are read.

    Raises:
        InputError: bad lines (unless quarantined), no rows, or no label to be found.
    """
    reads = [read_rows(train, source="train", bad_rows=session.bad_rows, spool=spool)]
    if eval is not None:
        reads.append(read_rows(eval, source="eval", bad_rows=session.bad_rows, spool=spool))
    files = tuple(facts for read in reads for facts in read.files)
    spool.each(lambda part: check_frame(part, files))
    # Inputs are by far the widest column; the extraction shows some of the first ones as examples.
    shown = pl.when(pl.col("row") <= SHOWN_INPUTS).then(pl.col("text").str.slice(0, PREVIEW))
    narrow = spool.scan().select(
        *("source", "answer", "ground_truth", "weight", "group_key", "shape"),
        pl.col("text").str.len_chars().alias("characters"),
        shown.alias("text"),
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
        label_counts=tuple((label, count) for label, count in by_count[:PREVIEW]),
        extraction=extraction,
        rejected=rejected,
        rejected_kinds=tuple(sorted(kinds.items())),
        digest=digest([[read.sha256 for read in reads], extraction.name, len(rejected)]),
    )


def _quantiles(lengths: pl.Series) -> Quantiles:
    least, median, p95, most = (int(lengths.quantile(share, "nearest") or 0) for share in (0.0, 0.5, 0.95, 1.0))
    return Quantiles(least=least, median=median, p95=p95, most=most)
