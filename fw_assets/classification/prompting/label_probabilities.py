"""Probability of each label, from the alternatives to the token of an answer that tells the labels apart."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from fw_assets.classification.prompting.prompt import Prompt


class AnswerToken(Protocol):
    """A token of an answer, and those that could stand in its place, each with its log probability."""

    @property
    def token(self) -> str: ...
    @property
    def logprob(self) -> float: ...
    @property
    def top(self) -> Sequence[tuple[str, float]]: ...


def why_none(prompt: Prompt, alternatives: int) -> str:
    """Why there can be no probability for each label, empty where there can.

    Args:
        alternatives: the most that the platform names.
    """
    if prompt.mode == "decision":
        return ""
    if prompt.fields:
        return "its answers have several fields"
    if prompt.multi_label:
        return "its answers are lists of labels"
    if prompt.stages:
        return "it is asked in two stages"
    if len(prompt.labels) > alternatives:
        return f"the platform names {alternatives} alternatives at most, and there are {len(prompt.labels)} labels"
    return ""


def label_probabilities(prompt: Prompt, tokens: Sequence[AnswerToken]) -> dict[str, float] | None:
    """The probability of each label, which add up to 1.

    None where no token has alternatives, or they do not stand for one label each.
    """
    if prompt.fields or prompt.multi_label or prompt.stages:
        return None
    written = ""
    for token in tokens:
        alternatives = {**dict(token.top), token.token: token.logprob}
        if len(alternatives) > 1:
            return _of_labels(*_answers(prompt), written, alternatives)
        written += token.token
    return None


@lru_cache(maxsize=16)
def _answers(prompt: Prompt) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The ways in which each label's answer is spelled, and the labels by them; JSON has or lacks its spaces."""
    answers: dict[str, tuple[str, ...]] = {}
    for label in prompt.labels:
        text = prompt.render([label])
        compact = text if prompt.answers is not None else json.dumps(json.loads(text), separators=(",", ":"))
        answers[label] = (text, compact)
    return answers, {form: label for label, spelled in answers.items() for form in spelled}


def _of_labels(
    answers: dict[str, tuple[str, ...]], whole: dict[str, str], written: str, alternatives: dict[str, float]
) -> dict[str, float] | None:
    found = dict.fromkeys(answers, 0.0)
    for text, logprob in alternatives.items():
        begun = written + text
        # One that is written to its end counts, whatever else begins so.
        labels = [whole[begun]] if begun in whole else _begun(answers, begun)
        if len(labels) == 1:
            found[labels[0]] += math.exp(min(0.0, logprob))
        elif labels:
            return None
    total = sum(found.values())
    if not total or 0 in found.values():
        return None
    return {label: value / total for label, value in found.items()}


def _begun(answers: dict[str, tuple[str, ...]], begun: str) -> list[str]:
    """The labels whose answers begin so."""
    return [label for label, spelled in answers.items() if any(form.startswith(begun) for form in spelled)]
