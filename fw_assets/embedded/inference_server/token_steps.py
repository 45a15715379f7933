"""Token steps of a completion, and what they say of labels that were not chosen.

A server that holds an answer to its choices gives, with each token, the probabilities of the most probable ones. Those
that lead into another label are what that label, or the labels behind it, would have had: the labels' own distribution,
read along the answer, as the engine's search reads it. What is not among them shares the least of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_END = re.compile(r"<[^<>\s]*>|")
"""A token that ends a turn, as servers write it."""
_NOTHING = 20.0
"""Log odds against a label of which nothing is known."""


@dataclass(frozen=True)
class TokenStep:
    """One written token with its natural log probability, and the most probable ones in its place, its own included."""

    token: str
    log_probability: float
    top: Mapping[str, float]


def chat_steps(choice: Mapping[str, Any]) -> list[TokenStep]:
    """The steps of a choice of a chat completion; none where the server gives no log probabilities."""
    content = (choice.get("logprobs") or {}).get("content") or []
    return [
        _step(item["token"], item["logprob"], {top["token"]: top["logprob"] for top in item.get("top_logprobs") or ()})
        for item in content
    ]


def completion_steps(choice: Mapping[str, Any]) -> list[TokenStep]:
    """The steps of a choice of a completion, whose log probabilities have the older form, but for llama.cpp's."""
    found = choice.get("logprobs") or {}
    if found.get("content"):
        return chat_steps(choice)
    tokens, values = found.get("tokens") or (), found.get("token_logprobs") or ()
    tops = found.get("top_logprobs") or [None] * len(tokens)
    return [_step(token, value, top or {}) for token, value, top in zip(tokens, values, tops, strict=False)]


def _step(token: str, log_probability: float, top: Mapping[str, float]) -> TokenStep:
    return TokenStep(token, min(0.0, log_probability), {**top, token: log_probability})


def log_probability(steps: Sequence[TokenStep]) -> float:
    return sum(step.log_probability for step in steps)


def label_scores(steps: Sequence[TokenStep], labels: Sequence[str], answer: str) -> NDArray[np.float64]:
    """Natural log probabilities among the labels, (labels,), after an answer that is one of them.

    Without steps all of it is the answer's.
    """
    scores = np.full(len(labels), -np.inf)
    alive = dict(enumerate(labels))
    said, path = "", 0.0
    for step in steps:
        parts: dict[str, list[int]] = {}
        for index, label in alive.items():
            token = step.token if label == answer else _next_token(step.top, said, label)
            if token is not None and _leads(token, said, label):
                parts.setdefault(token, []).append(index)
        if len(alive) == 1 or step.token not in parts:
            break
        whole = float(np.logaddexp.reduce([step.top[token] for token in parts]))
        for token, under in parts.items():
            scores[under] = path + step.top[token] - whole - math.log(len(under))
        unseen = [index for index in alive if not any(index in under for under in parts.values())]
        scores[unseen] = path + min(step.top.values()) - whole - math.log(max(1, len(unseen)))
        path += step.top[step.token] - whole
        alive = {index: labels[index] for index in parts[step.token]}
        said += step.token
    scores[list(labels).index(answer)] = path
    known = np.isfinite(scores)
    scores[~known] = scores[known].min() - _NOTHING
    return np.asarray(scores - np.logaddexp.reduce(scores), np.float64)


def _next_token(top: Mapping[str, float], said: str, label: str) -> str | None:
    """The token by which a label goes on after what was said: the longest one, as tokenizers write it."""
    return max((token for token in top if _leads(token, said, label)), key=lambda t: (len(t), top[t]), default=None)


def _leads(token: str, said: str, label: str) -> bool:
    """Whether a token leads on to a label; what ends the turn leads to what was said."""
    return _END.fullmatch(token) is not None if label == said else bool(token) and label.startswith(said + token)
