"""Thinking before the answer: a model that refuses to go without, or spends on it all the tokens that a label has.

The first is asked without the field, which is remembered (`values.asked_prompt`); the second is not asked on.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.fireworks import ReasoningRefused
from fw_assets.pipeline.errors.answers import ThinksBeforeAnswering
from fw_assets.pipeline.errors.phase import first_error
from fw_assets.pipeline.evaluation.response_cache import StoredAnswer
from fw_assets.pipeline.values.asked_prompt import asked_prompt, record_refusal
from fw_assets.workspace.workspace import Workspace

T = TypeVar("T")
HANDFUL = 5
"""Answers without a label after which no more are paid for."""
log = logging.getLogger("fw_assets.workspace")


async def ask_as_accepted(
    store: Workspace, dataset: str, slug: str, kind: str, ask: Callable[[Prompt], Awaitable[T]]
) -> T:
    """The result of `ask` with the prompt of the model; without `reasoning_effort` where the model refuses it.

    Raises:
        ReasoningRefused: it refuses the request without the field too.
    """
    prompt = asked_prompt(store, dataset, slug, kind)
    try:
        return await ask(prompt)
    except* ReasoningRefused as group:
        if prompt.reasoning_effort is None:
            raise
        refusal = first_error(group)
        why = refusal.detail if isinstance(refusal, ReasoningRefused) else refusal
        log.warning("%s: asked without reasoning_effort from now on, since it is refused: %s", slug, why)
    result = await ask(prompt.with_default_effort())
    record_refusal(store, dataset, slug, kind)
    return result


def reasoning_matters(prompt: Prompt) -> bool:
    """Whether a refusal of its `reasoning_effort` has the rows asked without; not for a mere sample of them."""
    return prompt.reasoning_effort is not None and prompt.mode != "free"


@dataclass
class ThinkingWatch:
    """The answers of an evaluation so far, and those that ended within the model's reasoning or with it."""

    model: str
    prompt: Prompt
    answers: int = 0
    unfinished: int = 0

    @property
    def doubtful(self) -> bool:
        """Whether the next row should be asked alone: no answer has shown yet that the others will hold a label."""
        return 0 < self.answers == self.unfinished < HANDFUL

    @classmethod
    def over(cls, model: str, prompt: Prompt, answers: Iterable[StoredAnswer]) -> Self:
        """The watch of an evaluation that goes on after these answers, of earlier calls.

        Raises:
            ThinksBeforeAnswering: as for `check`; nothing more is to be asked.
        """
        watch = cls(model, prompt)
        for answer in answers:
            watch.add(answer)
        watch.check()
        return watch

    def add(self, answer: StoredAnswer) -> None:
        """Count an answer."""
        self.answers += 1
        # Where the platform keeps the reasoning to itself, all that is left of it is an answer that was cut off empty.
        is_empty = not (answer.text or "").strip()
        is_cut = answer.finish_reason == "length" and (answer.thinks or is_empty)
        # Servers that part reasoning from answers take an answer without a mark between the two for reasoning.
        self.unfinished += is_cut or (answer.thinks and is_empty)

    def check(self) -> None:
        """Stop the evaluation where its answers hold no labels.

        Raises:
            ThinksBeforeAnswering: a handful ended within the reasoning, and they are most of all.
        """
        # Without a constraint on decoding, what a model does is what is measured.
        if self.prompt.mode != "free" and self.unfinished >= HANDFUL and 2 * self.unfinished > self.answers:
            raise ThinksBeforeAnswering(self.model, self.unfinished, self.prompt.max_tokens)
