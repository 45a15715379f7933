"""Out-of-scope rows: halves of whole groups, the same for every order of the file, and what the dataset has too."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.row_parser import Row, parse_row
from fw_assets.classification.errors import InputError
from fw_assets.classification.splits.out_of_scope import SCOPE_PART, OutOfScope, divide_out_of_scope

WORDS = ("sky", "bread", "cup", "lullaby", "museum", "Everest", "river", "cat", "glue", "violin", "tide", "comet")
TEXTS = tuple(f"why does the {one} of my {other} sing" for one in WORDS for other in WORDS if one != other)


def conversation(text: str) -> str:
    return json.dumps([{"role": "user", "content": text}])


def dataset(*texts: str) -> pl.DataFrame:
    parts = ["train", "test", "validation", "excluded"]
    return pl.DataFrame(
        {
            "id": [f"train:{number}" for number in range(len(texts))],
            "text": pl.Series(list(texts), dtype=pl.String),
            "group": pl.Series(range(len(texts)), dtype=pl.UInt32),
            "split": [parts[number % 4] for number in range(len(texts))],
        },
        schema_overrides={"id": pl.String, "split": pl.String},
    )


def divide(texts: Sequence[str | None], rows: pl.DataFrame, seed: int = 1) -> tuple[pl.DataFrame, OutOfScope]:
    messages = pl.Series([None if text is None else conversation(text) for text in texts], dtype=pl.String)
    return divide_out_of_scope(messages, rows, "oos.txt", "text of one column", seed)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=8, max_size=60), st.integers(0, 5), st.randoms(use_true_random=False))
def test_halves_are_of_whole_groups_whatever_the_order(texts: list[str], seed: int, random: object) -> None:
    if len(set(texts)) < 2:
        return
    rows = dataset("where is my parcel", "refund me")
    try:
        frame, facts = divide(list(texts), rows, seed)
    except InputError:
        return  # all of them are variants of one text
    assert frame.group_by("group").agg(pl.col(SCOPE_PART).n_unique())[SCOPE_PART].max() == 1
    assert min(facts.rows) >= 1
    assert sum(facts.rows) == len(texts)
    assert frame["group"].min() > rows["group"].max()  # type: ignore[operator]
    again, facts_again = divide(texts[::-1], rows, seed)
    by_text = [sorted(zip(f["messages"], f[SCOPE_PART], strict=True)) for f in (frame, again)]
    assert by_text[0] == by_text[1]
    assert facts.digest == facts_again.digest


def test_half_of_many_rows_is_for_validation() -> None:
    words = "abcdefghijklmnopqrst"
    texts: list[str | None] = [f"{a * 5} {b * 6} {a}{b} {b * 3}{a * 4} question {a}" for a in words for b in words]
    _, facts = divide(texts, dataset("where is my parcel"))
    assert abs(facts.groups[0] - facts.groups[1]) <= 0.1 * sum(facts.groups)


def test_what_the_dataset_has_too_is_told_with_the_row_that_has_it() -> None:
    rows = dataset("Where is my parcel?", "refund me please", "open the door", "left out of all parts")
    frame, facts = divide(
        ["WHERE is my parcel", "sing a song", "left out of all parts", "refund, me please", None], rows
    )
    assert facts.shared == {"train": 1, "test": 1}
    assert facts.shared_rows == (("out-of-scope:1", "train:0"), ("out-of-scope:4", "train:1"))
    assert facts.empty == 1
    assert frame.height == 4


def test_conversations_of_several_turns_are_compared_as_a_whole() -> None:
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Is it still there?"},
        {"role": "assistant", "content": "What do you mean?"},
        {"role": "user", "content": [{"type": "text", "text": "the corner "}, {"type": "text", "text": "sofa"}]},
        {"role": "assistant", "content": "sales"},
    ]
    inspected = parse_row(json.dumps({"messages": turns}).encode())
    assert isinstance(inspected, Row)
    rows = dataset(inspected.text, "the corner sofa")
    others = [
        json.dumps([{"role": "user", "content": f"{text} {text}"}, *turns[2:4]])
        for text in ("where do lullabies come from", "has the museum a cat")
    ]
    messages = pl.Series([json.dumps(turns), json.dumps(turns[1:4]), *others], dtype=pl.String)
    frame, facts = divide_out_of_scope(messages, rows, "oos.jsonl", "JSONL", 1)
    assert facts.shared_rows == (("out-of-scope:1", "train:0"), ("out-of-scope:2", "train:0"))
    assert facts.shared == {"train": 2}
    groups = frame["group"].to_list()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


@pytest.mark.parametrize("texts", [[None, None], ["a b c d e", "A b c d e!"]])
def test_one_text_alone_is_refused(texts: list[str | None]) -> None:
    with pytest.raises(InputError, match="expected two different ones") as caught:
        divide(texts, dataset("where is my parcel"))
    assert caught.value.problems[0].file == "oos.txt"


def test_another_row_or_another_seed_is_another_digest() -> None:
    rows, texts = dataset("where is my parcel"), list(TEXTS[::7])
    digests = {
        divide(list(texts), rows)[1].digest,
        divide(list(texts[1:]), rows)[1].digest,
        divide([*texts], rows, 9)[1].digest,
    }
    assert len(digests) == 3
