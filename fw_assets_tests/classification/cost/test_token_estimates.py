from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.multilingual import code_texts, json_texts, long_texts
from fw_assets.classification.cost.text_sizes import TextKinds
from fw_assets.classification.cost.text_volumes import MAX_MEASURED_ROWS, TextVolume, measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, COUNTED, measured_ratio


def frame(rows: list[tuple[list[dict[str, object]], list[str], str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "messages": [json.dumps(messages) for messages, _, _ in rows],
            "labels": [labels for _, labels, _ in rows],
            "split": [split for _, _, split in rows],
        },
        schema_overrides={"labels": pl.List(pl.String)},
    )


def user(text: object) -> dict[str, object]:
    return {"role": "user", "content": text}


ANSWER: dict[str, object] = {"role": "assistant", "content": "billing"}


def test_the_final_assistant_turn_is_the_answer_and_not_the_prompt() -> None:
    rows = frame(
        [
            ([user("12345"), ANSWER], ["billing"], "train"),
            ([user("12"), ANSWER, user("345"), ANSWER], ["sales"], "train"),
            ([user([{"type": "text", "text": "1234"}, {"type": "image_url"}])], [], "test"),
        ]
    )
    volumes = measure_volumes(rows, system="abc", render=lambda labels: f'"{labels[0]}"')
    assert volumes["train"] == TextVolume(
        rows=2,
        messages=6,
        prompt_characters=5 + 2 + 7 + 3 + 6,
        prompt_bytes=5 + 2 + 7 + 3 + 6,
        prompt_symbols=5 + 2 + 3,
        answer_characters=9 + 7,
        answer_bytes=9 + 7,
        answer_symbols=2 + 2,
        prompt_kinds=TextKinds(digits=5 + 2 + 3, unlike_english=7 + 3 + 3),
        answer_kinds=TextKinds(unlike_english=7 + 5),
    )
    assert volumes["test"] == TextVolume(
        rows=1,
        messages=2,
        prompt_characters=7,
        prompt_bytes=7,
        prompt_symbols=4,
        prompt_kinds=TextKinds(digits=4, unlike_english=3),
        answer_characters=0,
    )


def test_a_tokenizer_at_hand_makes_the_count_exact() -> None:
    rows = frame([([user("two words"), ANSWER], ["billing"], "test")] * 3)
    volume = measure_volumes(rows, system="one", count=lambda text: len(text.split()))["test"]
    assert (volume.prompt_tokens, volume.answer_tokens) == (9, 3)
    prompt = COUNTED.prompt_tokens(volume)
    assert prompt.low == prompt.expected == prompt.high == 9 + 4 * 6
    assert COUNTED.training_tokens(volume).expected == 33 + 3 + 4 * 3


def test_a_ratio_gives_a_range_around_the_expected() -> None:
    volume = TextVolume(rows=10, messages=10, prompt_characters=47_500, answer_characters=950)
    prompt = BYTE_PAIR.prompt_tokens(volume)
    assert prompt.expected == pytest.approx(10_000 + 50 + 30)
    assert BYTE_PAIR.answer_tokens(volume).expected == pytest.approx(200 + 10)
    assert BYTE_PAIR.training_tokens(volume).expected == pytest.approx(10_000 + 50 + 200 + 50), (
        "the answer is a message"
    )
    assert prompt.low < prompt.expected < prompt.high


@pytest.mark.parametrize(
    ("texts", "tokens_per_character"),
    [
        (long_texts("Chinese", 50), 0.47),
        (long_texts("Chinese", 50), 0.9),
        (long_texts("Hindi", 50), 0.35),
        (long_texts("Hindi", 50), 0.79),
        (long_texts("Arabic", 50), 0.33),
        (long_texts("Arabic", 50), 0.5),
        (code_texts(50), 0.284),
        (json_texts(50), 0.4),
        (["The router that I bought last week does not connect, however often I restart it."], 1 / 4.1),
    ],
    ids=["Chinese", "Chinese, few", "Hindi, many", "Hindi", "Arabic, many", "Arabic", "code", "JSON", "English"],
)
def test_the_tokens_of_every_script_lie_within_the_plan(texts: list[str], tokens_per_character: float) -> None:
    """By what byte-pair vocabularies of models count; `many` and `few` are their entries for the script."""
    volume = measure_volumes(frame([([user(text), ANSWER], ["a"], "test") for text in texts]))["test"]
    tokens = BYTE_PAIR.prompt_tokens(volume.model_copy(update={"messages": 0}))
    assert tokens.low <= tokens_per_character * volume.prompt_characters <= tokens.high


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_bytes_and_symbols_only_add_tokens(texts: list[str]) -> None:
    volume = measure_volumes(frame([([user(text), ANSWER], ["a"], "test") for text in texts]))["test"]
    assert volume.prompt_characters == sum(map(len, texts))
    assert volume.prompt_bytes == sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    plain = volume.model_copy(update={"prompt_bytes": 0, "prompt_symbols": 0, "prompt_kinds": TextKinds()})
    assert BYTE_PAIR.prompt_tokens(volume).low >= BYTE_PAIR.prompt_tokens(plain).low
    assert BYTE_PAIR.prompt_tokens(volume).high >= BYTE_PAIR.prompt_tokens(plain).high


def test_large_parts_are_sampled_and_scaled() -> None:
    rows = frame([([user("x" * 10), ANSWER], ["a"], "train")])
    many = pl.concat([rows] * (2 * MAX_MEASURED_ROWS + 1))
    volume = measure_volumes(many)["train"]
    assert volume == TextVolume(
        rows=many.height,
        messages=many.height,
        prompt_characters=10 * many.height,
        prompt_bytes=10 * many.height,
        answer_characters=many.height,
        answer_bytes=many.height,
        prompt_kinds=TextKinds(unlike_english=10 * many.height, rare_pairs=7 * many.height),
        answer_kinds=TextKinds(unlike_english=many.height),
        approximate=True,
    )


def test_real_usage_narrows_the_ratio() -> None:
    volume = TextVolume(rows=100, messages=100, prompt_characters=40_000, answer_characters=700)
    ratio = measured_ratio(volume, 10_500)
    again = ratio.prompt_tokens(volume)
    assert again.expected == pytest.approx(10_500)
    assert again.high / again.low < 1.11
    with pytest.raises(ValueError, match="no tokens"):
        measured_ratio(volume, 0)


def test_adding_and_scaling_volumes() -> None:
    one = TextVolume(rows=4, messages=8, prompt_characters=100, answer_characters=20, prompt_tokens=30, answer_tokens=4)
    assert (one + one).model_copy(update={"approximate": True}) == one.scaled(8)
    assert (one + TextVolume(rows=4)).prompt_tokens is None
    assert TextVolume().scaled(5).rows == 5
