"""Scores of several adapters over one base, whose rows are read in the same passes.

Adapters with a head share passes whatever their labels and instructions are; those that generate where they have the
same few answers. Others are scored one after the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.language_model.head import Head
from fw_assets.embedded.engine.language_model.label_choice import FEW_LABELS
from fw_assets.embedded.engine.language_model.label_trie import LabelTrie
from fw_assets.embedded.engine.language_model.language_model import (
    ROWS_PER_PASS,
    LanguageModel,
    Prefix,
    joint_prefix,
)
from fw_assets.embedded.engine.language_model.lora import Adapter, AdapterMix
from fw_assets.embedded.engine.language_model.memory import passes
from fw_assets.embedded.engine.language_model.scorers import GenerationScorer, HeadScorer, ObjectScorer
from fw_assets.embedded.engine.language_model.tree_scoring import answer_log_probabilities, rows_per_pass
from fw_assets.embedded.engine.scorers import Scorer


@dataclass(frozen=True)
class ScoreQuestion:
    """Texts that a scorer is asked about; `labels` as of `Scorer.log_probabilities`."""

    scorer: Scorer
    texts: Sequence[str]
    labels: Sequence[str] | None


@dataclass(frozen=True)
class _Row:
    """One text of a question: the question's place, the tokens, and what is read before them."""

    question: int
    place: int
    tokens: tuple[int, ...]
    prefix: Prefix
    adapter: Adapter


def score_together(questions: Sequence[ScoreQuestion]) -> list[losses.Floats]:
    """Log probabilities of each question, as its scorer gives them; the probabilities to 2e-5.

    Raises:
        EngineError: as of `Scorer.log_probabilities`.
        DeviceBusy: others had the device for too long.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, question in enumerate(questions):
        groups.setdefault(_pass_of(question) or index, []).append(index)
    scores: dict[int, losses.Floats] = {}
    for indices in groups.values():
        if len(indices) == 1:
            question = questions[indices[0]]
            scores[indices[0]] = question.scorer.log_probabilities(question.texts, question.labels)
        else:
            scores |= dict(zip(indices, _mixed([questions[index] for index in indices]), strict=True))
    return [scores[index] for index in range(len(questions))]


def _pass_of(question: ScoreQuestion) -> Hashable:
    """What questions have in common that share passes; None for one that shares none."""
    scorer = question.scorer
    if isinstance(scorer, HeadScorer):
        return ("head", scorer.model)
    if isinstance(scorer, GenerationScorer) and not isinstance(scorer, ObjectScorer):
        answers = scorer.answers(question.labels)
        return ("answers", scorer.model, answers) if len(answers) <= FEW_LABELS else None
    return None


def _mixed(questions: Sequence[ScoreQuestion]) -> list[losses.Floats]:
    scorers = [question.scorer for question in questions]
    first = scorers[0]
    assert isinstance(first, HeadScorer | GenerationScorer)
    with first.model.turn():
        if isinstance(first, GenerationScorer):
            return _answers_mixed(first.model, questions, first.answers(questions[0].labels))
        return _heads_mixed(first.model, questions)


def _heads_mixed(model: LanguageModel, questions: Sequence[ScoreQuestion]) -> list[losses.Floats]:
    heads: list[Head] = []
    for question in questions:
        assert isinstance(question.scorer, HeadScorer)
        heads.append(question.scorer.head(question.labels))
    logits = [np.empty((len(q.texts), len(head.labels))) for q, head in zip(questions, heads, strict=True)]

    def read(part: Sequence[_Row]) -> torch.Tensor:
        with torch.no_grad():
            prefix, adapters = _shared(part)
            return model.last_states([row.tokens for row in part], prefix, adapters)

    for part, states in passes(_rows(model, questions, 0), ROWS_PER_PASS, read):
        for row, state in zip(part, states, strict=True):
            logits[row.question][row.place] = heads[row.question].logits(state[None])[0].double().cpu().numpy()
    return [
        question.scorer.from_logits(own)
        for question, own in zip(questions, logits, strict=True)
        if isinstance(question.scorer, HeadScorer)
    ]


def _answers_mixed(
    model: LanguageModel, questions: Sequence[ScoreQuestion], answers: tuple[str, ...]
) -> list[losses.Floats]:
    trie = LabelTrie([model.prompts.encode_answer(answer) for answer in answers])
    rows = _rows(model, questions, max(map(len, trie.paths)))
    count = rows_per_pass(trie, max(len(row.tokens) for row in rows), max(row.prefix.length for row in rows))
    scores = [np.empty((len(question.texts), len(answers))) for question in questions]

    def read(part: Sequence[_Row]) -> torch.Tensor:
        prefix, adapters = _shared(part)
        return answer_log_probabilities(model, [row.tokens for row in part], prefix, trie, adapters)

    for part, found in passes(rows, count, read):
        for row, own in zip(part, found, strict=True):
            scores[row.question][row.place] = own.double().numpy()
    return [
        question.scorer.from_scores(own)
        for question, own in zip(questions, scores, strict=True)
        if isinstance(question.scorer, GenerationScorer)
    ]


def _rows(model: LanguageModel, questions: Sequence[ScoreQuestion], room: int) -> list[_Row]:
    """The rows of all questions, the shortest first."""
    rows = []
    for index, question in enumerate(questions):
        assert isinstance(question.scorer, HeadScorer | GenerationScorer)
        tuned = question.scorer.tuned
        reader = tuned.adapter if tuned.adapted_prefix else None
        for place, text in enumerate(question.texts):
            prompt = model.prompts.encode(text, tuned.spec.max_context_length, room)
            rows.append(_Row(index, place, prompt.row, model.read_prefix(prompt.prefix, reader), tuned.adapter))
    return sorted(rows, key=lambda row: len(row.tokens))


def _shared(part: Sequence[_Row]) -> tuple[Prefix, Adapter | AdapterMix]:
    """What a pass begins with, and its adapters: those of its rows, where they are not all the same."""
    prefixes, adapters = [row.prefix for row in part], [row.adapter for row in part]
    prefix = prefixes[0] if all(other is prefixes[0] for other in prefixes) else joint_prefix(prefixes)
    return prefix, adapters[0] if len(set(adapters)) == 1 else AdapterMix(adapters)
