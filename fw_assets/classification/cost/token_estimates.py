"""Token estimates: text volumes of a dataset, and the characters per token that turn them into tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from fw_assets.classification.cost.ranges import Range, exactly
from fw_assets.classification.dataset.chat import content_text
from fw_assets.classification.values import Frozen

MAX_MEASURED_ROWS = 50_000
"""Rows of a part whose texts are measured; the rest is scaled from them."""
APPROXIMATE_COUNT = 1.15
"""Factor between the bounds of a scaled token count and the count itself."""
MEASURED_RATIO = 1.05
"""Factor between the bounds of a measured ratio and the ratio itself."""


class TextVolume(Frozen):
    """The amount of text in one part of the data.

    `messages` counts the messages of all prompts; `prompt_characters` is their text, including the added system
    message; `answer_characters` is the text of correct answers. The tokens of both are null unless they were counted
    with the model's own tokenizer; they do not include what a chat template adds. `approximate`: scaled from other
    rows, so that even counted tokens are not exact.
    """

    rows: int = 0
    messages: int = 0
    prompt_characters: int = 0
    answer_characters: int = 0
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    approximate: bool = False

    def __add__(self, other: TextVolume) -> TextVolume:
        if not self.rows or not other.rows:
            return other if not self.rows else self
        return TextVolume(
            rows=self.rows + other.rows,
            messages=self.messages + other.messages,
            prompt_characters=self.prompt_characters + other.prompt_characters,
            answer_characters=self.answer_characters + other.answer_characters,
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            answer_tokens=_sum(self.answer_tokens, other.answer_tokens),
            approximate=self.approximate or other.approximate,
        )

    def scaled(self, rows: int) -> TextVolume:
        """The volume of another number of such rows."""
        if rows == self.rows:
            return self
        if not self.rows:
            return TextVolume(rows=rows)
        share = rows / self.rows

        def part(count: int | None) -> int | None:
            return None if count is None else round(count * share)

        return TextVolume(
            rows=rows,
            messages=round(self.messages * share),
            prompt_characters=round(self.prompt_characters * share),
            answer_characters=round(self.answer_characters * share),
            prompt_tokens=part(self.prompt_tokens),
            answer_tokens=part(self.answer_tokens),
            approximate=True,
        )


class TokenRatio(Frozen):
    """Characters per token, the tokens that a chat template adds to each message, and an answer's end tokens.

    `scale` corrects the tokens of prompts by those that a real run counted.
    """

    characters: Range
    per_message: Range
    per_answer: Range = Range(low=1, expected=1, high=2)
    scale: float = 1.0
    source: str

    def prompt_tokens(self, volume: TextVolume) -> Range:
        text = _tokens(volume.prompt_characters, volume.prompt_tokens, self.characters, volume.approximate)
        return (text + self.per_message.times(volume.messages)).times(self.scale)

    def answer_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all answers, including the end token."""
        text = _tokens(volume.answer_characters, volume.answer_tokens, self.characters, volume.approximate)
        return text + self.per_answer.times(volume.rows)

    def training_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all prompts with their answers, for one epoch."""
        return self.prompt_tokens(volume) + self.answer_tokens(volume) + self.per_message.times(volume.rows)


# Measured on the user turns of banking77, clinc150, goemotions and sms_spam (4,000 rows each), 2026-11-22:
# byte-pair vocabularies of DeepSeek (4.30, 4.38, 4.06, 3.58) and Anthropic (4.25, 4.40, 4.04, 3.57), WordPiece of
# all-MiniLM-L6-v2 (4.16, 4.46, 3.96, 3.45). Other scripts than Latin have fewer characters per token.
BYTE_PAIR = TokenRatio(
    characters=Range(low=3.4, expected=4.1, high=4.5),
    per_message=Range(low=3, expected=5, high=7),
    source="measured on four English datasets with two byte-pair vocabularies: 3.6 to 4.4 characters per token",
)
COUNTED = TokenRatio(
    characters=Range(low=3.4, expected=4.3, high=5.2),
    per_message=exactly(4),
    per_answer=exactly(0),
    source="counted with the platform's own rule",
)


def measured_ratio(volume: TextVolume, prompt_tokens: int) -> TokenRatio:
    """The ratio of a real run, in which the platform counted `prompt_tokens` for the prompts of `volume`.

    The tokens of the chat template are part of it, so it holds for messages of about the same length.
    """
    if prompt_tokens <= 0 or volume.prompt_characters <= 0:
        raise ValueError("no tokens were counted")
    expected = volume.prompt_characters / prompt_tokens
    return TokenRatio(
        characters=Range(low=expected / MEASURED_RATIO, expected=expected, high=expected * MEASURED_RATIO),
        per_message=Range(low=0, expected=0, high=0),
        source=f"{prompt_tokens:,} tokens counted by the platform",
    )


class _Turn(msgspec.Struct):
    role: str
    content: str | list[dict[str, Any]] | None = None


_TURNS = msgspec.json.Decoder(list[_Turn])


def measure_volumes(
    frame: pl.DataFrame,
    *,
    system: str = "",
    render: Callable[[Sequence[str]], str] = "\n".join,
    count: Callable[[str], int] | None = None,
) -> Mapping[str, TextVolume]:
    """The volume of each part of a split frame (`messages`, `labels`, `split`), by the part's name.

    Args:
        frame: the rows; the final assistant turn is the answer, not the prompt.
        system: the system message that is added to every row, empty for none.
        render: the answer text for a row's labels.
        count: the tokens of a text by the model's own tokenizer; without it only characters are counted.

    Of a part with more than `MAX_MEASURED_ROWS` rows, evenly spaced ones are measured and the sums scaled. A part with
    repeated messages has a second entry, `PART/asked`, in which each counts once.
    """
    volumes: dict[str, TextVolume] = {}
    for (name,), part in frame.select("split", "messages", "labels").group_by("split", maintain_order=True):
        volumes[str(name)] = _measure(_sample(part), system, render, count).scaled(part.height)
        distinct = part.unique("messages", maintain_order=True)
        if distinct.height < part.height:
            volumes[f"{name}/asked"] = _measure(_sample(distinct), system, render, count).scaled(distinct.height)
    return volumes


def asked_once(volumes: Mapping[str, TextVolume], part: str) -> TextVolume:
    """The volume of a part in which equal prompts count once, because they are sent once."""
    return volumes.get(f"{part}/asked") or volumes.get(part) or TextVolume()


def _sample(part: pl.DataFrame) -> pl.DataFrame:
    return part if part.height <= MAX_MEASURED_ROWS else part.gather_every(-(-part.height // MAX_MEASURED_ROWS))


def _measure(
    part: pl.DataFrame,
    system: str,
    render: Callable[[Sequence[str]], str],
    count: Callable[[str], int] | None,
) -> TextVolume:
    answers: Counter[tuple[str, ...]] = Counter()
    messages = characters = tokens = 0
    for conversation, labels in part.select("messages", "labels").iter_rows():
        turns = _prompt(conversation)
        if system:
            turns.append(system)
        messages += len(turns)
        characters += sum(map(len, turns))
        tokens += sum(map(count, turns)) if count else 0
        answers[tuple(labels or ())] += 1
    rendered = [(render(labels), times) for labels, times in answers.items() if labels]
    return TextVolume(
        rows=part.height,
        messages=messages,
        prompt_characters=characters,
        answer_characters=sum(len(text) * times for text, times in rendered),
        prompt_tokens=tokens if count else None,
        answer_tokens=sum(count(text) * times for text, times in rendered) if count else None,
    )


def _prompt(messages: str) -> list[str]:
    turns = _TURNS.decode(messages)
    if turns and turns[-1].role == "assistant":
        turns.pop()
    return [content_text(turn.content) for turn in turns]


def _tokens(characters: int, counted: int | None, ratio: Range, approximate: bool) -> Range:
    if counted is not None:
        if not approximate:
            return exactly(counted)
        return Range(low=counted / APPROXIMATE_COUNT, expected=counted, high=counted * APPROXIMATE_COUNT)
    low, expected, high = (characters / per_token for per_token in (ratio.high, ratio.expected, ratio.low))
    return Range(low=low, expected=expected, high=high)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
