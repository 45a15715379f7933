"""Constrained greedy decoding of JSON objects: the text around the values is given, and each value follows it.

A value that is one of several is chosen among their tokens, given the row and all that the answer says before it; a
free one is written token by token until it is whole. Texts and values are tokenised each by itself, as in training, so
that no token reaches from one into the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fw_assets.embedded.engine.answer_fields import FieldAnswer, FieldConstraint, around_values, as_json, list_of
from fw_assets.embedded.engine.language_model import free_decoding, greedy_scoring
from fw_assets.embedded.engine.language_model.chat_prompt import TokenPrompt
from fw_assets.embedded.engine.language_model.label_choice import FEW_LABELS, by_prefix
from fw_assets.embedded.engine.language_model.label_trie import LabelTrie
from fw_assets.embedded.engine.language_model.language_model import ROWS_PER_PASS, LanguageModel, Prefix
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.memory import passes
from fw_assets.embedded.engine.language_model.tree_scoring import answer_log_probabilities, rows_per_pass
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer

Scores = NDArray[np.float64]

MAX_FREE_TOKENS, MAX_JSON_TOKENS = 64, 128
_COMPOUND = ("[", "{")
_STRING = re.compile(r'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_AFTER_NUMBER = re.compile(r"\s*[-+.\deE]+[^-+.\deE]")
_NUMERALS = "-0123456789"
_BEGINNINGS = {"string": '"', "integer": _NUMERALS, "number": _NUMERALS, "null": "n", "array": "[", "object": "{"}
_BEGINNINGS |= {"boolean": "tf"}


@dataclass(frozen=True)
class _Item:
    """A way in which a list goes on: its tokens, the item among them, and whether the list ends; `text`: null."""

    tokens: tuple[int, ...]
    items: tuple[str, ...]
    ended: bool
    text: str = ""


@dataclass(frozen=True)
class _List:
    """A list as far as it is written."""

    tokens: tuple[int, ...]
    items: tuple[str, ...] = ()
    ended: bool = False
    text: str = ""
    log_probability: float = 0.0

    def followed_by(self, item: _Item, log_probability: float) -> _List:
        return _List(
            (*self.tokens, *item.tokens),
            (*self.items, *item.items),
            item.ended,
            item.text,
            self.log_probability + log_probability,
        )

    def answer(self) -> FieldAnswer:
        text = self.text or list_of(self.items)
        return FieldAnswer(text, self.log_probability, ((text, self.log_probability),))


class RecordDecoder:
    """Writer of objects with certain fields, by one model with one adapter or without."""

    def __init__(
        self,
        model: LanguageModel,
        max_tokens: int,
        fields: Sequence[FieldConstraint],
        adapter: Adapter | None = None,
        *,
        spaced: bool,
        calibrated: bool,
        adapted_prefix: bool = False,
    ) -> None:
        """`calibrated`: whether what the model says of a text that says nothing is divided out of each choice."""
        self._model, self._fields, self._adapter, self._calibrated = model, fields, adapter, calibrated
        self._prefix_adapter = adapter if adapted_prefix else None
        self._max_tokens = max_tokens
        self._around = model.prompts.encode_parts(around_values([field.path for field in fields], spaced=spaced))
        self._priors: dict[tuple[str, tuple[int, ...]], Scores] = {}

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[list[FieldAnswer]]:
        """The values of each text's object, none of which depends on another text.

        Raises:
            EngineError: the instructions are longer than the context, or two values have the same tokens.
        """
        prompts = [self._model.prompts.encode(text, self._max_tokens, self._room()) for text in texts]
        said: list[tuple[int, ...]] = [() for _ in texts]
        answers: list[list[FieldAnswer]] = [[] for _ in texts]
        randoms = [Random(decoding.seed) for decoding in decodings]
        for place, field in enumerate(self._fields):
            said = [(*tokens, *self._around[place]) for tokens in said]
            if field.values is None:
                written = self._free(prompts, said, field)
            elif field.many:
                written = self._lists(prompts, said, field, self._around[place + 1][0], decodings, randoms)
            else:
                scores = self._scores(texts, prompts, said, field.values, self._around[place + 1][0])
                written = [
                    _choice(field.values, row, decoding.temperature, random)
                    for row, decoding, random in zip(scores, decodings, randoms, strict=True)
                ]
            said = [
                (*tokens, *self._model.prompts.encode_value(answer.text, many=field.many))
                for tokens, answer in zip(said, written, strict=True)
            ]
            for values, answer in zip(answers, written, strict=True):
                values.append(answer)
        return answers

    def _room(self) -> int:
        return sum(map(self._longest, self._fields)) + sum(map(len, self._around))

    def _longest(self, field: FieldConstraint) -> int:
        """The most tokens that a value of the field may have."""
        if field.values is None:
            return MAX_JSON_TOKENS if field.least else MAX_FREE_TOKENS
        lengths = [len(self._model.prompts.encode_part(value)) for value in field.values]
        marks = sum(map(len, self._model.prompts.list_marks))
        return min(sum(lengths) + marks * len(lengths), MAX_JSON_TOKENS) if field.many else max(lengths)

    def _scores(
        self,
        texts: Sequence[str],
        prompts: Sequence[TokenPrompt],
        said: Sequence[tuple[int, ...]],
        values: tuple[str, ...],
        after: int,
    ) -> Scores:
        """Log probabilities among the values, (texts, values)."""
        if len(values) == 1:
            return np.zeros((len(prompts), 1))
        trie = LabelTrie([(*self._model.prompts.encode_part(value), after) for value in values])
        scores = self._read(prompts, said, trie)
        if self._calibrated:
            for index, (text, tokens) in enumerate(zip(texts, said, strict=True)):
                nothing = self._model.prompts.content_free(text)
                key = (nothing[0], tokens)
                if key not in self._priors:
                    empty = [self._model.prompts.encode(each, self._max_tokens) for each in nothing]
                    self._priors[key] = self._read(empty, [tokens] * len(empty), trie).mean(axis=0)
                scores[index] -= self._priors[key]
        return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True), np.float64)

    def _read(self, prompts: Sequence[TokenPrompt], said: Sequence[tuple[int, ...]], trie: LabelTrie) -> Scores:
        scores = np.empty((len(prompts), len(trie.paths)))
        few = len(trie.paths) <= FEW_LABELS
        for prefix, indices in by_prefix(self._model, prompts, self._prefix_adapter):
            longest = max(len(prompts[index].row) + len(said[index]) for index in indices)
            count = rows_per_pass(trie, longest, prefix.length) if few else ROWS_PER_PASS

            def read(part: Sequence[int], prefix: Prefix = prefix) -> Scores:
                rows = [(*prompts[index].row, *said[index]) for index in part]
                if few:
                    found = answer_log_probabilities(self._model, rows, prefix, trie, self._adapter)
                    return np.asarray(found.numpy(), np.float64)
                (scores,) = greedy_scoring.likely_answers(self._model, rows, prefix, trie, self._adapter)
                return np.asarray(scores, np.float64)

            for part, found in passes(indices, count, read):
                scores[list(part)] = found
        return scores

    def _lists(
        self,
        prompts: Sequence[TokenPrompt],
        said: Sequence[tuple[int, ...]],
        field: FieldConstraint,
        after: int,
        decodings: Sequence[Decoding],
        randoms: Sequence[Random],
    ) -> list[FieldAnswer]:
        """Lists of the field's values, item by item in the order of the training, each chosen with what follows it."""
        drafts = [_List(tokens) for tokens in said]
        while ready := [index for index, draft in enumerate(drafts) if not draft.ended]:
            # Rows that have said the same items choose among the same ones.
            for items in dict.fromkeys(drafts[index].items for index in ready):
                rows = [index for index in ready if drafts[index].items == items]
                choices = self._next_items(field, items, after)
                trie = LabelTrie([choice.tokens for choice in choices])
                scores = self._read([prompts[row] for row in rows], [drafts[row].tokens for row in rows], trie)
                scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
                for row, own in zip(rows, scores, strict=True):
                    column = _draw(own, decodings[row].temperature, randoms[row])
                    drafts[row] = drafts[row].followed_by(choices[column], float(own[column]))
        return [draft.answer() for draft in drafts]

    def _next_items(self, field: FieldConstraint, items: tuple[str, ...], after: int) -> list[_Item]:
        """What may come after the items of a list that goes on: another one, with what follows it."""
        prompts = self._model.prompts
        opening, between, closing = prompts.list_marks
        values = sorted(field.values or ())
        left = values[values.index(items[-1]) + 1 :] if items else values
        before = () if items else opening
        choices = []
        if not items and "array" in field.types:
            choices.append(_Item((*before, *closing), (), ended=True))
        if not items and "null" in field.types:
            choices.append(_Item((*prompts.encode_part("null"), after), (), ended=True, text="null"))
        for value in left:
            own = (*before, *prompts.encode_part(value))
            choices.append(_Item((*own, *closing), (value,), ended=True))
            if value != left[-1]:
                choices.append(_Item((*own, *between), (value,), ended=False))
        return choices

    def _free(
        self, prompts: Sequence[TokenPrompt], said: Sequence[tuple[int, ...]], field: FieldConstraint
    ) -> list[FieldAnswer]:
        types, limit = field.types, MAX_JSON_TOKENS if field.least else MAX_FREE_TOKENS
        begins = self._beginnings(types)
        answers: dict[int, FieldAnswer] = {}
        for prefix, indices in by_prefix(self._model, prompts, self._prefix_adapter):

            def write(part: Sequence[int], prefix: Prefix = prefix) -> list[WrittenAnswer]:
                rows = [(*prompts[index].row, *said[index]) for index in part]
                decodings = [Decoding(limit)] * len(rows)
                return free_decoding.write_answers(
                    self._model, rows, prefix, decodings, self._adapter, first=begins, is_whole=_is_whole
                )

            for part, written in passes(indices, ROWS_PER_PASS, write):
                for index, answer in zip(part, written, strict=True):
                    text = _json(answer.text, field) if field.least else as_json(_value(answer.text), types)
                    score = min(0.0, answer.log_probability)
                    answers[index] = FieldAnswer(text, score, ((text, score),))
        return [answers[index] for index in range(len(prompts))]

    def _beginnings(self, types: Sequence[str]) -> torch.Tensor:
        """Which tokens of the vocabulary a value of these types begins with."""
        first = tuple("".join(_BEGINNINGS[name] for name in types))
        texts = self._model.prompts.token_texts
        return torch.tensor([text.lstrip(" ").startswith(first) for text in texts])


def _is_whole(text: str) -> bool:
    start = text.lstrip()
    if start[:1] in _COMPOUND:
        return _decoded(start) is not None
    if start.startswith('"'):
        return _STRING.match(start) is not None
    return start.startswith("null") or _AFTER_NUMBER.match(start) is not None


def _decoded(text: str) -> Any:
    """The JSON value that a text begins with; None where it does not end, or is null."""
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def _json(text: str, field: FieldConstraint) -> str:
    """The list or object that was written; the field's smallest value where it does not end or is none of its types."""
    value = _decoded(text)
    kind = {list: "array", dict: "object", type(None): "null"}.get(type(value), "")
    scalar = {str: "string", bool: "boolean", int: "integer", float: "number"}.get(type(value), "")
    ended = value is not None or text.lstrip().startswith("null")
    return json.dumps(value, ensure_ascii=False) if ended and {kind, scalar} & set(field.types) else field.least


def _value(text: str) -> str:
    """What was written, without what comes after the value; the whole of a text that the limit cut off."""
    string = _STRING.match(text)
    if string is not None or text.lstrip().startswith('"'):
        inside = string.group(1) if string is not None else text.lstrip()[1:].rstrip("\\")
        try:
            return str(json.loads(f'"{inside}"', strict=False))
        except ValueError:
            return inside
    number = _NUMBER.match(text)
    return number.group(1) if number is not None else "null"


def _choice(values: Sequence[str], scores: Scores, temperature: float, random: Random) -> FieldAnswer:
    column = _draw(scores, temperature, random)
    return FieldAnswer(values[column], float(scores[column]), tuple(zip(values, map(float, scores), strict=True)))


def _draw(scores: Scores, temperature: float, random: Random) -> int:
    if not temperature:
        return int(scores.argmax())
    weights = np.exp((scores - scores.max()) / temperature)
    return random.choices(range(len(scores)), weights=weights.tolist())[0]
