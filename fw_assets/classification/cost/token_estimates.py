"""Token estimates: the ratios that turn text volumes into tokens, assumed or measured."""

from __future__ import annotations

from fw_assets.classification.cost.ranges import NOTHING, Range, exactly
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

    `per_extra_byte`: tokens for each UTF-8 byte beyond one a character, of which Latin script has few, Arabic one and
    Chinese or Devanagari two a character. `per_symbol`: tokens for each digit or mark beyond those of prose, of which
    code and JSON have many. Both come on top of those for characters.

    `scale` corrects the tokens of prompts by those that a real run counted.
    """

    characters: Range
    per_message: Range
    per_answer: Range = Range(low=1, expected=1, high=2)
    per_extra_byte: Range = NOTHING
    per_symbol: Range = NOTHING
    scale: float = 1.0
    source: str

    def expected_tokens(self, characters: int, bytes: int, symbols: int) -> float:
        """The expected tokens of a text, without what a chat template adds."""
        extra_bytes, extra_symbols = _beyond_prose(characters, bytes, symbols)
        more = self.per_extra_byte.expected * extra_bytes + self.per_symbol.expected * extra_symbols
        return characters / self.characters.expected + more

    def prompt_tokens(self, volume: TextVolume) -> Range:
        text = self._text_tokens(
            volume.prompt_characters,
            volume.prompt_bytes,
            volume.prompt_symbols,
            volume.prompt_tokens,
            volume.approximate,
        )
        return (text + self.per_message.times(volume.messages)).times(self.scale)

    def answer_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all answers, including the end token."""
        text = self._text_tokens(
            volume.answer_characters,
            volume.answer_bytes,
            volume.answer_symbols,
            volume.answer_tokens,
            volume.approximate,
        )
        return text + self.per_answer.times(volume.rows)

    def training_tokens(self, volume: TextVolume) -> Range:
        """Tokens of all prompts with their answers, for one epoch."""
        return self.prompt_tokens(volume) + self.answer_tokens(volume) + self.per_message.times(volume.rows)

    def _text_tokens(self, characters: int, bytes: int, symbols: int, counted: int | None, approximate: bool) -> Range:
        if counted is not None:
            if not approximate:
                return exactly(counted)
            return Range(low=counted / APPROXIMATE_COUNT, expected=counted, high=counted * APPROXIMATE_COUNT)
        per_token = self.characters
        letters = Range(
            low=characters / per_token.high, expected=characters / per_token.expected, high=characters / per_token.low
        )
        extra_bytes, extra_symbols = _beyond_prose(characters, bytes, symbols)
        return letters + self.per_extra_byte.times(extra_bytes) + self.per_symbol.times(extra_symbols)


def _beyond_prose(characters: int, bytes: int, symbols: int) -> tuple[float, float]:
    """Bytes beyond one a character, and symbols beyond those of prose."""
    return max(0, bytes - characters), max(0.0, symbols - SYMBOLS_OF_PROSE * characters)


# Measured on the user turns of banking77, clinc150, goemotions and sms_spam (4,000 rows each), 2026-11-22:
# byte-pair vocabularies of DeepSeek (4.30, 4.38, 4.06, 3.58) and Anthropic (4.25, 4.40, 4.04, 3.57), WordPiece of
# all-MiniLM-L6-v2 (4.16, 4.46, 3.96, 3.45). Other scripts, by the byte-pair vocabulary of Qwen, 2026-11-27: long
# Chinese 0.47 tokens a character, Hindi 0.79, code and JSON 0.28; larger vocabularies have fewer, smaller ones more.
# `python -m benchmarks.token_estimates` measures with any vocabulary.
BYTE_PAIR = TokenRatio(
    characters=Range(low=3.4, expected=4.1, high=4.5),
    per_message=Range(low=3, expected=5, high=7),
    per_extra_byte=Range(low=0.04, expected=0.2, high=0.4),
    per_symbol=Range(low=0.0, expected=0.25, high=0.6),
    source="3.6 to 4.4 characters per token on four English datasets; more tokens for the bytes of other scripts and "
    "the symbols of code",
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
