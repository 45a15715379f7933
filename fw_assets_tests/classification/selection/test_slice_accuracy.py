from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from fw_assets.classification.intervals import wilson
from fw_assets.classification.selection.slice_accuracy import comparisons, slice_accuracies, slice_changes
from fw_assets.classification.slices.slice_fields import Slice, SliceField

MARGIN = 0.02


def field(name: str, values: pl.Series, min_groups: int = 20) -> SliceField:
    counts = values.value_counts(sort=True).rows()
    slices = tuple(Slice(name=value, rows=rows, groups=rows, judged=rows >= min_groups) for value, rows in counts)
    return SliceField(name=name, what="value", own=True, slices=slices)


def frame(right: list[bool], **values: list[str]) -> pl.DataFrame:
    groups = pl.Series(range(len(right)), dtype=pl.UInt32)
    return pl.DataFrame({"group": groups, "right": right, "slices": pl.DataFrame(values).to_struct()})


def test_the_slice_that_lies_furthest_below_the_rest_comes_first() -> None:
    tier = ["gold"] * 60 + ["free"] * 60 + ["silver"] * 60
    right = [i % 2 == 0 for i in range(60)] + [i % 10 > 0 for i in range(120)]
    rows = frame(right, tier=tier)
    results = slice_accuracies(rows, [field("tier", rows["slices"].struct.field("tier"))], MARGIN)
    assert results[0].name == "gold"
    gold = results[0]
    assert (gold.rows, gold.groups) == (60, 60)
    assert gold.rest == pytest.approx(0.9)
    assert gold.accuracy == wilson(30, 60)
    assert gold.difference.value == pytest.approx(-0.4)
    assert gold.verdict == "worse"
    assert gold.shown_worse
    assert gold.adjusted_p == pytest.approx(3 * gold.p_value)
    assert [item.verdict for item in results[1:]] == ["better", "better"]


def test_a_slice_that_is_worse_by_less_than_the_margin_is_no_caution() -> None:
    rows = frame(
        [i % 100 >= 3 for i in range(60_000)] + [i % 100 >= 2 for i in range(60_000)],
        half=["a"] * 60_000 + ["b"] * 60_000,
    )
    worst = slice_accuracies(rows, [field("half", rows["slices"].struct.field("half"))], MARGIN)[0]
    assert (worst.name, worst.verdict, worst.shown_worse) == ("a", "worse", False)


def test_the_two_slices_of_a_field_are_one_comparison() -> None:
    two = field("two", pl.Series(["a"] * 30 + ["b"] * 30))
    three = field("three", pl.Series(["a"] * 30 + ["b"] * 30 + ["c"] * 30))
    lone = field("lone", pl.Series(["a"] * 30 + ["b"] * 5))
    nothing = SliceField(name="id", what="value", own=True, note="id has 90 values")
    assert comparisons([two]) == 1
    assert comparisons([two, three, lone, nothing]) == 1 + 3 + 1


@given(st.integers(0, 2**32), st.integers(2, 4))
def test_two_models_on_a_slice_are_judged_by_their_rows_alone(seed: int, values: int) -> None:
    random = np.random.default_rng(seed)
    names = [f"value {code}" for code in random.integers(0, values, 200)]
    before, after = (random.random(200) < share for share in (0.7, 0.8))
    rows = frame([False] * 200, kind=names).drop("right").with_columns(before=before, after=after)
    facts = field("kind", rows["slices"].struct.field("kind"))
    changes = slice_changes(rows, [facts], MARGIN)
    assert {item.name for item in changes} == {item.name for item in facts.judged}
    for item in changes:
        inside = np.array([name == item.name for name in names])
        gained, lost = int((inside & ~before & after).sum()), int((inside & before & ~after).sum())
        assert (item.gained, item.lost) == (gained, lost)
        assert item.before == pytest.approx(before[inside].mean())
        expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        assert item.p_value == pytest.approx(expected)
        assert item.adjusted_p == pytest.approx(min(1, len(changes) * expected))
        assert (item.verdict in ("better", "worse")) == (item.adjusted_p < 0.05)


@pytest.mark.parametrize("copies", [1, 4])
def test_equal_slices_are_seldom_called_worse(copies: int) -> None:
    random = np.random.default_rng(7)
    false, repeats = 0, 120
    for _ in range(repeats):
        groups = np.repeat(np.arange(300, dtype=np.uint32), copies)
        kinds = [np.array(["a", "b", "c", "d"])[random.choice(4, 300, p=[0.4, 0.3, 0.2, 0.1])] for _ in range(3)]
        right = np.repeat(random.random(300) < 0.9, copies)
        slices = pl.DataFrame({f"f{i}": np.repeat(kind, copies) for i, kind in enumerate(kinds)})
        rows = pl.DataFrame({"group": groups, "right": right, "slices": slices.to_struct()})
        fields = [field(name, slices[name]) for name in slices.columns]
        false += any(item.verdict == "worse" for item in slice_accuracies(rows, fields, MARGIN))
    assert false <= 0.05 * repeats + 3 * (repeats * 0.05 * 0.95) ** 0.5


def test_a_slice_without_an_answer_is_left_out() -> None:
    rows = frame([True, False] * 30, tier=["gold"] * 60)
    facts = SliceField(
        name="tier",
        what="value",
        own=True,
        slices=tuple(Slice(name=name, rows=60, groups=60, judged=True) for name in ("gold", "free")),
    )
    assert slice_accuracies(rows, [facts], MARGIN) == ()
    assert [item.name for item in slice_changes(rows.with_columns(before="right", after="right"), [facts], MARGIN)] == [
        "gold"
    ]
