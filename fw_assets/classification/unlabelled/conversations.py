"""Conversations of unlabelled rows: what a model is asked for each, and what is wrong with those that hold none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import polars as pl

from fw_assets.classification.dataset.chat import Turn
from fw_assets.classification.dataset.json_errors import RowError
from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.formats.column_choice import choose_text
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.profiles import ColumnProfile, is_empty, profiles
from fw_assets.classification.formats.shapes import Record, Shape, find_conversation, flat_texts, text_of

Converse = Callable[[str, str | None], list[Turn]]
"""From a text and the system message before it, None for the usual one, to the turns of a conversation."""


@dataclass
class Conversations:
    """Maker of the conversations of one file's rows, once `find` has seen the first of them.

    Attributes:
        faults: number of the row, and what is wrong with it.
        read_as: where the text is, in words.
    """

    path: Path
    options: ReadingOptions
    usual: ReadingOptions
    converse: Converse
    faults: list[tuple[int, RowError]] = field(default_factory=list)
    read_as: str = ""
    _shape: Shape | None = None
    _flatten: Callable[[Record], Record] = dict
    _text: tuple[tuple[str, str | None], ...] = ()
    _system: str | None = None

    def find(self, records: Sequence[Record]) -> None:
        """Find the conversation, or the text, of JSON objects.

        Raises:
            InputError: it is not clear, or a column that is named is not there.
        """
        named = self.options.text_column is not None or self.options.text_template is not None
        self._shape = None if named else find_conversation(records)
        if self._shape is not None:
            self.read_as = self._shape.read_as
            return
        self._flatten = flat_texts(records)
        columns = profiles([self._flatten(record) for record in records])
        self._text, self._system = self.choose(columns)

    def choose(self, columns: Mapping[str, ColumnProfile]) -> tuple[tuple[tuple[str, str | None], ...], str | None]:
        """The parts of the text and the column of system messages, among the columns of a table.

        Raises:
            InputError: as `find`.
        """
        text, system = choose_text(columns, self.options, str(self.path), self.usual)
        names = ", ".join(f"`{name}`" for _, name in text if name is not None)
        self.read_as = f"the text in {names}" + (f" after the system message `{system}`" if system else "")
        return text, system

    def of_records(self, records: Sequence[Record], numbers: Sequence[int]) -> pl.Series:
        """The conversations of objects as JSON, null where the text is empty; faults are kept."""
        made = [self._of_record(record, number) for record, number in zip(records, numbers, strict=True)]
        return pl.Series(made, dtype=pl.String)

    def of_texts(self, texts: pl.Series, systems: pl.Series) -> pl.Series:
        """The same of texts."""
        made = [
            None if text is None else self._written(self.converse(text, system))
            for text, system in zip(texts, systems, strict=True)
        ]
        return pl.Series(made, dtype=pl.String)

    def _of_record(self, record: Record, number: int) -> str | None:
        if self._shape is not None:
            return self._of_chat(record, number, self._shape)
        flat = self._flatten(record)
        text = text_of(flat, self._text)
        if isinstance(text, RowError):
            self.faults.append((number, text))
            return None
        system = flat.get(self._system) if self._system else None
        return None if text is None else self._written(self.converse(text, None if is_empty(system) else str(system)))

    def _of_chat(self, record: Record, number: int, shape: Shape) -> str | None:
        converted = shape.convert(record)
        if isinstance(converted, RowError):
            self.faults.append((number, converted))
            return None
        messages = converted.get("messages") if isinstance(converted, dict) else None
        # A ground truth stands for the label, which the rules for rows of a dataset expect.
        row = parse_row(json.dumps({"messages": messages, "ground_truth": "-"}, ensure_ascii=False).encode())
        if not isinstance(row, Row):
            self.faults += [(number, error) for error in row]
            return None
        if not row.text.strip():
            return None
        if row.shape.startswith("s"):
            return row.messages
        opening = [turn for turn in self.converse("", None) if turn["role"] == "system"]
        return self._written([*opening, *json.loads(row.messages)])

    @staticmethod
    def _written(turns: list[Turn]) -> str:
        return msgspec.json.encode(turns).decode()


def faulty_rows(path: Path, faults: Sequence[tuple[int, RowError]]) -> InputError:
    """The error of rows that are at fault."""
    problems = [
        Problem(kind=error.kind, file=str(path), line=number, field=error.field, message=error.message)
        for number, error in faults
    ]
    return InputError(problems, advice="Correct these lines and run again; nothing was asked.")
