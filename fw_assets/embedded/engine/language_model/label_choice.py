"""Choice among labels by a language model: their probabilities under its own chat template.

For few labels all are read in a tree pass; of many, those that can be the answer, in lockstep. What the base model says
where a row's text says nothing is divided out on request: contextual calibration (Zhao et al. 2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.language_model import greedy_scoring, tree_scoring
from fw_assets.embedded.engine.language_model.chat_prompt import TokenPrompt
from fw_assets.embedded.engine.language_model.label_trie import LabelTrie
from fw_assets.embedded.engine.language_model.language_model import ROWS_PER_PASS, LanguageModel, Prefix
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.memory import passes_side_by_side

Scores = NDArray[np.float64]

FEW_LABELS = 16
"""Labels up to which all are read."""
_CACHED_PRIORS = 64


class LabelChoice:
    """Log probabilities of answers for conversations, by one model with one adapter or without."""

    def __init__(
        self,
        model: LanguageModel,
        max_tokens: int,
        adapter: Adapter | None = None,
        *,
        calibrated: bool,
        adapted_prefix: bool = False,
    ) -> None:
        """`adapted_prefix`: whether the adapter also reads the instructions, or the base model does."""
        self._model, self._adapter, self._calibrated = model, adapter, calibrated
        self._prefix_adapter = adapter if adapted_prefix else None
        self._max_tokens = max_tokens
        self._trie = lru_cache(maxsize=_CACHED_PRIORS)(self._make_trie)
        self._label_prior = lru_cache(maxsize=_CACHED_PRIORS)(self._read_label_prior)
        self._node_prior = lru_cache(maxsize=_CACHED_PRIORS)(self._read_node_prior)

    def log_probabilities(self, conversations: Sequence[str], answers: Sequence[str]) -> Scores:
        """Natural log probabilities among the answers, (conversations, answers); those of a row sum to one.

        Raises:
            EngineError: two answers have the same tokens, or the instructions are longer than the context.
        """
        return self._scores(conversations, answers, [self._calibrated])[0]

    def with_and_without(self, conversations: Sequence[str], answers: Sequence[str]) -> tuple[Scores, Scores]:
        """As `log_probabilities`, calibrated and not, from the same passes."""
        calibrated, plain = self._scores(conversations, answers, [True, False])
        return calibrated, plain

    def _scores(self, conversations: Sequence[str], answers: Sequence[str], calibrated: Sequence[bool]) -> list[Scores]:
        """The scores under each choice of `calibrated`."""
        trie = self._trie(tuple(answers))
        room = max(map(len, trie.paths))
        prompts = [self._model.prompts.encode(text, self._max_tokens, room) for text in conversations]
        scores = np.empty((len(calibrated), len(prompts), len(answers)))
        few = len(answers) <= FEW_LABELS
        for prefix, indices in by_prefix(self._model, prompts, self._prefix_adapter):
            rows = [prompts[index].row for index in indices]
            if few:
                scores[:, indices] = self._tree(rows, prefix, trie)
                if any(calibrated):
                    prior = self._label_prior(_frame(self._model, conversations[indices[0]]), tuple(answers))
                    for way in np.flatnonzero(calibrated):
                        scores[way, indices] -= prior
                continue
            frame = _frame(self._model, conversations[indices[0]]) if any(calibrated) else ""
            priors = [self._node_prior(frame, tuple(answers)) if way else {} for way in calibrated]

            def read(
                part: Sequence[int], prefix: Prefix = prefix, priors: Sequence[greedy_scoring.Prior] = priors
            ) -> Scores:
                own = [prompts[index].row for index in part]
                found = greedy_scoring.likely_answers(self._model, own, prefix, trie, self._adapter, priors)
                return found.swapaxes(0, 1)

            for part, found in passes_side_by_side(indices, ROWS_PER_PASS, read):
                scores[:, list(part)] = found.swapaxes(0, 1)
        return list(scores - np.logaddexp.reduce(scores, axis=2, keepdims=True))

    def _tree(self, rows: Sequence[tuple[int, ...]], prefix: Prefix, trie: LabelTrie) -> Scores:
        count = tree_scoring.rows_per_pass(trie, max(map(len, rows)), prefix.length)

        def read(part: Sequence[tuple[int, ...]]) -> Scores:
            scores = tree_scoring.answer_log_probabilities(self._model, part, prefix, trie, self._adapter)
            return np.asarray(scores.numpy(), np.float64)

        return np.concatenate([scores for _, scores in passes_side_by_side(rows, count, read)]).astype(np.float64)

    def _make_trie(self, answers: tuple[str, ...]) -> LabelTrie:
        return LabelTrie([self._model.prompts.encode_answer(answer) for answer in answers])

    def _content_free(self, frame: str) -> Iterator[tuple[Prefix, list[tuple[int, ...]]]]:
        prompts = [
            self._model.prompts.encode(text, self._max_tokens) for text in self._model.prompts.content_free(frame)
        ]
        for prefix, indices in by_prefix(self._model, prompts, self._prefix_adapter):
            yield prefix, [prompts[index].row for index in indices]

    def _read_label_prior(self, frame: str, answers: tuple[str, ...]) -> Scores:
        parts = [self._tree(rows, prefix, self._trie(answers)) for prefix, rows in self._content_free(frame)]
        return np.asarray(np.concatenate(parts).mean(axis=0), np.float64)

    def _read_node_prior(self, frame: str, answers: tuple[str, ...]) -> dict[int, Scores]:
        reads = [
            read
            for prefix, rows in self._content_free(frame)
            for read in greedy_scoring.read_children(self._model, rows, prefix, self._trie(answers), self._adapter)
        ]
        return {node: np.mean([read[node] for read in reads], axis=0) for node in reads[0]}


def by_prefix(
    model: LanguageModel, prompts: Sequence[TokenPrompt], adapter: Adapter | None
) -> Iterator[tuple[Prefix, list[int]]]:
    """The places of prompts with the same prefix, the shortest rows first, and what the model read of it."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, prompt in enumerate(prompts):
        groups.setdefault(prompt.prefix, []).append(index)
    for tokens, indices in groups.items():
        yield model.read_prefix(tokens, adapter), sorted(indices, key=lambda index: len(prompts[index].row))


def _frame(model: LanguageModel, conversation: str) -> str:
    """The conversation without what its last text says, by which priors are kept."""
    return model.prompts.content_free(conversation)[0]
