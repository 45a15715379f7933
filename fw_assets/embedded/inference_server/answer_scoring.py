"""Scoring of given answers at the inference server: each is read behind the prompt, token by token, and not written.

That gives the probabilities that the platform itself computes, for as many reads as there are answers. It needs the
model's tokenizer here, and a server that tells the probabilities of a prompt's own tokens (vLLM's `prompt_logprobs`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.engine.errors import EngineError, WeightsError
from fw_assets.embedded.engine.language_model.model_folders import missing_packages, verified
from fw_assets.embedded.engine.registry import BaseModel
from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.inference_server.connection import Call, Reply
from fw_assets.embedded.inference_server.inference_server import InferenceServer, ServedModel

if TYPE_CHECKING:
    from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt

log = logging.getLogger("fw_assets.embedded")

Scores = NDArray[np.float64]

FEW_ANSWERS = 16
"""Answers up to which all are read, as the engine reads them."""
_COMPLETIONS = "/v1/completions"
_NO_SUCH_CALL = (400, 404, 405, 422, 501)


def prompts_of(base: BaseModel) -> ChatPrompt | None:
    """The writer of a base model's prompts; None where its tokenizer, or what reads it, is not on this machine.

    The server then writes them, from the messages.
    """
    if base.language_model is None or missing_packages() is not None:
        return None
    from fw_assets.embedded.engine.language_model.chat_prompt import ChatPrompt
    from fw_assets.embedded.engine.language_model.pretrained import load_tokenizer

    try:
        folder = verified(base.language_model)
        return ChatPrompt(load_tokenizer(folder.folder), folder.context_length)
    except (EngineError, WeightsError) as error:
        log.warning("the inference server writes the prompts of %s, since they cannot be here: %s", base.id, error)
        return None


class AnswerScoring:
    """Log probabilities of answers to conversations, by one model at the server."""

    def __init__(self, server: InferenceServer, model: ServedModel, prompts: ChatPrompt, max_tokens: int) -> None:
        self._server, self._model, self._prompts = server, model, prompts
        self._max_tokens = max_tokens
        self._prior = lru_cache(maxsize=64)(self._read_prior)

    def scores(self, conversations: Sequence[str], answers: Sequence[str]) -> Scores | None:
        """Natural log probabilities, (conversations, answers), not normalised; None where the server tells none.

        Raises:
            EngineError: the instructions are longer than the context.
            RpcError: of the server.
        """
        if len(answers) > FEW_ANSWERS or self._server.tells_prompts is False:
            return None
        return self._read(conversations, answers)

    def priors(self, conversations: Sequence[str], answers: Sequence[str]) -> Scores:
        """What the model says of the answers where each conversation's text says nothing; as of `scores`.

        Zero where the server tells none.
        """
        priors = np.zeros((len(conversations), len(answers)))
        for index, text in enumerate(conversations):
            prior = self._prior(self._prompts.content_free(text)[0], tuple(answers))
            priors[index] = prior if prior is not None else 0.0
        return priors

    def _read_prior(self, frame: str, answers: tuple[str, ...]) -> Scores | None:
        found = self._read(self._prompts.content_free(frame), answers)
        return None if found is None else np.asarray(found.mean(axis=0), np.float64)

    def _read(self, conversations: Sequence[str], answers: Sequence[str]) -> Scores | None:
        written = [list(self._prompts.encode_answer(answer)) for answer in answers]
        room = max(map(len, written)) + 1
        prompts = [self._prompts.encode(text, self._max_tokens, room) for text in conversations]
        rows = [[[*prompt.prefix, *prompt.row, *tokens] for tokens in written] for prompt in prompts]
        name = self._server.name_of(self._model)
        replies = self._send(name, rows)
        lost = [index for index, reply in enumerate(replies) if isinstance(reply, Reply) and reply.status == 404]
        if lost:
            self._server.forget(self._model, name)
            name = self._server.name_of(self._model)
            for index, reply in zip(lost, self._send(name, [rows[i] for i in lost]), strict=True):
                replies[index] = reply
        scores = np.empty((len(conversations), len(answers)))
        for index, reply in enumerate(replies):
            if isinstance(reply, RpcError):
                raise reply
            if not reply.ok and (self._server.tells_prompts or reply.status not in _NO_SUCH_CALL):
                raise self._server.refusal(reply)
            row = _sums(reply.content, rows[index], [len(tokens) for tokens in written]) if reply.ok else None
            if row is None:
                self._server.tells_prompts = False
                return None
            scores[index] = row
        self._server.tells_prompts = True
        return scores

    def _send(self, name: str, rows: Sequence[list[list[int]]]) -> list[Reply | RpcError]:
        fields = {"model": name, "max_tokens": 1, "temperature": 0.0, "prompt_logprobs": 1}
        return self._server.connection.send_all([Call(_COMPLETIONS, {**fields, "prompt": row}) for row in rows])


def _sums(content: Any, prompts: Sequence[Sequence[int]], lengths: Sequence[int]) -> list[float] | None:
    """For each prompt the log probability of its last tokens, so many of them; None where the reply has none."""
    try:
        choices = sorted(content["choices"], key=lambda choice: int(choice["index"]))
        return [
            sum(
                float(step[str(token)]["logprob"])
                for token, step in zip(prompt[-length:], choice["prompt_logprobs"][-length:], strict=True)
            )
            for choice, prompt, length in zip(choices, prompts, lengths, strict=True)
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
