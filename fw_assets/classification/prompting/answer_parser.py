"""Answer parser: from a completion to its labels, or to the reason why there are none, and to the row's outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.distribution import distribution_column
from fw_assets.classification.prompting.label_matcher import LabelMatcher
from fw_assets.classification.prompting.outcomes import AnswerKind, Outcome
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.prompting.record_parser import FIELD_ANSWERS, RecordParser
from fw_assets.classification.prompting.unwrap import after_reasoning, is_refusal
from fw_assets.classification.values import Frozen

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
"""The schema of a predictions frame, one row per evaluated row. `predicted` is empty without a valid label. `outcome`
is strict; `lenient` marks rows in which only the lenient match finds labels, and `lenient_outcome` accepts those.

Where the prompt asks for several fields there is one more column, `FIELDS`; all others are then those of the label."""
PROBABILITIES = "probabilities"
"""The probabilities of the labels (`DISTRIBUTION`), one more column where a model told any; null for rows without."""
FIELDS = "fields"
"""The answers to all fields (`FIELD_ANSWERS`)."""


class ParsedAnswer(Frozen):
    """The labels that one completion states.

    Attributes:
        labels: in label-set order; empty unless `kind` is `valid`.
        kind: `valid`, or why there is no label.
        lenient_labels: the labels that only the lenient match finds (the answer stays `off_label`).
    """

    labels: tuple[str, ...] = ()
    kind: AnswerKind
    lenient_labels: tuple[str, ...] = ()


def parse_answer(prompt: Prompt, completion: Completion) -> ParsedAnswer:
    """The parsed answer of a completion to `prompt`.

    Decided in this order: transport error, finish reason, refusal by the provider, and then by the text after the
    last `</think>`: strict match, refusal in words, lenient match.
    """
    if completion.error is not None or completion.finish_reason == "error":
        return ParsedAnswer(kind="failed")
    if completion.finish_reason == "length":
        return ParsedAnswer(kind="truncated")
    if completion.refusal is not None or completion.finish_reason == "content_filter":
        return ParsedAnswer(kind="refused")
    text = after_reasoning(completion.text or "").strip()
    matcher = _matcher(prompt)
    if matcher.is_blank(text):
        return ParsedAnswer(kind="empty")
    strict = matcher.strict(text)
    if strict == "ambiguous":
        return ParsedAnswer(kind="ambiguous")
    if strict is not None:
        return ParsedAnswer(kind="valid", labels=strict)
    if is_refusal(text):
        return ParsedAnswer(kind="refused")
    lenient = matcher.lenient(text)
    if lenient == "ambiguous":
        return ParsedAnswer(kind="ambiguous")
    return ParsedAnswer(kind="off_label", lenient_labels=lenient or ())


def outcome_of(answer: ParsedAnswer, gold: Sequence[str]) -> Outcome:
    """The outcome of an answer against the row's labels; several labels are right only as an equal set."""
    if answer.kind == "valid":
        return "correct" if set(answer.labels) == set(gold) else "wrong_label"
    return answer.kind


def predictions_frame(prompt: Prompt, rows: pl.DataFrame, completions: Mapping[str, Completion]) -> pl.DataFrame:
    """The predictions of one model on `rows`, in their order (schema `PREDICTIONS`).

    Args:
        rows: split rows; `id`, `labels` and `group` are read, and `record` where the prompt asks for several fields.
        completions: by row id; a row without one counts as failed, which makes the evaluation incomplete.
    """
    missing = Completion(error="was not asked")
    records, kinds, texts, told = [], [], [], []
    for row_id, gold, group in rows.select("id", "labels", "group").iter_rows():
        completion = completions.get(row_id, missing)
        answer = parse_answer(prompt, completion)
        outcome = outcome_of(answer, gold)
        kinds.append(answer.kind)
        texts.append(completion.text)
        told.append(completion.probabilities)
        lenient = bool(answer.lenient_labels)
        accepted = ParsedAnswer(kind="valid", labels=answer.lenient_labels)
        records.append(
            (
                row_id,
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
    frame = pl.DataFrame(records, schema=PREDICTIONS, orient="row")
    if any(told):
        frame = frame.with_columns(distribution_column(told, len(prompt.labels)).alias(PROBABILITIES))
    if not prompt.fields:
        return frame
    parser = RecordParser(prompt.fields)
    answers = [parser.answers(*row) for row in zip(kinds, texts, rows["record"], strict=True)]
    return frame.with_columns(pl.Series(FIELDS, answers, dtype=FIELD_ANSWERS))


@lru_cache(maxsize=16)
def _matcher(prompt: Prompt) -> LabelMatcher:
    return LabelMatcher(prompt)
