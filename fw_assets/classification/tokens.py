"""How many tokens a text is, before any model has read it: measured characters per token."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import polars as pl

from fw_assets.classification.ranges import Range
from fw_assets.classification.values import Frozen


class TextVolume(Frozen):
    """How much text one part of the data is.

    `messages` counts the prompt's messages; `prompt_characters` is their text, the added system message
    included; `answer_characters` is the text of the answers a perfect model would give.
    """

    rows: int = 0
    messages: int = 0
    prompt_characters: int = 0
    answer_characters: int = 0

    def __add__(self, other: TextVolume) -> TextVolume:
        return TextVolume(
            rows=self.rows + other.rows,
            messages=self.messages + other.messages,
            prompt_characters=self.prompt_characters + other.prompt_characters,
            answer_characters=self.answer_characters + other.answer_characters,
        )

    def scaled(self, rows: int) -> TextVolume:
        """The same kind of text on another number of rows."""
        if not self.rows:
            return TextVolume(rows=rows)
        share = rows / self.rows
        return TextVolume(
            rows=rows,
            messages=round(self.messages * share),
            prompt_characters=round(self.prompt_characters * share),
            answer_characters=round(self.answer_characters * share),
        )


class TokenRatio(Frozen):
    """Characters per token, and the tokens that a chat template adds to each message."""

    characters: Range
    per_message: Range
    source: str

    def prompt_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all prompts."""
        return _tokens(volume.prompt_characters, self.characters) + self.per_message.times(volume.messages)

    def answer_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all answers, the end token included."""
        return _tokens(volume.answer_characters, self.characters) + Range(
            low=volume.rows, expected=volume.rows, high=2.0 * volume.rows
        )

    def training_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all prompts with their answers, once."""
        return self.prompt_tokens(volume) + self.answer_tokens(volume) + self.per_message.times(volume.rows)


BYTE_PAIR = TokenRatio(
    characters=Range(low=3.6, expected=4.4, high=5.0),
    per_message=Range(low=4, expected=5, high=7),
    source="byte-pair vocabularies of about 100,000 entries on short English messages",
)
WORD_PIECE = TokenRatio(
    characters=Range(low=3.4, expected=4.2, high=4.8),
    per_message=Range(low=0, expected=2, high=3),
    source="the WordPiece vocabulary of 30,522 entries on short English messages",
)


def measured_ratio(volume: TextVolume, prompt_tokens: int) -> TokenRatio:
    """The ratio that a real run showed: `volume` was sent and the platform counted `prompt_tokens`.

    The chat template's share is inside the ratio, so it holds for messages of the same kind; the bounds are
    5 % either side.
    """
    if prompt_tokens <= 0 or volume.prompt_characters <= 0:
        raise ValueError("no tokens were counted")
    expected = volume.prompt_characters / prompt_tokens
    return TokenRatio(
        characters=Range(low=expected / 1.05, expected=expected, high=expected * 1.05),
        per_message=Range(low=0, expected=0, high=0),
        source=f"{prompt_tokens:,} tokens counted by the platform",
    )


class _Part(msgspec.Struct):
    text: str | None = None


class _Turn(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


_TURNS = msgspec.json.Decoder(list[_Turn])


def measure_text(
    frame: pl.DataFrame, *, system_characters: int = 0, answer_overhead: int = 0
) -> Mapping[str, TextVolume]:
    """The volume of each part of a split frame (`messages`, `labels`, `split`), by the part's name.

    The final assistant turn is the answer, not the prompt. `system_characters` is the length of the system
    message that is added to every row (0: none), `answer_overhead` what is written around the labels.
    """
    counts: list[tuple[int, int]] = [_prompt_size(text) for text in frame["messages"]]
    sized = frame.select(
        "split",
        pl.Series("turns", [count for count, _ in counts], dtype=pl.Int64),
        pl.Series("characters", [size for _, size in counts], dtype=pl.Int64),
        pl.col("labels").list.eval(pl.element().str.len_chars()).list.sum().cast(pl.Int64).alias("answer"),
    )
    parts = sized.group_by("split").agg(
        pl.len().alias("rows"), pl.col("turns").sum(), pl.col("characters").sum(), pl.col("answer").sum()
    )
    added = 1 if system_characters else 0
    return {
        row["split"]: TextVolume(
            rows=row["rows"],
            messages=row["turns"] + added * row["rows"],
            prompt_characters=row["characters"] + system_characters * row["rows"],
            answer_characters=(row["answer"] or 0) + answer_overhead * row["rows"],
        )
        for row in parts.iter_rows(named=True)
    }


def _prompt_size(messages: str) -> tuple[int, int]:
    turns = _TURNS.decode(messages)
    if turns and turns[-1].role == "assistant":
        turns.pop()
    return len(turns), sum(_length(turn.content) for turn in turns)


def _length(content: str | list[_Part] | None) -> int:
    if isinstance(content, str):
        return len(content)
    return sum(len(part.text or "") for part in content or ())


def _tokens(characters: int, ratio: Range) -> Range:
    return Range(
        low=characters / ratio.high, expected=characters / ratio.expected, high=characters / ratio.low
    )
