"""A dataset of files of any format: its training and evaluation rows, and the files that are passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fw_assets.classification.dataset.files import list_files, relative_name, unreadable
from fw_assets.classification.dataset.folder import Listing
from fw_assets.classification.dataset.read_result import RowsRead
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.parser import FileParser
from fw_assets.classification.formats.workbook import list_sheets


def read_dataset(
    row_store: RowStore,
    train: Path,
    evaluation: Path | None,
    bad_rows: Literal["fail", "quarantine"],
    options: ReadingOptions,
) -> tuple[list[RowsRead], tuple[str, ...]]:
    """The rows of both datasets, and the names of files that are passed over.

    The test files in a folder of training files are the evaluation dataset, unless another one is given; of a folder
    that is given as the evaluation dataset, the test files are read where it has any. A workbook whose sheets are named
    as parts is read like a folder of them.

    Raises:
        InputError: as `read_rows` and `FileParser.parse`.
    """
    parse = FileParser(options).parse

    def read(path: Path, source: str, listing: Listing) -> RowsRead:
        return read_rows(path, source=source, bad_rows=bad_rows, row_store=row_store, listing=listing, parse=parse)

    listing = _listing(train, options)
    test_files = listing.of_parts("test")
    passed_over = list(listing.passed_over)
    reads = [read(train, "train", listing.of_parts("train", "validation"))]
    if evaluation is None:
        reads += [read(train, "eval", test_files)] if test_files.files else []
        return reads, tuple(passed_over)
    passed_over += [relative_name(train, file) for file in test_files.files]
    other = _listing(evaluation, options)
    passed_over += other.passed_over
    own_test_files = other.of_parts("test")
    if own_test_files.files:
        passed_over += [relative_name(evaluation, file) for file in other.of_parts("train", "validation").files]
    reads.append(read(evaluation, "eval", own_test_files if own_test_files.files else other))
    return reads, tuple(passed_over)


def _listing(path: Path, options: ReadingOptions) -> Listing:
    listing = list_files(path)
    if listing.files != (path,):
        return listing
    try:
        return list_sheets(path, options.sheet)
    except OSError as error:
        raise unreadable(path, "unreadable", f"cannot be read: {error.strerror or error}") from None
