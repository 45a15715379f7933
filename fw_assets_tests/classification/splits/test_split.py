"""The split: whole groups, every row once, every label in train, and few rows that move."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.session import Session
from fw_assets.classification.splits.split import PARTS, assign_split, split_facts

Row = tuple[str, tuple[str, ...], int]
"""Content, labels, group."""


def frame(rows: list[Row], evaluation: int = 0) -> pl.DataFrame:
    """The last `evaluation` rows are of the evaluation dataset."""
    own = len(rows) - evaluation
    return pl.DataFrame(
        {
            "id": [f"{'train' if i < own else 'eval'}:{i}" for i in range(len(rows))],
            "source": ["train" if i < own else "eval" for i in range(len(rows))],
            "labels": [list(labels) for _, labels, _ in rows],
            "group": [group for _, _, group in rows],
            "digest": [sha256(content.encode()).hexdigest()[:16] for content, _, _ in rows],
            "weight": [None] * len(rows),
        },
        schema_overrides={"labels": pl.List(pl.String), "group": pl.UInt32, "weight": pl.Float64},
    )


def split(rows: list[Row], evaluation: int = 0, **session: Any) -> list[str]:
    return assign_split(frame(rows, evaluation), Session(**session)).to_list()


def singles(count: int, labels: str = "ab", prefix: str = "row") -> list[Row]:
    return [(f"{prefix} {i}", (labels[i % len(labels)],), i) for i in range(count)]


datasets = st.lists(
    st.tuples(
        st.integers(0, 10**6).map(str),
        st.lists(st.sampled_from("abcdef"), max_size=3, unique=True).map(tuple),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(datasets, st.integers(0, 1000), st.sampled_from([0.5, 0.7, 0.8, 0.95]), st.sampled_from([0.05, 0.1, 0.5]))
def test_no_group_on_two_sides_and_every_row_in_one_part(
    rows: list[Row], seed: int, train_fraction: float, validation_fraction: float
) -> None:
    data = frame(rows)
    session = Session(seed=seed, train_fraction=train_fraction, validation_fraction=validation_fraction)
    parts = assign_split(data, session).to_list()
    assert set(parts) <= set(PARTS)
    by_group: dict[int, set[str]] = defaultdict(set)
    for (_, _, group), part in zip(rows, parts, strict=True):
        by_group[group].add(part)
    assert all(len(group_parts) == 1 for group_parts in by_group.values())
    in_train = {label for (_, labels, _), part in zip(rows, parts, strict=True) if part == "train" for label in labels}
    assert in_train == {label for _, labels, _ in rows for label in labels}
    out = data.with_columns(pl.Series("split", parts))
    facts = split_facts(out, tuple("abcdef"), session)
    assert facts.rows.train + facts.rows.validation + facts.rows.test == len(rows)


@settings(deadline=None, max_examples=80)
@given(datasets, st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_order_of_rows_plays_no_role(rows: list[Row], seed: int, rng: random.Random) -> None:
    order = list(range(len(rows)))
    rng.shuffle(order)
    straight = split(rows, seed=seed)
    shuffled = split([rows[i] for i in order], seed=seed)
    assert [straight[i] for i in order] == shuffled


@settings(deadline=None, max_examples=60)
@given(datasets, st.integers(0, 10))
def test_evaluation_rows_are_the_test_part_whatever_they_hold(rows: list[Row], count: int) -> None:
    data = [*rows, *((f"eval {i}", ("z",), 100 + i) for i in range(count + 1))]
    parts = split(data, evaluation=count + 1)
    assert parts[len(rows) :] == ["test"] * (count + 1)
    assert "test" not in parts[: len(rows)]


@pytest.mark.parametrize(("train", "validation"), [(0.8, 0.1), (0.7, 0.1), (0.5, 0.5), (0.9, 0.2)])
def test_fractions_are_kept_label_by_label(train: float, validation: float) -> None:
    rows = singles(3000, "aaaaaabbbc")
    parts = split(rows, train_fraction=train, validation_fraction=validation)
    counts = Counter((labels[0], part) for (_, labels, _), part in zip(rows, parts, strict=True))
    for label, total in (("a", 1800), ("b", 900), ("c", 300)):
        assert counts[label, "test"] == pytest.approx(total * (1 - train), abs=1)
        assert counts[label, "validation"] == pytest.approx(total * train * validation, abs=2)


def test_many_small_labels_meet_the_fractions_together() -> None:
    rows: list[Row] = [(f"{label}-{i}", (f"label {label}",), 12 * label + i) for label in range(200) for i in range(12)]
    counts = Counter(split(rows))
    assert counts["test"] == pytest.approx(480, abs=25)
    assert counts["validation"] == pytest.approx(192, abs=25)


@pytest.mark.parametrize(
    ("count", "parts"),
    [(1, {"train"}), (2, {"train", "test"}), (3, set(PARTS)), (4, set(PARTS)), (6, set(PARTS))],
)
def test_rare_labels_reach_as_many_parts_as_they_can(count: int, parts: set[str]) -> None:
    rows = [*singles(100), *((f"rare {i}", ("rare",), 1000 + i) for i in range(count))]
    for seed in range(10):
        rare_parts = split(rows, seed=seed)[100:]
        assert set(rare_parts) == parts
        assert "train" in rare_parts


def test_a_group_larger_than_a_part_stays_in_train() -> None:
    rows = [*((f"copy {i}", ("a",), 0) for i in range(300)), *singles(700, "ab", "own")[1:]]
    rows = [(content, labels, group if i < 300 else group + 1) for i, (content, labels, group) in enumerate(rows)]
    for seed in range(5):
        parts = split(rows, seed=seed)
        assert set(parts[:300]) == {"train"}
        assert Counter(parts)["test"] > 100


@pytest.mark.parametrize(("groups", "size"), [(5, 80), (10, 60), (40, 20)])
def test_large_groups_are_in_the_test_part_by_their_weight(groups: int, size: int) -> None:
    """40 % of 1,000 rows and more: larger than the quota of a label, which has 50 rows of the test part."""
    copies: list[Row] = [(f"copy {i}", ("abcd"[i // size % 4],), i // size) for i in range(groups * size)]
    rows = [*copies, *((f"own {i}", ("abcd"[i % 4],), 1000 + i) for i in range(600))]
    expected = len(copies) / len(rows)
    for seed in range(5):
        parts = split(rows, seed=seed)
        test = [row for row, part in zip(rows, parts, strict=True) if part == "test"]
        assert sum(group < 1000 for _, _, group in test) / len(test) == pytest.approx(expected, abs=0.12)
        assert len(test) == pytest.approx(0.2 * len(rows), rel=0.2)
        assert {labels for _, labels, _ in test} == {(label,) for label in "abcd"}
        assert all(
            len({p for p, row in zip(parts, rows, strict=True) if row[2] == group}) == 1 for group in range(groups)
        )


def test_large_groups_that_cannot_be_divided_are_counted() -> None:
    copies: list[Row] = [(f"copy {i}", ("ab"[i // 200],), i // 200) for i in range(400)]
    rows = [*copies, *((f"own {i}", ("ab"[i % 2],), 1000 + i) for i in range(600))]
    data = frame(rows)
    facts = split_facts(data.with_columns(assign_split(data, Session())), ("a", "b"), Session())
    assert (facts.large_groups, facts.large_group_rows) == (2, 400)
    assert (facts.large_share, facts.large_test_share) == (0.4, 0.0)


def test_added_rows_move_few_rows() -> None:
    rows = singles(2000, "abcde")
    before = split(rows)
    after = split([*rows, *singles(100, "abcde", "new")])[:2000]
    moved = sum(one != other for one, other in zip(before, after, strict=True))
    assert moved <= 60


def test_seeds_give_other_splits_and_the_same_seed_the_same() -> None:
    rows = singles(500)
    assert split(rows, seed=1) == split(rows, seed=1)
    agree = sum(a == b == "test" for a, b in zip(split(rows, seed=1), split(rows, seed=2), strict=True))
    assert agree == pytest.approx(20, abs=15)


def test_the_split_of_known_rows_never_changes() -> None:
    """A new version that split otherwise would mix old test rows into new training."""
    parts = split(singles(30, "abc"))
    assert [i for i, part in enumerate(parts) if part == "test"] == [0, 2, 7, 15, 19, 20]
    assert [i for i, part in enumerate(parts) if part == "validation"] == [17, 21, 25]


def test_multi_label_parts_keep_the_shares_of_labels() -> None:
    rng = random.Random(11)
    weights = {"a": 0.6, "b": 0.3, "c": 0.1, "d": 0.03, "e": 0.01}
    rows: list[Row] = [
        (f"row {i}", tuple(label for label, weight in weights.items() if rng.random() < weight), i) for i in range(5000)
    ]
    parts = split(rows)
    total = Counter(label for _, labels, _ in rows for label in labels)
    test = Counter(
        label for (_, labels, _), part in zip(rows, parts, strict=True) if part == "test" for label in labels
    )
    for label, count in total.items():
        assert test[label] / count == pytest.approx(0.2, abs=0.05)


def test_excluded_rows_are_in_no_part() -> None:
    rows = singles(20)
    excluded = pl.Series([i < 5 for i in range(20)])
    parts = assign_split(frame(rows), Session(), excluded).to_list()
    assert parts[:5] == ["excluded"] * 5
    assert set(parts[5:]) == set(PARTS)


def test_part_digests_change_with_the_part_alone() -> None:
    rows = singles(60)
    data = frame(rows)
    out = data.with_columns(assign_split(data, Session()))
    facts = split_facts(out, ("a", "b"), Session())
    again = split_facts(out.reverse(), ("a", "b"), Session())
    assert facts == again
    other = out.with_columns(
        pl.when(pl.col("split") == "test").then(pl.lit("0" * 16)).otherwise("digest").alias("digest")
    )
    changed = split_facts(other, ("a", "b"), Session())
    assert changed.train_digest == facts.train_digest
    assert changed.test_digest != facts.test_digest


def test_part_digests_change_with_weights_and_with_further_fields_of_turns() -> None:
    data = frame(singles(60))
    out = data.with_columns(assign_split(data, Session()))
    facts = split_facts(out, ("a", "b"), Session())
    weighted = split_facts(out.with_columns(weight=pl.lit(2.0)), ("a", "b"), Session())
    assert weighted.train_digest != facts.train_digest
    row = out.filter(split="train")["id"][0]
    digests = {split_facts(out, ("a", "b"), Session(), {row: fields}).train_digest for fields in ("ann", "bob")} | {
        facts.train_digest
    }
    assert len(digests) == 3
    assert split_facts(out, ("a", "b"), Session(), {row: "ann"}).test_digest == facts.test_digest
