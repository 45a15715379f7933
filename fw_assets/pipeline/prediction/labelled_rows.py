"""Labelled rows: the columns of the file, and beside them what the model said of each row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fw_assets.classification.prompting.answer_parser import parse_answer
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.record_parser import RecordParser
from fw_assets.classification.scope.abstention import Abstention
from fw_assets.classification.unlabelled.input_table import MESSAGES, InputTable, column
from fw_assets.classification.unlabelled.output_table import free_name
from fw_assets.pipeline.evaluation.response_cache import StoredAnswer
from fw_assets.workspace.batches import Batches

EMPTY = "the text is empty, so nothing was asked"
_EXCERPT = 100


@dataclass
class LabelledRows:
    """The rows of an input table with their answers, counted while they pass by.

    Attributes:
        answers: of the rows with a text, in their order, each an answer or the reason why there is none.
        abstention: when a label is left out.
        answered_by: the model that is asked where a free one is not sure, for a column of who answered; empty without.
        outcomes: rows by `labelled`, `abstained`, `no-label`, `unanswered` and `empty`.
    """

    table: InputTable
    answers: Callable[[], Iterator[StoredAnswer | str]]
    prompt: Prompt
    abstention: Abstention
    probabilities: bool
    answered_by: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        taken = set(self.table.names)
        self.names: dict[str, str] = {}
        extra = [f"probability_{label}" for label in self.prompt.labels] if self.probabilities else []
        fields = ["fields"] if self.prompt.fields else []
        by = ["answered_by"] if self.answered_by else []
        for name in ("label", *fields, "confidence", "abstained", *by, *extra, "error"):
            self.names[name] = free_name(name, taken)
            taken.add(self.names[name])
        self._records = RecordParser(self.prompt.fields) if self.prompt.fields else None

    @property
    def json_columns(self) -> frozenset[str]:
        """The columns that hold JSON as text."""
        return self.table.json_columns | ({self.names["fields"]} if self._records else set())

    @property
    def renamed(self) -> list[str]:
        """What is called otherwise since the file has a column of that name, one sentence each."""
        return [
            f"the file has a column `{name}` of its own, so the model's is `{other}`"
            for name, other in self.names.items()
            if name != other
        ]

    def frames(self) -> Iterator[pl.DataFrame]:
        """The output, batch by batch, in the order of the file."""
        answers = self.answers()
        for batch in Batches(self.table.frame):
            asked = batch[MESSAGES].is_not_null()
            rows = [self._row(next(answers) if has_text else None) for has_text in asked]
            own = batch.select(pl.col(column(at)).alias(name) for at, name in enumerate(self.table.names))
            yield own.hstack(list(self._columns(rows)))

    def without_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The output of a table that has no rows."""
        return frame.hstack(list(self._columns([])))

    def _row(self, answer: StoredAnswer | str | None) -> dict[str, Any]:
        if answer is None:
            return {"kind": "empty", "error": EMPTY}
        if isinstance(answer, str):
            return {"kind": "unanswered", "error": answer}
        parsed = parse_answer(self.prompt, answer.completion())
        row: dict[str, Any] = {"confidence": answer.confidence, "probabilities": answer.probabilities or {}}
        row |= {"by": answer.by or self.answered_by, "free": bool(answer.by)}
        if parsed.kind != "valid":
            return row | {"kind": "no-label", "error": self._why(parsed.kind, answer)}
        row |= {"kind": "labelled", "labels": list(parsed.labels)}
        if self._records is not None:
            row["fields"] = json.dumps(self._records.values(answer.text or ""), ensure_ascii=False)
        return row

    def _why(self, kind: str, answer: StoredAnswer) -> str:
        if kind == "truncated":
            return f"the answer was cut off at {self.prompt.max_tokens} tokens"
        said = {"refused": "the model refused to answer", "empty": "the answer is empty"}.get(kind)
        shown = repr((answer.text or "")[:_EXCERPT])
        return said or f"the answer {'names several labels' if kind == 'ambiguous' else 'is no label'}: {shown}"

    def _columns(self, rows: list[dict[str, Any]]) -> Iterable[pl.Series]:
        raw = pl.Series([row.get("confidence") for row in rows], dtype=pl.Float64)
        # A free model's answer was taken for its own confidence, which the other's calibration says nothing of.
        free = pl.Series([row.get("free", False) for row in rows], dtype=pl.Boolean)
        confidence = raw.zip_with(free, self._calibrated(raw))
        labelled = pl.Series([row["kind"] == "labelled" and not row.get("free") for row in rows], dtype=pl.Boolean)
        threshold = self.abstention.threshold
        below = (confidence < threshold if threshold is not None else labelled & False) & labelled
        abstained = below.fill_null(value=False)
        for row, abstains in zip(rows, abstained, strict=True):
            self.outcomes["abstained" if abstains else row["kind"]] += 1
        given = [{} if abstains else row for row, abstains in zip(rows, abstained, strict=True)]
        if self.prompt.multi_label:
            labels = pl.Series([row.get("labels") for row in given], dtype=pl.List(pl.String))
        else:
            labels = pl.Series([(row.get("labels") or [None])[0] for row in given], dtype=pl.String)
        yield labels.alias(self.names["label"])
        if self._records is not None:
            yield pl.Series(self.names["fields"], [row.get("fields") for row in given], dtype=pl.String)
        yield confidence.alias(self.names["confidence"])
        yield abstained.alias(self.names["abstained"])
        if self.answered_by:
            yield pl.Series(self.names["answered_by"], [row.get("by") for row in rows], dtype=pl.String)
        if self.probabilities:
            for label in self.prompt.labels:
                values = [row.get("probabilities", {}).get(label) for row in rows]
                yield pl.Series(self.names[f"probability_{label}"], values, dtype=pl.Float64)
        yield pl.Series(self.names["error"], [row.get("error") for row in rows], dtype=pl.String)

    def _calibrated(self, raw: pl.Series) -> pl.Series:
        known = raw.is_not_null()
        values = np.full(raw.len(), np.nan)
        values[known.to_numpy()] = self.abstention.apply(raw.drop_nulls().to_numpy())
        return pl.Series(values, dtype=pl.Float64).set(~known, None)
