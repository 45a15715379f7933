"""Scorers over the inference server: what other rooms ask of a model, asked of one that lies elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fw_assets.embedded.engine import losses
from fw_assets.embedded.engine.label_sets import check_candidates, likely_sets
from fw_assets.embedded.engine.written_answers import Decoding, WrittenAnswer
from fw_assets.embedded.inference_server.answer_scoring import AnswerScoring
from fw_assets.embedded.inference_server.inference_server import InferenceServer, ServedModel
from fw_assets.embedded.inference_server.request_manner import TOP_LOGPROBS
from fw_assets.embedded.inference_server.served_chat import ServedRequest, ask, messages_of
from fw_assets.embedded.inference_server.token_steps import label_scores, log_probability

if TYPE_CHECKING:
    from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt

MAX_BASE_TOKENS = 2048
"""Tokens of a conversation that a base model reads, as where it is answered here."""
_MORE_TOKENS = 16
"""Beyond the longest label: the end of the turn, and the object around the label."""


class ServedScorer:
    """Base model at the server, or an adapter over one.

    Args:
        prompts: writes the model's prompts; without, the server does.
        manifest: of the adapter.
    """

    def __init__(
        self,
        server: InferenceServer,
        model: ServedModel,
        prompts: ChatPrompt | None = None,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        self._server, self._model, self._prompts, self._manifest = server, model, prompts, manifest or {}
        self._limit: int = manifest["spec"]["max_context_length"] if manifest else MAX_BASE_TOKENS
        self._scoring: AnswerScoring | None = None
        if prompts is not None:
            self._scoring = AnswerScoring(server, model, prompts, self._limit)
        self._calibrated = manifest is None

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
        with_prior, plain = self._scores(texts, candidate_labels, calibrated=self._calibrated)
        scores = with_prior if self._calibrated else plain
        return losses.log_softmax(losses.log_softmax(scores) / self._manifest.get("temperature", 1.0))

    def with_and_without(
        self, texts: Sequence[str], candidate_labels: Sequence[str] | None
    ) -> tuple[losses.Floats, losses.Floats]:
        """As of `CalibratedScorer`, which a base model is; the two are equal where the server tells no prompts."""
        calibrated, plain = self._scores(texts, candidate_labels, calibrated=True)
        return losses.log_softmax(calibrated), losses.log_softmax(plain)

    def uncalibrated(self) -> ServedScorer:
        """As of `CalibratedScorer`, which a base model is."""
        return self._as_it_is

    @cached_property
    def _as_it_is(self) -> ServedScorer:
        plain = type(self)(self._server, self._model, self._prompts)
        plain._calibrated = False
        return plain

    def _scores(
        self, texts: Sequence[str], candidate_labels: Sequence[str] | None, *, calibrated: bool
    ) -> tuple[losses.Floats, losses.Floats]:
        """Scores less the model's priors, and as they are."""
        written = self._manifest.get("answers", {})
        answers = [written.get(label, label) for label in self._candidates(candidate_labels)]
        scores = self._scoring.scores(texts, answers) if self._scoring is not None else None
        if scores is None or self._scoring is None:
            chosen = self._chosen(texts, answers)
            return chosen, chosen
        return (scores - self._scoring.priors(texts, answers) if calibrated else scores), scores

    def predict_sets(self, texts: Sequence[str], candidate_labels: Sequence[str] | None) -> list[tuple[str, ...]]:
        labels = self._candidates(candidate_labels)
        scores = self.log_probabilities(texts, labels)
        if self._manifest:
            return [(labels[int(index)],) for index in scores.argmax(axis=1)]
        return likely_sets(scores, labels)

    def write(self, texts: Sequence[str], decodings: Sequence[Decoding]) -> list[WrittenAnswer]:
        """As of `Writer`."""
        requests = [
            self._request(
                text,
                1,
                max_tokens=decoding.max_tokens,
                logprobs=True,
                **_decoding_fields(decoding, self._lead),
            )
            for text, decoding in zip(texts, decodings, strict=True)
        ]
        return [
            WrittenAnswer(answer.text.removeprefix(self._lead), answer.cut, log_probability(answer.steps))
            for answer in ask(self._server, self._model, requests)
        ]

    @property
    def _lead(self) -> str:
        return self._prompts.lead if self._prompts is not None else ""

    def _candidates(self, labels: Sequence[str] | None) -> tuple[str, ...]:
        if labels is None and self._manifest:
            return tuple(self._manifest["labels"])
        return check_candidates(labels)

    def _chosen(self, texts: Sequence[str], answers: Sequence[str]) -> losses.Floats:
        """Log probabilities of the answers, (texts, answers), from those of the answer that the server chooses."""
        choices = [f"{self._lead}{answer}" for answer in answers]
        longest = max(map(self._tokens, answers)) + _MORE_TOKENS
        asked = {"max_tokens": longest, "temperature": 0.0, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        said = ask(self._server, self._model, [self._request(text, longest, **asked) for text in texts], choices)
        return np.stack([label_scores(answer.steps, choices, answer.text) for answer in said])

    def _tokens(self, answer: str) -> int:
        """The tokens of an answer, at most."""
        if self._prompts is not None:
            return len(self._prompts.encode_answer(answer))
        return len(json.dumps(answer).encode())

    def _request(self, text: str, room: int, **fields: Any) -> ServedRequest:
        """The request for a conversation, with as many tokens left for the answer."""
        if self._prompts is None:
            return ServedRequest(messages_of(text), fields)
        prompt = self._prompts.encode(text, self._limit, room)
        fields["max_tokens"] = min(fields["max_tokens"], max(1, self._model.base.context_length - len(prompt)))
        return ServedRequest(messages_of(text), fields, (*prompt.prefix, *prompt.row), self._prompts.end)


def _decoding_fields(decoding: Decoding, lead: str) -> dict[str, Any]:
    """The fields of a request for a written answer, but its limit; those that change nothing are left out.

    Args:
        lead: what the answer begins with there, and not here.
    """
    given = {
        "seed": decoding.seed,
        # The platform ends the answer at its stops in any case: without, the server would write on behind them.
        "stop": [stop for stop in decoding.stops if stop not in lead],
        "presence_penalty": decoding.presence_penalty,
        "frequency_penalty": decoding.frequency_penalty,
    }
    if decoding.temperature:
        given |= {"top_p": decoding.top_p if decoding.top_p < 1 else None, "top_k": decoding.top_k}
    fields = {name: value for name, value in given.items() if value or (name == "seed" and value is not None)}
    return {"temperature": decoding.temperature, **fields}
