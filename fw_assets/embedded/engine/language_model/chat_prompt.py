"""Prompt of a language model: a conversation under the model's own chat template, as tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from jinja2 import TemplateError

from fw_assets.embedded.engine.answer_fields import items_of
from fw_assets.embedded.engine.errors import EngineError
from fw_assets.embedded.engine.turns import WITHOUT_THINKING

Message = dict[str, str]

CONTENT_FREE = ("N/A", "", "[MASK]", "...")
"""What stands for the text of a row in contextual calibration (Zhao et al. 2021)."""
_RAISED = (TemplateError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What a template may raise: besides errors of its own those of the values that it computes with."""
_THINKS, _NO_THOUGHT = "<think>", "\n\n</think>\n\n"
_MARK = "\u2063ROW\u2063"


@dataclass(frozen=True)
class TokenPrompt:
    """A prompt as tokens.

    Attributes:
        prefix: the instructions, up to the text of the first user turn, which many prompts share.
        row: the rest, up to where the answer begins; never empty.
    """

    prefix: tuple[int, ...]
    row: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prefix) + len(self.row)


class ChatPrompt:
    """Writer of prompts and answers for one tokenizer."""

    def __init__(self, tokenizer: Any, context_length: int) -> None:
        self._tokenizer = tokenizer
        self.context_length = context_length
        self._has_template = bool(getattr(tokenizer, "chat_template", None))
        self._around = lru_cache(maxsize=1024)(self._render_around)
        self.end = self._end_token()
        """The token that ends a turn of the assistant."""

    def encode(self, conversation: str, max_tokens: int, room: int = 0) -> TokenPrompt:
        """The tokens of a conversation (`turns.write_conversation`).

        A longer one than `max_tokens`, or than the context less `room` tokens for the answer, loses the end of its
        text; instructions and the template's tail stay.

        Raises:
            EngineError: the instructions alone are longer.
        """
        messages = _messages(conversation)
        start, text = _scored(messages)
        instructions, earlier, tail = self._frame(messages[:start], messages[start + 1 :])
        prefix, middle, ending = self._ids(instructions), self._ids(earlier), self._ids(tail)
        limit = min(max_tokens, self.context_length - room)
        if limit < 1:
            raise EngineError(
                f"the answer has {room} tokens, which leaves no room for a conversation in a context of "
                f"{self.context_length}"
            )
        left = limit - len(prefix) - len(middle) - len(ending)
        if left < 1:
            raise EngineError(
                f"the conversation has {limit - left} tokens before and after its last text, which leaves no room for "
                f"that in {limit}"
            )
        row = (*middle, *self._ids(text)[:left], *ending)
        return TokenPrompt(prefix, row) if row else TokenPrompt((), prefix)

    @property
    def lead(self) -> str:
        """What stands between a prompt and the answer's text."""
        return "" if self._has_template else " "

    def encode_answer(self, text: str) -> tuple[int, ...]:
        """The tokens of an answer, with the one that ends the turn."""
        return (*self._ids(f"{self.lead}{text}"), self.end)

    def encode_parts(self, parts: Sequence[str]) -> list[tuple[int, ...]]:
        """The tokens of each part of an answer by itself, the last with the one that ends the turn."""
        begun = [*parts] if self._has_template else [f" {parts[0]}", *parts[1:]]
        tokens = [self._ids(part) for part in begun]
        return [*tokens[:-1], (*tokens[-1], self.end)]

    def encode_value(self, value: str, *, many: bool) -> tuple[int, ...]:
        """The tokens of a value, given as JSON, within an answer; of a list, each mark and item by itself."""
        if not many or value == "null":
            return self._ids(value)
        opening, between, closing = self.list_marks
        tokens = opening
        for place, item in enumerate(items_of(value)):
            tokens = (*tokens, *(between if place else ()), *self._ids(item))
        return (*tokens, *closing)

    @cached_property
    def list_marks(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """The tokens before, between and after the items of a list."""
        opening, between, closing = (self._ids(mark) for mark in ("[", ", ", "]"))
        return opening, between, closing

    def encode_part(self, text: str) -> tuple[int, ...]:
        """The tokens of a text within an answer."""
        return self._ids(text)

    @cached_property
    def token_texts(self) -> list[str]:
        """The text of each token of the vocabulary."""
        return [self._tokenizer.decode([token]) for token in range(len(self._tokenizer))]

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text.strip() if not self._has_template else text

    def content_free(self, conversation: str) -> list[str]:
        """The conversation with nothing said in its last text, in several ways."""
        messages = _messages(conversation)
        start, _ = _scored(messages)
        return [
            json.dumps([[m["role"], text if place == start else m["content"]] for place, m in enumerate(messages)])
            for text in CONTENT_FREE
        ]

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"]) if text else ()

    def _frame(self, before: Sequence[Message], after: Sequence[Message]) -> tuple[str, str, str]:
        """The rendered instructions, the turns before a user turn, and what comes after it."""
        head, tail = self._around(json.dumps(before), json.dumps(after))
        first = next((place for place, message in enumerate(before) if message["role"] == "user"), len(before))
        instructions = self._around(json.dumps(before[:first]), "[]")[0] if first < len(before) else head
        return (instructions, head[len(instructions) :], tail) if head.startswith(instructions) else ("", head, tail)

    def _render_around(self, before: str, after: str) -> tuple[str, str]:
        """The rendered text before and after the text of a user turn."""
        messages = [*json.loads(before), {"role": "user", "content": _MARK}, *json.loads(after)]
        head, mark, tail = self._render(messages).partition(_MARK)
        if not mark:
            raise EngineError("the model's chat template leaves the user's text out")
        return head, tail

    def _render(self, messages: Sequence[Message], ask: bool = True) -> str:
        if not self._has_template:
            begin = str(self._tokenizer.bos_token or "")
            return begin + "\n\n".join(message["content"] for message in messages) + ("\n\nAnswer:" if ask else "")
        try:
            return self._apply(messages, ask)
        except _RAISED:
            # Templates of some models know no system turn, or want the turns to alternate.
            try:
                return self._apply(_plain_turns(messages), ask)
            except _RAISED as error:
                raise EngineError(f"the model's chat template cannot be rendered: {error}") from error

    def _apply(self, messages: Sequence[Message], ask: bool) -> str:
        text: str = self._tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=ask, **WITHOUT_THINKING
        )
        # A template that begins to think in any case is answered as if it had thought nothing.
        return f"{text.rstrip()}{_NO_THOUGHT}" if ask and text.rstrip().endswith(_THINKS) else text

    def _end_token(self) -> int:
        if self._has_template:
            turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": _MARK}]
            tail = self._ids(self._render(turns, ask=False).partition(_MARK)[2].strip())
            if tail:
                return tail[0]
        if self._tokenizer.eos_token_id is None:
            raise EngineError("the tokenizer has no token that ends a text")
        return int(self._tokenizer.eos_token_id)


def _messages(conversation: str) -> list[Message]:
    return [{"role": role, "content": content} for role, content in json.loads(conversation)]


def _scored(messages: list[Message]) -> tuple[int, str]:
    """(place, content) of the last user turn; one is added where there is none."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place]["role"] == "user":
            return place, messages[place]["content"]
    messages.append({"role": "user", "content": ""})
    return len(messages) - 1, ""


def _plain_turns(messages: Sequence[Message]) -> list[Message]:
    """User and assistant turns that alternate, the first a user's; what others said is part of the user's turns."""
    turns: list[Message] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1] = {"role": role, "content": f"{turns[-1]['content']}\n\n{message['content']}"}
        elif not turns and role == "assistant":
            turns += [{"role": "user", "content": ""}, {"role": role, "content": message["content"]}]
        else:
            turns.append({"role": role, "content": message["content"]})
    return turns
