from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fw_assets.classification.hierarchy.levels import compare_levels, level_scores
from fw_assets.classification.taxonomy.label_tree import LabelTree, label_tree

LABELS = ("a/x", "a/y", "b/x", "b/z", "c")
TREE = LabelTree(separator="/", paths={label: tuple(label.split("/")) for label in LABELS})


def predictions(said: list[str | None], gold: list[str]) -> pl.DataFrame:
    outcomes = [
        "off_label" if given is None else "correct" if given == true else "wrong_label"
        for given, true in zip(said, gold, strict=True)
    ]
    return pl.DataFrame(
        {
            "id": [str(number) for number in range(len(gold))],
            "gold": [[label] for label in gold],
            "predicted": [[label] if label else [] for label in said],
            "outcome": outcomes,
            "group": np.arange(len(gold), dtype=np.uint32),
        },
        schema_overrides={"predicted": pl.List(pl.String)},
    )


def test_mistakes_are_within_or_across_parents() -> None:
    gold = ["a/x", "a/x", "b/x", "b/z", "c", "a/y"]
    frame = predictions(["a/x", "a/y", "b/z", "a/x", "c", None], gold)
    scores = level_scores([frame[:4], frame[4:]], TREE)
    assert (scores.rows, scores.within, scores.across, scores.unlabelled) == (6, 2, 1, 1)
    assert [item.value for item in scores.accuracy] == pytest.approx([4 / 6, 2 / 6])
    assert all(item.low < item.value < item.high for item in scores.accuracy)


def test_the_label_above_is_right_down_to_its_own_level() -> None:
    labels = ["m > c", "m > c > lost", "m > c > new", "p > o"]
    tree = label_tree(labels)
    assert tree is not None
    scores = level_scores([predictions(["m > c", "m > c > new", "m > c", "p > o"], [labels[1], *labels[1:]])], tree)
    assert [item.value for item in scores.accuracy] == [1.0, 1.0, 0.25]


def test_rows_that_failed_are_left_out() -> None:
    frame = predictions(["a/x", None], ["a/x", "b/x"]).with_columns(outcome=pl.Series(["correct", "failed"]))
    scores = level_scores([frame], TREE)
    assert (scores.rows, scores.unlabelled) == (1, 0)


def test_two_models_are_compared_at_each_level_on_the_same_rows() -> None:
    rng = np.random.default_rng(1)
    gold = [LABELS[index] for index in rng.integers(0, 4, 400)]
    siblings = {"a/x": "a/y", "a/y": "a/x", "b/x": "b/z", "b/z": "b/x"}
    first = predictions([siblings[label] if rng.random() < 0.5 else label for label in gold], gold)
    second = predictions(list(gold), gold)
    top, whole = compare_levels([first], [second], TREE, margin=0.02)
    assert (top.gained, top.lost) == (0, 0)
    assert top.verdict != "better"
    assert whole.verdict == "better"
    assert whole.difference.value == pytest.approx((first["outcome"] != "correct").mean())
    assert whole.adjusted_p <= 2 * whole.p_value
