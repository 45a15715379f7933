from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets.classification.cost.token_estimates import (
    BYTE_PAIR,
    COUNTED,
    MAX_MEASURED_ROWS,
    TextVolume,
    measure_volumes,
    measured_ratio,
)


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
        rows=2, messages=6, prompt_characters=5 + 2 + 7 + 3 + 6, answer_characters=9 + 7
    )
    assert volumes["test"] == TextVolume(rows=1, messages=2, prompt_characters=7, answer_characters=0)


def test_a_tokenizer_at_hand_makes_the_count_exact() -> None:
    rows = frame([([user("two words"), ANSWER], ["billing"], "test")] * 3)
    volume = measure_volumes(rows, system="one", count=lambda text: len(text.split()))["test"]
    assert (volume.prompt_tokens, volume.answer_tokens) == (9, 3)
    prompt = COUNTED.prompt_tokens(volume)
    assert prompt.low == prompt.expected == prompt.high == 9 + 4 * 6
    assert COUNTED.training_tokens(volume).expected == 33 + 3 + 4 * 3


def test_a_ratio_gives_a_range_around_the_expected() -> None:
    volume = TextVolume(rows=10, messages=10, prompt_characters=4100, answer_characters=82)
    prompt = BYTE_PAIR.prompt_tokens(volume)
    assert prompt.expected == pytest.approx(1000 + 50)
    assert prompt.low < prompt.expected < prompt.high


def test_large_parts_are_sampled_and_scaled() -> None:
    rows = frame([([user("x" * 10), ANSWER], ["a"], "train")])
    many = pl.concat([rows] * (2 * MAX_MEASURED_ROWS + 1))
    volume = measure_volumes(many)["train"]
    assert volume == TextVolume(
        rows=many.height,
        messages=many.height,
        prompt_characters=10 * many.height,
        answer_characters=many.height,
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
