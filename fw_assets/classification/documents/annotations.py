"""Exports of annotation tools: Label Studio, Argilla, Doccano and Prodigy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Record = Mapping[str, Any]

UNANNOTATED, SKIPPED, DISAGREEMENT = "unannotated", "skipped", "disagreement"


class Flat(NamedTuple):
    """An annotated record as columns: those that may be the text, and those that may be the label."""

    texts: Record
    labels: Record


def _label_studio(record: Record) -> Flat | str:
    """Tasks with `data` and `annotations`, whose `result` has choices by the name of the control.

    Of several annotations the last that was not cancelled would be a choice among people; they have to agree.
    """
    annotations = [
        item for item in record.get("annotations") or record.get("completions") or [] if isinstance(item, dict)
    ]
    valid = [item for item in annotations if not item.get("was_cancelled")]
    if not valid:
        return SKIPPED if annotations else UNANNOTATED
    answers = [_choices(item.get("result") or []) for item in valid]
    answers = [answer for answer in answers if answer]
    if not answers:
        return UNANNOTATED
    if any(answer != answers[0] for answer in answers):
        return DISAGREEMENT
    data = record["data"]
    return Flat({name: value for name, value in data.items() if isinstance(value, str)}, answers[0])


def _choices(results: list[Any]) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        if not isinstance(value, dict):
            continue
        name = str(result.get("from_name", "label"))
        if "start" in value and "end" in value:
            labels[name] = [{"start": value["start"]}]  # spans, which are no classification
        elif isinstance(value.get("choices"), list):
            labels[name] = value["choices"][0] if len(value["choices"]) == 1 else sorted(value["choices"])
        elif isinstance(value.get("taxonomy"), list):
            labels[name] = [" > ".join(map(str, path)) for path in value["taxonomy"]]
        elif "rating" in value:
            labels[name] = value["rating"]
    return labels


def _argilla_records(record: Record) -> Flat | str:
    """Records of Argilla 2 (and 1's feedback datasets): `fields`, and `responses` by question."""
    responses = record.get("responses") or {}
    if isinstance(responses, list):  # of version 1: one entry a user
        by_question: dict[str, list[Any]] = {}
        for item in responses:
            for question, answer in (item.get("values") or {}).items():
                by_question.setdefault(question, []).append({**answer, "status": item.get("status")})
        responses = by_question
    fields = {name: value for name, value in record["fields"].items() if isinstance(value, str)}
    return _responses(fields, responses)


def _argilla_columns(record: Record) -> Flat | str:
    """Argilla's records as columns: `QUESTION.responses` and `.status`, or a list of `{value, status}`."""
    responses: dict[str, list[Any]] = {}
    for name, value in record.items():
        if name.endswith(".responses"):
            question = name.removesuffix(".responses")
            states = record.get(f"{name}.status") or record.get(f"{question}.status") or [None] * len(value or [])
            responses[question] = [
                {"value": answer, "status": state} for answer, state in zip(value or [], states, strict=False)
            ]
        elif _is_responses(value):
            responses[name] = value
    texts = {
        name: value
        for name, value in record.items()
        if isinstance(value, str) and name not in ("id", "status", "external_id") and "." not in name
    }
    return _responses(texts, responses)


def _responses(texts: Record, responses: Mapping[str, list[Any]]) -> Flat | str:
    labels: dict[str, Any] = {}
    discarded = False
    for question, answers in responses.items():
        states = [(item.get("status"), item.get("value")) for item in answers or [] if isinstance(item, dict)]
        discarded = discarded or any(state == "discarded" for state, _ in states)
        values = [value for state, value in states if state in (None, "submitted") and value is not None]
        if values and any(value != values[0] for value in values):
            return DISAGREEMENT
        if values:
            labels[question] = values[0]
    return Flat(texts, labels) if labels else SKIPPED if discarded else UNANNOTATED


def _argilla_classification(record: Record) -> Flat | str:
    """Records of Argilla 1's text classification: `text` or `inputs`, `annotation` and `status`."""
    if record.get("status") == "Discarded":
        return SKIPPED
    if record.get("annotation") in (None, [], ""):
        return UNANNOTATED
    inputs = record.get("inputs")
    texts = dict(inputs) if isinstance(inputs, dict) else {}
    if isinstance(record.get("text"), str) and record["text"] not in texts.values():
        texts = {"text": record["text"]}
    return Flat(texts, {"annotation": record["annotation"]})


def _prodigy(record: Record) -> Flat | str:
    """Tasks with an `answer`; the label is `label` where it was accepted, or the options in `accept`."""
    if record.get("answer") != "accept":
        return SKIPPED if record.get("answer") in ("reject", "ignore") else UNANNOTATED
    if record.get("spans"):
        return Flat(record, {"spans": record["spans"]})
    if "accept" in record:
        accepted = record["accept"] or []
        several = (record.get("config") or {}).get("choice_style") == "multiple"
        return Flat(record, {"accept": accepted if several or len(accepted) != 1 else accepted[0]})
    return Flat(record, {"label": record.get("label")})


def _doccano(record: Record) -> Flat | str:
    """Lines with `text` (or `data`) and a list `label` (or `labels`)."""
    name = "label" if "label" in record else "labels"
    labels = record.get(name) or []
    if not labels:
        return UNANNOTATED
    single = len(labels) == 1 and not isinstance(labels[0], list | dict)
    return Flat(record, {name: labels[0] if single else labels})


def _is_doccano(record: Record) -> bool:
    labels = record.get("label", record.get("labels"))
    has_text = isinstance(record.get("text", record.get("data")), str)
    return isinstance(labels, list) and has_text and "id" in record and not any(isinstance(v, int) for v in labels)


def _is_responses(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "value" in v for v in value)


EXPORTS: tuple[tuple[str, Callable[[Record], bool], Callable[[Record], Flat | str]], ...] = (
    (
        "Label Studio",
        lambda r: isinstance(r.get("data"), dict) and ("annotations" in r or "completions" in r),
        _label_studio,
    ),
    ("Argilla", lambda r: isinstance(r.get("fields"), dict) and "responses" in r, _argilla_records),
    (
        "Argilla",
        lambda r: any(name.endswith(".responses") or _is_responses(value) for name, value in r.items()),
        _argilla_columns,
    ),
    (
        "Argilla",
        lambda r: "annotation" in r and "status" in r and ("text" in r or "inputs" in r),
        _argilla_classification,
    ),
    ("Prodigy", lambda r: "answer" in r and ("_input_hash" in r or "_task_hash" in r), _prodigy),
    ("Doccano", _is_doccano, _doccano),
)
"""Name of the tool, whether a record is of its kind, and how it is read."""
