"""Answer of a chat to one row: by one request, or in two stages where the prompt asks for the top first."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from fw_assets.classification.arms.two_stage import first_question, labels_below, second_question, stated_top
from fw_assets.classification.prompting.completion import Completion
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.fireworks import ChatCompletion, TokenLogprob

Chat = Callable[[Mapping[str, Any]], Awaitable[ChatCompletion]]


async def answer(
    chat: Chat, address: str, prompt: Prompt, messages: str, more: Mapping[str, Any] | None = None
) -> ChatCompletion:
    """The answer to a row, as the prompt's labels are written.

    Of two requests tokens and latency are added, and the confidence is the product of theirs. An answer to the first
    that states no top is the answer.

    Args:
        more: fields of the requests beside those of the prompt.

    Raises:
        FireworksError: what `chat` raises.
    """

    async def ask(question: Prompt) -> ChatCompletion:
        return await chat({"model": address, **request(question, messages), **(more or {})})

    if not prompt.stages:
        return await ask(prompt)
    question = first_question(prompt)
    first = await ask(question)
    top = stated_top(question, Completion(text=first.text, finish_reason=first.finish_reason, refusal=first.refusal))
    if top is None:
        return first
    below = second_question(prompt, top)
    if below is None:
        return replace(first, text=prompt.render(labels_below(prompt, top)))
    return _together(first, await ask(below))


def _together(first: ChatCompletion, second: ChatCompletion) -> ChatCompletion:
    before, after = first.confidence, second.confidence
    told = (TokenLogprob(second.text or "", math.log(before) + math.log(after)),) if before and after else ()
    return replace(
        second,
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
        cached_tokens=first.cached_tokens + second.cached_tokens,
        reasoning=second.reasoning or first.reasoning,
        logprobs=told,
        latency=first.latency + second.latency,
    )
