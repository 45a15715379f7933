"""The imbalance ratio and the three mitigations."""

from __future__ import annotations

import random
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.label_counts import count_labels
from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.findings import imbalance_findings
from fw_assets.classification.labels.imbalance import measure_imbalance, mitigate, with_mitigations
from fw_assets.classification.session import MITIGATIONS


def train(labels: list[list[str]], weights: list[float] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"train:{i}" for i in range(len(labels))],
            "labels": labels,
            "split": ["train"] * len(labels),
            "digest": [sha256(str(i).encode()).hexdigest()[:16] for i in range(len(labels))],
            "weight": weights or [None] * len(labels),
        },
        schema_overrides={"labels": pl.List(pl.String), "weight": pl.Float64},
    )


def skewed(**counts: int) -> pl.DataFrame:
    return train([[label] for label, count in counts.items() for _ in range(count)])


def test_the_ratio_is_over_labels_that_occur() -> None:
    imbalance = measure_imbalance({"a": 120, "b": 2, "c": 0}, 50)
    assert (imbalance.ratio, imbalance.exceeded, imbalance.most, imbalance.least) == (60, True, ("a", 120), ("b", 2))
    assert not measure_imbalance({"a": 100, "b": 2}, 50).exceeded
    assert measure_imbalance({}, 50).ratio == 0


def test_rebalance_brings_the_ratio_to_its_square_root_and_keeps_the_size() -> None:
    rows = skewed(a=6400, b=800, c=64)
    out = mitigate(rows, "rebalance", 50, seed=1)
    counts = count_labels(out)
    assert max(counts.values()) / min(counts.values()) == pytest.approx(10, rel=0.1)
    assert out.height == pytest.approx(rows.height, rel=0.02)
    assert set(out["id"]) <= set(rows["id"])


def test_rebalance_brings_the_ratio_to_a_low_threshold() -> None:
    counts = count_labels(mitigate(skewed(a=3000, b=300), "rebalance", 2, seed=1))
    assert counts["a"] / counts["b"] == pytest.approx(2, rel=0.1)


def test_no_row_is_repeated_more_than_ten_times() -> None:
    out = mitigate(skewed(a=100_000, b=3), "rebalance", 50, seed=1)
    assert out["id"].value_counts()["count"].max() == 10


def test_weights_make_labels_count_alike() -> None:
    out = mitigate(skewed(a=90, b=10), "weight", 50, seed=1)
    by_label = dict(out.explode("labels").group_by("labels").agg(pl.col("weight").sum()).iter_rows())
    assert by_label["a"] == pytest.approx(by_label["b"], rel=0.01)
    assert out["weight"].mean() == pytest.approx(1, abs=0.01)


def test_weights_are_capped_and_multiply_those_given() -> None:
    assert mitigate(skewed(a=1000, b=1), "weight", 50, seed=1)["weight"].max() == 10
    rows = train([["a"]] * 3 + [["b"]], [2.0, 1.0, 1.0, 1.0])
    plain = mitigate(rows.with_columns(weight=pl.lit(None, pl.Float64)), "weight", 50, seed=1)["weight"]
    assert mitigate(rows, "weight", 50, seed=1)["weight"].to_list() == [2 * plain[0], *plain[1:]]


def test_drop_rare_takes_out_labels_below_the_threshold() -> None:
    rows = train([["a"]] * 100 + [["b"]] + [["a", "b"]] + [[]] + [["c"]] * 2)
    out = mitigate(rows, "drop-rare", 50, seed=1)
    assert count_labels(out) == {"a": 101}
    assert out.height == 102
    assert out["labels"].to_list()[-1] == []


@pytest.mark.parametrize("name", MITIGATIONS)
def test_a_mitigation_touches_training_rows_only(name: str) -> None:
    rows = skewed(a=100, b=1).with_columns(split=pl.lit("test"))
    with pytest.raises(ValueError, match="training rows only"):
        mitigate(rows, name, 50, seed=1)


def test_an_unknown_mitigation_is_an_error() -> None:
    with pytest.raises(InputError, match="rebalance, weight, drop-rare"):
        mitigate(skewed(a=2, b=1), "magic", 50, seed=1)


def test_none_changes_nothing() -> None:
    rows = skewed(a=20, b=1)
    assert mitigate(rows, "none", 50, seed=1).equals(rows)


def test_effects_are_those_of_the_mitigation_itself() -> None:
    rows = skewed(a=3000, b=300, c=20)
    effects = {
        effect.name: effect
        for effect in with_mitigations(rows, measure_imbalance(count_labels(rows), 50), seed=4).mitigations
    }
    assert list(effects) == [name for name in MITIGATIONS if name != "none"]
    for name, effect in effects.items():
        out = mitigate(rows, name, 50, seed=4)
        assert (effect.rows_before, effect.rows_after) == (3320, out.height)
        assert [change.before for change in effect.per_label] == [3000, 300, 20]
        if name != "weight":
            after = count_labels(out)
            assert [change.after for change in effect.per_label] == [after.get(label, 0) for label in "abc"]
    assert effects["drop-rare"].dropped == ("c",)
    assert "c (20)" in effects["drop-rare"].note
    assert effects["rebalance"].ratio_after < 20
    assert effects["weight"].largest_weight is not None


label_lists = st.lists(st.lists(st.sampled_from("abcd"), max_size=3, unique=True), min_size=1, max_size=40)


@settings(deadline=None, max_examples=80)
@given(label_lists, st.sampled_from([1.0, 3.0, 50.0]), st.integers(0, 5), st.randoms(use_true_random=False))
def test_mitigations_invent_nothing(labels: list[list[str]], threshold: float, seed: int, rng: random.Random) -> None:
    rows = train(labels)
    by_id = dict(zip(rows["id"], rows["labels"].to_list(), strict=True))
    for name in MITIGATIONS:
        out = mitigate(rows, name, threshold, seed)
        for row, found in zip(out["id"], out["labels"].to_list(), strict=True):
            assert set(found) <= set(by_id[row])
            assert name == "drop-rare" or found == by_id[row]
        order = list(range(rows.height))
        rng.shuffle(order)
        again = mitigate(rows[order], name, threshold, seed)
        assert again.sort("id")["id"].equals(out.sort("id")["id"])


def test_labels_of_one_frequency_have_no_most_frequent_one() -> None:
    (equal,) = imbalance_findings(measure_imbalance({"a": 20, "b": 20}, 50), lambda labels: [])
    assert equal.message == "Every label is equally frequent (20 rows)."
    (unequal,) = imbalance_findings(measure_imbalance({"a": 40, "b": 20}, 50), lambda labels: [])
    assert "The most frequent label, a (40), occurs 2.0 times" in unequal.message
