"""Token estimates: the ratios that turn text volumes into tokens, assumed or measured."""

from __future__ import annotations

from fw_assets.classification.cost.ranges import NOTHING, Range, exactly, total
from fw_assets.classification.cost.text_sizes import TextSize
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.values import Frozen

APPROXIMATE_COUNT = 1.15
"""Factor between the bounds of a scaled token count and the count itself."""
SYMBOLS_OF_PROSE = 0.06
"""Share of a text's characters that are digits and marks, up to which it counts as prose."""
MEASURED_RATIO = 1.05
"""Factor between the bounds of a measured ratio and the ratio itself."""


class TokenRatio(Frozen):
    """Characters per token, the tokens that a chat template adds to each message, and an answer's end tokens.

    `per_prompt`: tokens with which a template opens the answer. `per_digit` to `per_cjk`: tokens for each character of
    a kind (`TextKinds`), in place of those for characters; without one the kind counts as characters do. What follows
    comes on top: `per_capital`, `per_break`; `per_extra_byte`, for each UTF-8 byte beyond one a character where no kind
    tells; `per_symbol`, for each digit or mark beyond those of prose; `per_rare_pair`, for letter pairs that English
    has rarely; `per_uncommon` and `per_unlike_english`, by which bounds are wider for what vocabularies know least.

    `scale` corrects the tokens of prompts by those that a real run counted.
    """

    characters: Range
    per_message: Range
    per_prompt: Range = NOTHING
    per_answer: Range = Range(low=1, expected=1, high=2)
    per_extra_byte: Range = NOTHING
    per_symbol: Range = NOTHING
    per_break: Range = NOTHING
    per_capital: Range = NOTHING
    per_digit: Range = NOTHING
    per_alphabet: Range = NOTHING
    per_abugida: Range = NOTHING
    per_cjk: Range = NOTHING
    per_uncommon: Range = NOTHING
    per_unlike_english: Range = NOTHING
    per_rare_pair: Range = NOTHING
    scale: float = 1.0
    source: str

    def expected_tokens(self, size: TextSize) -> float:
        """The expected tokens of a text, without what a chat template adds."""
        return self._size_tokens(size).expected

    def most_tokens(self, size: TextSize) -> float:
        """The tokens of a text by the high estimate, without what a chat template adds."""
        return self._size_tokens(size).high

    def prompt_tokens(self, volume: TextVolume) -> Range:
        return (self._prompts(volume) + self.per_prompt.times(volume.rows)).times(self.scale)

    def answer_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all answers, including the end token."""
        return self._answers(volume) + self.per_answer.times(volume.rows)

    def training_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all prompts with their answers, for one epoch."""
        return self._prompts(volume).times(self.scale) + self._answers(volume) + self.per_message.times(volume.rows)

    def _prompts(self, volume: TextVolume) -> Range:
        text = self._text_tokens(volume.prompt_size, volume.prompt_tokens, volume.approximate)
        return text + self.per_message.times(volume.messages)

    def _answers(self, volume: TextVolume) -> Range:
        return self._text_tokens(volume.answer_size, volume.answer_tokens, volume.approximate)

    def _text_tokens(self, size: TextSize, counted: int | None, approximate: bool) -> Range:
        if counted is None:
            return self._size_tokens(size)
        if not approximate:
            return exactly(counted)
        return Range(low=counted / APPROXIMATE_COUNT, expected=counted, high=counted * APPROXIMATE_COUNT)

    def _size_tokens(self, size: TextSize) -> Range:
        kinds = (
            (size.digits, 0, self.per_digit),
            (size.alphabets, 1, self.per_alphabet),
            (size.abugidas, 2, self.per_abugida),
            (size.cjk, 2, self.per_cjk),
        )
        rated = [(count, extra, rate) for count, extra, rate in kinds if count > 0 and rate != NOTHING]
        characters = size.characters - sum(count for count, _, _ in rated)
        extra_bytes = size.bytes - size.characters - sum(count * extra for count, extra, _ in rated)
        extra_symbols = size.symbols - SYMBOLS_OF_PROSE * size.characters
        per_token = self.characters
        letters = Range(
            low=characters / per_token.high, expected=characters / per_token.expected, high=characters / per_token.low
        )
        return total(
            [
                letters,
                *(rate.times(count) for count, _, rate in rated),
                self.per_break.times(size.breaks),
                self.per_capital.times(size.capitals),
                self.per_extra_byte.times(max(0, extra_bytes)),
                self.per_uncommon.times(size.uncommon),
                self.per_unlike_english.times(size.unlike_english),
                self.per_rare_pair.times(size.rare_pairs),
                self.per_symbol.times(max(0.0, extra_symbols)),
            ]
        )


# Between the families of `vocabularies`, 2026-11-28, and wide enough for those of DeepSeek and Anthropic (English: 3.6
# to 4.4 characters a token in all) and smaller ones.
# `python -m benchmarks.token_estimates` measures with any vocabulary.
BYTE_PAIR = TokenRatio(
    characters=Range(low=3.7, expected=4.75, high=5.2),
    per_message=Range(low=3, expected=5, high=7),
    per_prompt=Range(low=2, expected=3, high=8),
    per_extra_byte=Range(low=0.04, expected=0.2, high=0.4),
    per_break=Range(low=0.3, expected=0.8, high=1.2),
    # A text all in capitals has hardly more tokens than in small letters; names and codes have one for each.
    per_capital=Range(low=0.0, expected=0.4, high=0.7),
    per_digit=Range(low=0.3, expected=1.0, high=1.9),
    per_alphabet=Range(low=0.2, expected=0.41, high=0.7),
    per_abugida=Range(low=0.2, expected=0.6, high=1.5),
    per_cjk=Range(low=0.36, expected=0.7, high=1.5),
    # Up to a token for each byte, together with what the character counts already.
    per_uncommon=Range(low=0.0, expected=0.0, high=2.2),
    # Finnish, Polish and Hindi in Latin letters have 2 to 3 characters a token.
    per_unlike_english=Range(low=0.0, expected=0.0, high=0.26),
    per_rare_pair=Range(low=0.0, expected=0.6, high=0.6),
    source="4.75 characters of prose per token, more tokens for capitals, digits and other scripts: the middle of "
    "three byte-pair vocabularies",
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
