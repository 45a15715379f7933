"""Rows of an out-of-scope file, read as `predict` reads files: every form of a dataset, and no labels."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import polars as pl

from fw_assets.classification.dataset.chat import Turn
from fw_assets.classification.dataset.files import data_files, file_sha256
from fw_assets.classification.dataset.read_result import FileFacts
from fw_assets.classification.errors import input_error
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.prompting.opening import Opening
from fw_assets.classification.session import Session
from fw_assets.classification.splits.out_of_scope import divide_out_of_scope
from fw_assets.classification.unlabelled.input_table import MESSAGES, read_input
from fw_assets.pipeline.registration.staging import local_copies
from fw_assets.pipeline.registration.verification import verified_unchanged
from fw_assets.pipeline.values.registration import Registration, SourceFile
from fw_assets.pipeline.values.served_prompt import tested_opening
from fw_assets.workspace.dataset_rows import out_of_scope_path
from fw_assets.workspace.file_faults import faults_of
from fw_assets.workspace.workspace import Workspace


def with_out_of_scope(
    store: Workspace, registration: Registration, labels: LabelSet, dataset: pl.DataFrame
) -> LabelSet:
    """The label set with what is known of the out-of-scope file, whose rows are stored; as it is without one.

    Args:
        dataset: `id`, `text`, `group` and `split` of the dataset's rows, which are stored already.

    Raises:
        InputError: rows may have several labels, or as `read_out_of_scope` and `divide_out_of_scope`.
    """
    file = registration.out_of_scope_file
    if file is None:
        return labels
    if labels.multi_label:
        message = "rows have several labels here, and those of no label have an empty list; leave out_of_scope out"
        raise input_error(message, field="out_of_scope")
    session, opening = registration.session, tested_opening(store, registration.name)
    rows = read_out_of_scope(store, file, session, opening)
    frame, facts = divide_out_of_scope(rows.messages, dataset, rows.file, rows.read_as, session.seed)
    store.write_frame(frame, *out_of_scope_path(registration.name))
    return labels.model_copy(update={"out_of_scope": facts})


class OutOfScopeRows(NamedTuple):
    """The conversation of each row as JSON, null where it has no text; the file's name, and how it was read."""

    messages: pl.Series
    file: str
    read_as: str


def read_out_of_scope(store: Workspace, file: SourceFile, session: Session, opening: Opening) -> OutOfScopeRows:
    """The rows of the file, or of all files of a folder.

    Args:
        opening: of the dataset's rows, which a text without a system message gets.

    Raises:
        InputError: the content is no longer what was registered, lines are at fault, or the text is not clear.
    """
    usual = ReadingOptions(
        text_column=session.text_column, text_template=session.text_template, label_column=session.label_column
    )

    def converse(text: str, system: str | None) -> list[Turn]:
        return opening.conversation(text, system)

    parts, read_as = list[pl.Series](), list[str]()
    with local_copies(store, [file]) as (source,), verified_unchanged([source]) as check_unchanged:
        root, facts = Path(source.path), list[FileFacts]()
        with tempfile.TemporaryDirectory(prefix="fw-assets-") as folder, faults_of(Path(folder)):
            for path in data_files(root):
                parts_folder = Path(folder) / f"{len(parts)}"
                parts_folder.mkdir()
                facts.append(_facts(source, path))
                table = read_input(path, ReadingOptions(sheet=session.sheet), usual, converse, parts_folder)
                parts.append(table.frame.select(MESSAGES).collect()[MESSAGES])
                read_as.append(table.read_as)
        check_unchanged(facts)
    return OutOfScopeRows(pl.concat(parts), root.name, "; ".join(dict.fromkeys(read_as)))


def _facts(source: SourceFile, path: Path) -> FileFacts:
    counts = dict.fromkeys(("first_row", "lines", "rows", "blank", "rejected"), 0)
    size = path.stat().st_size
    return FileFacts(path_name=str(path), source=source.role, sha256=file_sha256(path), size_bytes=size, **counts)
