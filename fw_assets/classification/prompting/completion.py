"""A model's reply to one row, before its label is parsed."""

from __future__ import annotations

from collections.abc import Mapping

from fw_assets.classification.values import Frozen


class Completion(Frozen):
    """One reply, or the reason why there is none.

    Attributes:
        text: the content; None when there is none.
        error: the transport error because of which no reply came; everything else is then meaningless.
        refusal: the provider's own refusal text.
        confidence: probability of the whole answer under the model, 0 to 1.
        probabilities: by label, where they are known: of many labels the most probable ones will do. They sum to one,
            but where a row may have several labels.
    """

    text: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    refusal: str | None = None
    confidence: float | None = None
    probabilities: Mapping[str, float] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
