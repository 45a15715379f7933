"""Decisions as answers of an evaluation: probabilities over the labels, and the answer that chat would have written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from fw_assets.classification.prompting.decision import (
    decided_confidence,
    decided_labels,
    decision_questions,
    decision_state,
)
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import ChatCompletion, Choice, Fireworks, Noul, Question, TokenLogprob
from fw_assets.pipeline.planning.shortlists import OptionsOf


class DecidedAnswer(NamedTuple):
    """Attributes:
    completion: the most probable answer as text, with its probability; it has no tokens that are paid for.
    probabilities: by label; of several labels each is its own.
    """

    completion: ChatCompletion
    probabilities: Mapping[str, float]


async def decide(
    client: Fireworks, address: str, prompt: Prompt, messages: str, options: OptionsOf | None = None
) -> DecidedAnswer:
    """The decision of the model at `address` about one row.

    Args:
        options: the labels that the row is asked among, where the prompt has a shortlist; the others have no
            probability.

    Raises:
        FireworksError: as `Fireworks.systemone`.
    """
    whole = prompt
    if prompt.shortlist is not None:
        if options is None:
            raise ValueError("the prompt asks each row among a shortlist, and none is given")
        prompt = prompt.among(options(messages))
    questions = _questions(prompt)
    decision = await client.systemone(address, decision_state(messages), questions)
    answers = [decision.answers[id].probabilities for id in questions]
    probabilities: Mapping[str, float]
    if prompt.multi_label:
        probabilities = {label: answer["true"] for label, answer in zip(prompt.labels, answers, strict=True)}
    else:
        probabilities = answers[0]
    text = prompt.render(decided_labels(prompt, probabilities))
    confidence = decided_confidence(prompt, probabilities)
    completion = ChatCompletion(
        text=text,
        finish_reason="stop",
        prompt_tokens=decision.input_tokens,
        cached_tokens=decision.cached_tokens,
        model=decision.model,
        logprobs=(TokenLogprob(text, math.log(confidence)),) if confidence else (),
        latency=decision.latency,
    )
    if prompt is not whole:
        probabilities = {**dict.fromkeys(whole.labels, 0.0), **probabilities}
    return DecidedAnswer(completion, probabilities)


@lru_cache(maxsize=16)
def _questions(prompt: Prompt) -> Mapping[str, Question]:
    """The questions as the client has them, made once for all rows."""
    return {
        id: Choice(question.instructions, question.options, question.descriptions)
        if question.options
        else Noul(question.instructions, true=question.label)
        for id, question in decision_questions(prompt).items()
    }
