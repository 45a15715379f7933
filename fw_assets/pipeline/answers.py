"""Answers that were paid for, kept row by row so that no request is sent twice.

One growing record per (served model, prompt, decoding parameters), one line per answer. Only answers are kept, errors
never: asking again is how an error is mended. A line cut off by a crash is left out when the record is read.
"""

from __future__ import annotations

import msgspec

from fw_assets.classification.completion import Completion
from fw_assets.classification.values import digest
from fw_assets.pipeline.workspace import Workspace


class StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer; `key` is the digest of the request's messages."""

    key: str
    text: str | None
    finish_reason: str | None
    refusal: str | None = None
    confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def completion(self) -> Completion:
        """The same as the domain reads it."""
        return Completion(
            text=self.text,
            finish_reason=self.finish_reason,
            refusal=self.refusal,
            confidence=self.confidence,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )


_decoder = msgspec.json.Decoder(StoredAnswer)
_encoder = msgspec.json.Encoder()


class AnswerStore:
    """The answers of one served model to one prompt."""

    def __init__(self, workspace: Workspace, dataset: str, served_model: str, decoding: object) -> None:
        self._workspace = workspace
        self._place = (dataset, "answers", f"{digest([served_model, decoding], 16)}.jsonl")
        self._answers = {answer.key: answer for answer in map(_decoder.decode, workspace.lines(*self._place))}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str) -> StoredAnswer | None:
        """The answer to a request, or None where it has not been asked yet."""
        return self._answers.get(key)

    def add(self, answer: StoredAnswer) -> None:
        """Keep an answer; it is on disk when this returns."""
        self._workspace.append_line(_encoder.encode(answer).decode(), *self._place)
        self._answers[answer.key] = answer
