"""Token counts: deterministic, additive over messages, and consistent with the tokens that are streamed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.embedded.inference.token_counts import MESSAGE_OVERHEAD, count_prompt, count_tokens, split_tokens


@settings(deadline=None)
@given(st.text())
def test_tokens_joined_are_the_text_up_to_white_space_at_its_end(text: str) -> None:
    tokens = split_tokens(text)
    joined = "".join(tokens)
    assert text.startswith(joined)
    assert not text[len(joined) :].strip()
    assert count_tokens(text) == len(tokens)


def test_words_count_by_their_length_and_punctuation_by_its_runs() -> None:
    assert split_tokens("internationally, no!!") == ["intern", "ationa", "lly", ",", " no", "!!"]


def test_each_message_of_a_prompt_has_an_overhead() -> None:
    assert count_prompt(["one two", ""]) == 2 + 2 * MESSAGE_OVERHEAD
