"""Scorers over the inference server: what other rooms ask of a model, asked of one that lies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.label_sets import check_candidates, likely_sets
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer
from fw_assets.embedded.inference_server.inference_server import InferenceServer, ServedModel
from fw_assets.embedded.inference_server.request_manner import TOP_LOGPROBS
from fw_assets.embedded.inference_server.served_chat import ask, messages_of
from fw_assets.embedded.inference_server.token_steps import label_scores, log_probability

_NO_THINKING = {"chat_template_kwargs": {"enable_thinking": False}}
"""As the platform's own prompts have it where the template can."""
_MORE_TOKENS = 16
"""Beyond the bytes of the longest label: the end of the turn, and the object around the label."""


class ServedScorer:
    """Base model at the server, or an adapter over one.

    Args:
        manifest: of the adapter.
    """

    def __init__(self, server: InferenceServer, model: ServedModel, manifest: Mapping[str, Any] | None = None) -> None:
        self._server, self._model, self._manifest = server, model, manifest or {}

    @property
    def labels(self) -> tuple[str, ...] | None:
        return tuple(self._manifest["labels"]) if self._manifest else None

    @property
    def multi_label(self) -> bool:
        return False

    @property
    def notes(self) -> Mapping[str, Any]:
        notes: Mapping[str, Any] = self._manifest.get("notes", {})
        return notes

    def log_probabilities(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> losses.Floats:
        labels = self._candidates(candidate_labels)
        written = self._manifest.get("answers", {})
        answers = [written.get(label, label) for label in labels]
        temperature = self._manifest.get("temperature", 1.0)
        return losses.log_softmax(self._chosen(texts, answers) / temperature)

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        labels = self._candidates(candidate_labels)
        scores = self.log_probabilities(texts, labels)
        if self._manifest:
            return [(labels[int(index)],) for index in scores.argmax(axis=1)]
        return likely_sets(scores, labels)

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[WrittenAnswer]:
        """As of `Writer`."""
        bodies = [
            {
                **self._body(text),
                "max_tokens": decoding.max_tokens,
                "temperature": decoding.temperature,
                **({} if decoding.seed is None else {"seed": decoding.seed}),
                "logprobs": True,
            }
            for text, decoding in zip(texts, decodings, strict=True)
        ]
        return [
            WrittenAnswer(answer.text, answer.cut, log_probability(answer.steps))
            for answer in ask(self._server, self._model, bodies)
        ]

    def _candidates(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        if labels is None and self._manifest:
            return tuple(self._manifest["labels"])
        return check_candidates(labels)

    def _chosen(self, texts: Sequence[str], answers: Sequence[str]) -> losses.Floats:
        """Log probabilities of the answers, (texts, answers), from those of the answer that the server chooses."""
        longest = max(len(json.dumps(answer).encode()) for answer in answers) + _MORE_TOKENS
        bodies = [
            {
                **self._body(text),
                "max_tokens": longest,
                "temperature": 0.0,
                "logprobs": True,
                "top_logprobs": TOP_LOGPROBS,
            }
            for text in texts
        ]
        said = ask(self._server, self._model, bodies, answers)
        return np.stack([label_scores(answer.steps, answers, answer.text) for answer in said])

    def _body(self, text: str) -> dict[str, Any]:
        return {"messages": messages_of(text), **_NO_THINKING}
