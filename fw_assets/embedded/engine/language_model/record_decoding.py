"""Constrained greedy decoding of JSON objects: the text around the values is given, and each value follows it.

A value that is one of several is chosen among their tokens, given the row and all that the answer says before it; a
free one is written token by token until it is whole. Texts and values are tokenised each by itself, as in training, so
that no token reaches from one into the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray

from fw_assets.embedded.engine.answer_fields import FieldAnswer, FieldConstraint, around_values, as_json
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

MAX_FREE_TOKENS = 64
_STRING = re.compile(r'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)")
_AFTER_NUMBER = re.compile(r"\s*[-+.\deE]+[^-+.\deE]")
_BEGINNINGS = {"string": '"', "integer": "-0123456789", "number": "-0123456789", "null": "n"}


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
                written = self._free(prompts, said, field.types)
            else:
                scores = self._scores(texts, prompts, said, field.values, self._around[place + 1][0])
                written = [
                    _choice(field.values, row, decoding.temperature, random)
                    for row, decoding, random in zip(scores, decodings, randoms, strict=True)
                ]
            said = [
                (*tokens, *self._model.prompts.encode_part(answer.text))
                for tokens, answer in zip(said, written, strict=True)
            ]
            for values, answer in zip(answers, written, strict=True):
                values.append(answer)
        return answers

    def _room(self) -> int:
        longest = sum(
            MAX_FREE_TOKENS
            if field.values is None
            else max(len(self._model.prompts.encode_part(value)) for value in field.values)
            for field in self._fields
        )
        return longest + sum(map(len, self._around))

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
                return greedy_scoring.likely_answers(self._model, rows, prefix, trie, self._adapter)

            for part, found in passes(indices, count, read):
                scores[list(part)] = found
        return scores

    def _free(
        self, prompts: Sequence[TokenPrompt], said: Sequence[tuple[int, ...]], types: Sequence[str]
    ) -> list[FieldAnswer]:
        begins = self._beginnings(types)
        answers: dict[int, FieldAnswer] = {}
        for prefix, indices in by_prefix(self._model, prompts, self._prefix_adapter):

            def write(part: Sequence[int], prefix: Prefix = prefix) -> list[WrittenAnswer]:
                rows = [(*prompts[index].row, *said[index]) for index in part]
                decodings = [Decoding(MAX_FREE_TOKENS)] * len(rows)
                return free_decoding.write_answers(
                    self._model, rows, prefix, decodings, self._adapter, first=begins, is_whole=_is_whole
                )

            for part, written in passes(indices, ROWS_PER_PASS, write):
                for index, answer in zip(part, written, strict=True):
                    text = as_json(_value(answer.text), types)
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
    if start.startswith('"'):
        return _STRING.match(start) is not None
    return start.startswith("null") or _AFTER_NUMBER.match(start) is not None


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
    column = int(scores.argmax())
    if temperature:
        weights = np.exp((scores - scores.max()) / temperature)
        column = random.choices(range(len(values)), weights=weights.tolist())[0]
    return FieldAnswer(values[column], float(scores[column]), tuple(zip(values, map(float, scores), strict=True)))
