"""Objects of several fields at the inference server: written whole under a JSON schema, and read field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fw_assets.embedded.engine.answer_fields import FieldAnswer, FieldConstraint, Path, around_values, as_json
from fw_assets.embedded.engine.label_sets import check_candidates
from fw_assets.embedded.engine.written_answers import Decoding
from fw_assets.embedded.errors import precondition
from fw_assets.embedded.inference_server.request_manner import json_schema
from fw_assets.embedded.inference_server.served_chat import ServedAnswer, ServedRequest, ask
from fw_assets.embedded.inference_server.served_scorers import ServedScorer
from fw_assets.embedded.inference_server.token_steps import TokenStep

_FREE_TOKENS = 64
"""Of a free text, as where it is written here."""
_MORE_TOKENS = 32
_DECODER = json.JSONDecoder()

_Found = tuple[Any, int, int]
"""A value, and where its text begins and ends in the answer."""


class ServedRecordScorer(ServedScorer):
    """Model at the server that writes objects: a base model, or an adapter that was trained on them."""

    @property
    def labels(self) -> tuple[str, ...] | None:
        return None

    @property
    def fields(self) -> tuple[FieldConstraint, ...]:
        """As of `RecordWriter`."""
        return tuple(
            FieldConstraint(
                tuple(item["path"]), None if item["values"] is None else tuple(item["values"]), tuple(item["types"])
            )
            for item in self._manifest.get("fields", ())
        )

    def _candidates(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        return check_candidates(labels)

    def write_records(
        self, texts: Sequence[str], fields: Sequence[FieldConstraint], decodings: Sequence[Decoding], *, spaced: bool
    ) -> list[list[FieldAnswer]]:
        """As of `RecordWriter`; each field's alternatives are its own value alone."""
        room = _MORE_TOKENS + self._tokens("".join(around_values([field.path for field in fields], spaced=spaced)))
        room += sum(_FREE_TOKENS if field.values is None else max(map(self._tokens, field.values)) for field in fields)
        requests = [
            self._request(
                text,
                room,
                max_tokens=room,
                temperature=decoding.temperature,
                logprobs=True,
                response_format=_schema(fields),
                **({} if decoding.seed is None else {"seed": decoding.seed}),
            )
            for text, decoding in zip(texts, decodings, strict=True)
        ]
        answers = ask(self._server, self._model, requests)
        return [self._read(request, answer, fields) for request, answer in zip(requests, answers, strict=True)]

    def _read(
        self, request: ServedRequest, answer: ServedAnswer, fields: Sequence[FieldConstraint]
    ) -> list[FieldAnswer]:
        values = _values(answer, fields)
        if values is None and request.tokens is not None:
            # Some servers hold only chats to a schema.
            (answer,) = ask(self._server, self._model, [replace(request, tokens=None)])
            values = _values(answer, fields)
        if values is None:
            raise precondition(
                f"the inference server at {self._server.settings.url} (FW_INFERENCE_URL) does not hold an answer to "
                f"its JSON schema: it answered {answer.text[:80]!r}"
            )
        return values


def _schema(fields: Sequence[FieldConstraint]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for field in fields:
        inner = tree
        for name in field.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[field.path[-1]] = field
    return json_schema(_properties(tree))


def _properties(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _property(item) for name, item in tree.items()}


def _property(item: FieldConstraint | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(item, FieldConstraint):
        if item.values is not None:
            return {"enum": [json.loads(value) for value in item.values]}
        return {"type": item.types[0] if len(item.types) == 1 else list(item.types)}
    schema: dict[str, Any] = json_schema(_properties(item))["json_schema"]["schema"]
    return schema


def _values(answer: ServedAnswer, fields: Sequence[FieldConstraint]) -> list[FieldAnswer] | None:
    """The values of an object; None where the answer is not the object that was asked for."""
    try:
        found = list(_found(answer.text, [field.path for field in fields]))
    except ValueError:
        return None
    answers = []
    for field, (value, begin, end) in zip(fields, found, strict=True):
        if field.values is not None:
            written = next((each for each in field.values if _same(json.loads(each), value)), None)
        else:
            written = as_json(value if isinstance(value, str) else json.dumps(value), field.types)
        if written is None:
            return None
        score = _between(answer.steps, begin, end)
        answers.append(FieldAnswer(written, score, ((written, score),)))
    return answers


def _found(text: str, paths: Sequence[Path]) -> Iterator[_Found]:
    """The values of the fields in their order; ValueError where one is not there."""
    at = 0
    for path in paths:
        at = _after(text, json.dumps(path[-1], ensure_ascii=False), at)
        at = _after(text, ":", at)
        at += len(text[at:]) - len(text[at:].lstrip())
        value, end = _DECODER.raw_decode(text, at)
        yield value, at, end
        at = end


def _after(text: str, part: str, start: int) -> int:
    return text.index(part, start) + len(part)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _between(steps: Sequence[TokenStep], begin: int, end: int) -> float:
    """Log probability of the tokens that write a part of the answer."""
    total, at = 0.0, 0
    for step in steps:
        if at < end and at + len(step.token) > begin:
            total += step.log_probability
        at += len(step.token)
    return total
