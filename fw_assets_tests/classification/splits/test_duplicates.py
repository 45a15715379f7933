"""Duplicate groups: exact, normalised and near, compared with brute force."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.splits.duplicates import find_groups, normalised, overlap_facts
from fw_assets.classification.splits.minhash import THRESHOLD
from fw_assets_tests.classification.splits.test_minhash import similarity

WORDS = Path(__file__).read_text("utf-8").split()


def frame(texts: list[str], sources: str = "", keys: list[str | None] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [str(i) for i in range(len(texts))],
            "text": pl.Series(texts, dtype=pl.String),
            "source": pl.Series(
                ["eval" if letter == "e" else "train" for letter in sources or "t" * len(texts)],
                dtype=pl.String,
            ),
            "group_key": pl.Series(keys or [None] * len(texts), dtype=pl.String),
        }
    )


def groups(*texts: str, sources: str = "", keys: list[str | None] | None = None) -> list[int]:
    return find_groups(frame(list(texts), sources, keys)).final.tolist()  # type: ignore[no-any-return]


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice("abcdefghij") + str(rng.randrange(10**6)) for _ in range(words))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my card?", "where is my card"),
        ("Where  is\tmy card", " Where is my card "),
        ("ＷＨＥＲＥ is my card", "where is my card!!"),
        ("where-is/my.card", "Where is (my) card"),
        ("ﬁne", "fine"),
        ("naïve", "nai\u0308ve"),
    ],
)
def test_normalised_texts_are_one_group(one: str, other: str) -> None:
    assert groups(one, "something else entirely", other) == [0, 1, 0]


@pytest.mark.parametrize(
    ("one", "other"), [("?", "!"), ("👍", "👎"), ("5 + 3", "5 - 3"), ("你好", "再见"), ("C++", "C")]
)
def test_short_unlike_texts_stay_apart(one: str, other: str) -> None:
    assert groups(one, other) == [0, 1]


def test_normalised_keeps_pure_punctuation() -> None:
    assert normalised(pl.Series(["?!  ?", "Hi, there."])).to_list() == ["?! ?", "hi there"]


def test_near_duplicates_are_one_group() -> None:
    text = "I was charged twice for the same taxi ride last Friday night, please refund the second payment"
    assert groups(text, text + " now", "How do I change my PIN code?", text.replace("twice", "twise")) == [
        0,
        0,
        1,
        0,
    ]


def test_a_template_around_texts_does_not_make_them_alike() -> None:
    template = "Classify the following customer message into one of the categories listed in the manual: {}"
    rng = random.Random(3)
    texts = [template.format(sentence(rng, 3)) for _ in range(200)]
    assert len(set(groups(*texts))) == 200
    copies = [text + " ok" for text in texts[:20]]
    assert len(set(groups(*texts, *copies))) == 200


def test_group_keys_join_training_rows_only() -> None:
    texts = ["alpha one", "beta two", "gamma three", "delta four"]
    assert groups(*texts, sources="ttte", keys=["a", "b", "a", "a"]) == [0, 1, 0, 2]


def test_overlap_with_the_evaluation_dataset_is_found_on_the_training_side() -> None:
    data = frame(["same text", "Same text!", "other", "same  text", "new"], "tttee")
    duplicates = find_groups(data)
    facts = overlap_facts(data, duplicates)
    assert duplicates.overlapping.tolist() == [True, True, False, False, False]
    assert (facts.removed_from_train, facts.between_train_and_eval, facts.removed) == (2, 1, ("0", "1"))
    assert (facts.exact_groups, facts.normalised_groups, facts.rows_in_groups) == (0, 1, 3)


def test_variants_between_the_datasets_are_counted_and_stay() -> None:
    data = frame(
        [
            "where is the parcel that I ordered on Monday",
            "where is my parcel that I ordered on Monday",  # of row 3 by one word
            "please refund the second payment of this month",
            "where is the parcel that I ordered on Tuesday",
            "please refund the second payment of this month",  # the same as row 2, which is taken out
            "how do I change the language of the app",
        ],
        "ttteee",
    )
    duplicates = find_groups(data)
    facts = overlap_facts(data, duplicates)
    assert duplicates.overlapping.tolist() == [False, False, True, False, False, False]
    assert (facts.variants, facts.variants_in_train) == (("3",), 2)
    assert facts.removed == ("2",)


def test_within_one_dataset_no_variant_is_between_two() -> None:
    data = frame(["where is my parcel that I ordered", "where is the parcel that I ordered"], "tt")
    facts = overlap_facts(data, find_groups(data))
    assert (facts.variants, facts.variants_in_train) == ((), 0)


def test_planted_near_duplicates_are_found() -> None:
    rng = random.Random(5)
    texts = [sentence(rng, rng.randrange(8, 30)) for _ in range(3000)]
    copies = []
    for text in texts[:1000]:
        position = rng.randrange(len(text))
        copies.append(text[:position] + rng.choice("xyz") + text[position + 1 :])
    numbers = find_groups(frame(texts + copies)).final
    planted = [i for i in range(1000) if similarity(texts[i], copies[i]) >= THRESHOLD]
    recall = np.mean([numbers[i] == numbers[3000 + i] for i in planted])
    assert len(planted) > 800
    assert recall >= 0.99
    assert len(set(numbers[:3000])) == 3000


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_rows(texts: list[str], rng: random.Random) -> None:
    order = list(range(len(texts)))
    rng.shuffle(order)
    one = groups(*texts)
    other = groups(*[texts[i] for i in order])
    moved = [other[order.index(i)] for i in range(len(texts))]
    assert len(set(zip(one, moved, strict=True))) == len(set(one)) == len(set(moved))


def test_large_buckets_of_copies_stay_one_group() -> None:
    rng = random.Random(9)
    base = sentence(rng, 40)
    texts = [base + f" {i:03d}" for i in range(120)]
    others = [sentence(rng, 10) for _ in range(900)]
    numbers = find_groups(frame(texts + others)).final
    assert len(set(numbers[:120])) == 1
    assert len(set(numbers)) == 901


def test_no_rows_and_one_row() -> None:
    assert groups() == []
    assert groups("a") == [0]


def test_real_data_overlap_is_found(shared_data: Path) -> None:
    from fw_assets.classification.dataset.reader import read_rows

    folder = shared_data / "banking77"
    data = pl.concat(
        [
            read_rows(folder / f"{name}.jsonl", source=source).frame
            for name, source in (("train", "train"), ("test", "eval"))
        ]
    )
    data = data.with_columns(pl.concat_list("answer").alias("labels"))
    facts = overlap_facts(data, find_groups(data))
    assert facts.between_train_and_eval >= 7
    assert facts.largest_group < 40
    assert facts.rows_in_groups < 0.25 * data.height
