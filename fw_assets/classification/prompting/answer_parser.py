"""Completions to answers: which label was given, or why none was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import polars as pl

from fw_assets.classification.prompting.completion import Completion, answer_probability, read_completion
from fw_assets.classification.prompting.label_matcher import LabelMatcher
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.unwrap import after_reasoning, is_refusal
from fw_assets.classification.values import Frozen

__all__ = [
    "OUTCOMES",
    "PREDICTIONS",
    "Completion",
    "Outcome",
    "ParsedAnswer",
    "answer_probability",
    "outcome_of",
    "parse",
    "predictions_frame",
    "read_completion",
]

Outcome = Literal["correct", "wrong_label", "off_label", "ambiguous", "empty", "truncated", "refused", "failed"]
Kind = Literal["valid", "off_label", "ambiguous", "empty", "truncated", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = (
    "correct",
    "wrong_label",
    "off_label",
    "ambiguous",
    "empty",
    "truncated",
    "refused",
    "failed",
)

PREDICTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "gold": pl.List(pl.String),
    "predicted": pl.List(pl.String),
    "outcome": pl.String,
    "lenient": pl.Boolean,
    "lenient_outcome": pl.String,
    "completion": pl.String,
    "finish_reason": pl.String,
    "error": pl.String,
    "confidence": pl.Float64,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "group": pl.UInt32,
}
"""One row per asked row: `predicted` is empty without a valid label; `lenient` marks rows whose label only
the lenient rule accepts, `outcome` is strict and `lenient_outcome` what the lenient rule makes of the row."""


class ParsedAnswer(Frozen):
    """What one completion says.

    Attributes:
        labels: the labels given, in label-set order; empty unless `kind` is `valid`.
        kind: `valid`, or why there is no label.
        lenient_labels: the labels that only the lenient rule finds (the answer stays `off_label`).
    """

    labels: tuple[str, ...] = ()
    kind: Kind
    lenient_labels: tuple[str, ...] = ()


def parse(prompt: Prompt, completion: Completion) -> ParsedAnswer:
    """Reads a completion, in this order: transport, finish reason, refusal, text after the last `</think>`,
    the dataset's answer format, the text with its wrapping taken off, and last the lenient rule.
    """
    if completion.error is not None or completion.finish_reason == "error":
        return ParsedAnswer(kind="failed")
    if completion.finish_reason == "length":
        return ParsedAnswer(kind="truncated")
    if completion.refusal is not None or completion.finish_reason == "content_filter":
        return ParsedAnswer(kind="refused")
    text = after_reasoning(completion.text or "").strip()
    reader = _reader(prompt)
    if reader.is_blank(text):
        return ParsedAnswer(kind="empty")
    strict = reader.strict(text)
    if strict == "ambiguous":
        return ParsedAnswer(kind="ambiguous")
    if strict is not None:
        return ParsedAnswer(kind="valid", labels=strict)
    if is_refusal(text):
        return ParsedAnswer(kind="refused")
    lenient = reader.lenient(text)
    if lenient == "ambiguous":
        return ParsedAnswer(kind="ambiguous")
    return ParsedAnswer(kind="off_label", lenient_labels=lenient or ())


def outcome_of(answer: ParsedAnswer, gold: Sequence[str]) -> Outcome:
    """The outcome of an answer against the row's labels; several labels are right only as an equal set."""
    if answer.kind == "valid":
        return "correct" if set(answer.labels) == set(gold) else "wrong_label"
    return answer.kind


def predictions_frame(prompt: Prompt, rows: pl.DataFrame, completions: Mapping[str, Completion]) -> pl.DataFrame:
    """The outcomes of one model on `rows`, in their order (schema `PREDICTIONS`).

    Args:
        rows: split rows; `id`, `labels` and `group` are read.
        completions: by row id; a row without one counts as failed, which makes the run incomplete.
    """
    missing = Completion(error="was not asked")
    records = []
    for identity, gold, group in rows.select("id", "labels", "group").iter_rows():
        completion = completions.get(identity, missing)
        answer = parse(prompt, completion)
        outcome = outcome_of(answer, gold)
        lenient = bool(answer.lenient_labels)
        accepted = ParsedAnswer(kind="valid", labels=answer.lenient_labels)
        records.append(
            (
                identity,
                list(gold),
                list(answer.labels),
                outcome,
                lenient,
                outcome_of(accepted, gold) if lenient else outcome,
                completion.text,
                completion.finish_reason,
                completion.error,
                completion.confidence,
                completion.prompt_tokens,
                completion.completion_tokens,
                group,
            )
        )
    return pl.DataFrame(records, schema=PREDICTIONS, orient="row")


@lru_cache(maxsize=16)
def _reader(prompt: Prompt) -> LabelMatcher:
    return LabelMatcher(prompt)
