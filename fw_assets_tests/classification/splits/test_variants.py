"""Variants: one word or letter changed, and templates with other slots, compared with brute force."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.augmented_copies import figures
from benchmarks.variants import EDITS, edit_recall, grouped, template_recall, untouched
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.session import Session
from fw_assets.classification.splits.duplicates import find_groups, overlap_facts
from fw_assets.classification.splits.split import assign_split
from fw_assets.classification.splits.variants import deletion_forms

EXAMPLE = Path(__file__).parents[3] / "examples" / "support-intents.jsonl"
WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]


def joined(*texts: str, labels: str = "") -> bool:
    """Whether all texts are one group, among others that say nothing alike."""
    names = [*(labels or "x" * len(texts)), "x", "y"]
    groups = grouped([*texts, "the quick brown fox", "lorem ipsum dolor sit amet"], names)
    return len(set(groups[: len(texts)].tolist())) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I top up?", "how can I top up"),
        ("How do I top up my card?", "How do I top up card?"),
        ("How do I top-up my card?", "How do I topup my card?"),
        ("I don't see my new card", "I dont see my card"),
        ("track parcel", "trakc parcel"),
        ("freeze account", "freez account"),
        ("Payment of 48213 EUR to Zara was declined, why?", "Payment of 7 euros to Anna Lopez was declined, why?"),
        ("Please send it by 5 March 2024 to my home", "Please send it by 3/15/24 to my home"),
        ("Please call Zara O'Brien about my order", "Please call Max about my order"),
        ("My order ORD48213 is not here yet", "My order AB91 is not here yet"),
        ("My order is late, write to zara@example.com", "My order is late, write to me.too@mail.example.org"),
        ("Good day. There is a fee on my account", "Good day. Yes There is a fee on my account"),
        ("我的银行卡还没有收到", "我的银行卡还没又收到"),
    ],
)
def test_variants_are_one_group(one: str, other: str) -> None:
    assert joined(one, other)
    assert joined(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("call me later", "ring home tomorrow"),
        ("my card", "my pin"),
        ("How do I freeze my account", "Where can I order another card"),
        ("12 + 30", "4 + 8"),
        ("yes", "yep"),
        ("Paris 2024, London 2023", "Berlin 1999, Rome 2001"),
    ],
)
def test_texts_that_share_little_stay_apart(one: str, other: str) -> None:
    assert not joined(one, other)


def test_the_word_that_decides_the_label_makes_no_variant() -> None:
    assert not joined("How do I freeze my card?", "How do I order my card?", labels="ab")
    assert joined("How do I freeze my card?", "How do I block my card?", labels="aa")


def test_a_question_around_its_content_joins_nothing() -> None:
    words = sorted({word for word in EXAMPLE.read_text("utf-8").split() if word.isalpha() and len(word) > 4})[:300]
    texts = [f"What is the sentiment of the word {word} in this list?" for word in words]
    labels = [random.Random(word).choice("abc") for word in words]
    assert np.bincount(grouped(texts, labels)).max() <= 4
    # Two forms of the question: no word is in all texts, and only the labels tell.
    two = [text if row % 2 else text.replace("What is", "Please tell me") for row, text in enumerate(texts)]
    assert np.bincount(grouped(two, labels)).max() <= 6


def test_tables_written_as_text_are_no_template() -> None:
    chance = random.Random(4)
    rows = [
        f"age: {chance.randint(18, 80)}, status: {chance.choice(WORDS)}, work: {chance.choice(WORDS)}, "
        f"gain: {chance.randrange(9999)}, hours: {chance.randrange(60)}, weight: {chance.randrange(10**6)}"
        for _ in range(1000)
    ]
    assert np.bincount(grouped(rows, None)).max() < 10


def test_german_nouns_are_no_names() -> None:
    nouns = ("Karte", "Rechnung", "Bestellung", "Adresse", "Lieferung", "Kündigung", "Nummer", "Zahlung")
    texts = [f"Warum ist bei der {one} für die {other} noch nichts passiert" for one in nouns for other in nouns]
    assert len(set(grouped(texts[::9], None).tolist())) == 8


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), min_size=2, max_size=6))
def test_forms_meet_where_brute_force_says(rows: list[list[str]]) -> None:
    items = np.array([WORDS.index(word) for row in rows for word in row], dtype=np.uint64)
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    keys, sequence, position = deletion_forms(items, starts)
    spelt = [
        tuple(word for at, word in enumerate(rows[row], start=int(starts[row])) if at != gone)
        for row, gone in zip(sequence.tolist(), position.tolist(), strict=True)
    ]
    assert len(set(keys.tolist())) == len(set(spelt)) == len(set(zip(keys.tolist(), spelt, strict=True)))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=4, max_size=7), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_groups_do_not_depend_on_the_order_of_rows(rows: list[list[str]], chance: random.Random) -> None:
    texts = [" ".join(row) for row in rows]
    labels = [str(len(text) % 2) for text in texts]
    order = list(range(len(texts)))
    chance.shuffle(order)
    one = grouped(texts, labels).tolist()
    other = grouped([texts[row] for row in order], [labels[row] for row in order]).tolist()
    moved = [other[order.index(row)] for row in range(len(texts))]
    assert len(set(zip(one, moved, strict=True))) == len(set(one)) == len(set(moved))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 99))
def test_no_group_straddles_the_parts(seed: int, number: int) -> None:
    chance = random.Random(seed)
    texts = [" ".join(chance.choices(WORDS, k=6)) for _ in range(40)]
    texts += [f"Payment of {chance.randrange(9999)} EUR to Zara was declined, why {number}?" for _ in range(10)]
    frame = pl.DataFrame({"id": list(map(str, range(50))), "text": texts, "source": "train"}).with_columns(
        pl.lit(None, pl.String).alias("group_key"),
        pl.Series("labels", [[chance.choice("ab")] for _ in range(40)] + [["a"]] * 10),
        pl.Series("digest", [f"{chance.getrandbits(64):016x}" for _ in texts]),
    )
    groups = find_groups(frame)
    parts = assign_split(
        frame.with_columns(pl.Series("group", groups.final, dtype=pl.UInt32)),
        Session(dataset="rows.jsonl", models=("char-ngram",)),
    )
    assert len(set(groups.final[40:].tolist())) == 1
    assert pl.DataFrame({"group": groups.final, "part": parts}).unique().height == len(set(groups.final.tolist()))


@pytest.fixture(scope="module")
def example() -> tuple[list[str], list[str]]:
    rows = read_rows(EXAMPLE, source="train").frame
    return rows["text"].to_list(), rows["answer"].to_list()


@pytest.mark.parametrize("edit", EDITS)
def test_edits_are_found(edit: str, example: tuple[list[str], list[str]]) -> None:
    found, _ = edit_recall(*example, edit, random.Random(3))
    unlabelled, _ = edit_recall(example[0], None, edit, random.Random(3))
    assert min(found, unlabelled) >= 0.95


@pytest.mark.parametrize("share", [0.01, 0.16, 0.33])
def test_templates_are_found_however_common(share: float, example: tuple[list[str], list[str]]) -> None:
    found, before = template_recall(*example, share, random.Random(3))
    assert found >= 0.95 > before


@pytest.mark.parametrize("name", ["banking77", "clinc150"])
def test_public_datasets(name: str, shared_data: Path) -> None:
    rows = read_rows(shared_data / name / "train.jsonl", source="train").frame
    texts, labels = rows["text"].to_list(), rows["answer"].to_list()
    assert edit_recall(texts, labels, "one word replaced", random.Random(5))[0] >= 0.95
    largest, inside, same_label = untouched(texts, labels, known=True)
    assert largest <= 40
    assert inside < 0.3
    assert same_label >= 0.99


def test_examples_of_variants_are_listed() -> None:
    texts = ["How do I top up my card", "How can I top up my card", "How do I top up my card!"]
    frame = pl.DataFrame({"id": ["a", "b", "c"], "text": texts, "source": "train"}).with_columns(
        pl.lit(None, pl.String).alias("group_key")
    )
    facts = overlap_facts(frame, find_groups(frame))
    variants = [example for example in facts.examples if example.kind == "variant"]
    assert {(variant.first, variant.second) for variant in variants} <= {("a", "b"), ("b", "c")}
    assert variants
    assert variants[0].similarity == pytest.approx(6 / 7, abs=1e-4)


def test_augmented_copies_leave_the_figure_honest() -> None:
    means = figures(EXAMPLE, seeds=2)
    assert abs(means["as found"] - means["by original"]) <= 0.02
    assert means["by shingles alone"] > means["by original"] + 0.05
