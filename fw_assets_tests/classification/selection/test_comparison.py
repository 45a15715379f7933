from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import Comparison, compare, compare_all
from fw_assets.classification.selection.paired_counts import MAX_FLIPS
from fw_assets.classification.selection.paired_tests import mcnemar
from fw_assets_tests.classification.prediction_frames import frame, random_sets, random_single

LABELS = ("a", "b", "c")


def quick(base: pl.DataFrame, tuned: pl.DataFrame, resamples: int = 0) -> Comparison:
    return compare(base, tuned, labels=LABELS, resamples=resamples)


def table(both: int, gained: int, lost: int, neither: int) -> Comparison:
    rows = both + gained + lost + neither
    base = [(["a"], ["a"])] * both + [(["a"], ["b"])] * gained + [(["a"], ["a"])] * lost + [(["a"], ["b"])] * neither
    tuned = [(["a"], ["a"])] * (both + gained) + [(["a"], ["b"])] * (lost + neither)
    assert len(base) == len(tuned) == rows
    return quick(frame(base), frame(tuned))


def test_the_table_is_counted() -> None:
    comparison = table(200, 12, 2, 86)
    assert (comparison.rows, comparison.both, comparison.gained, comparison.lost, comparison.neither) == (
        300,
        200,
        12,
        2,
        86,
    )
    assert comparison.p_value == mcnemar(12, 2).p_value
    assert comparison.difference.value == pytest.approx(10 / 300)
    assert comparison.verdict == "better"


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [
        (12, 2, "better"),
        (2, 12, "worse"),
        (30, 18, "no evidence of a difference"),
        (0, 0, "no evidence of a difference"),
        (5, 0, "no evidence of a difference"),
        (6, 0, "better"),
    ],
)
def test_verdicts(gained: int, lost: int, verdict: str) -> None:
    assert table(50, gained, lost, 50).verdict == verdict


def test_a_model_against_itself_has_no_difference() -> None:
    base = random_single(LABELS, 120, 1)
    comparison = quick(base, base, resamples=200)
    assert (comparison.p_value, comparison.mid_p, comparison.difference.value) == (1.0, 1.0, 0.0)
    assert comparison.flips_gained == comparison.flips_lost == ()
    assert comparison.macro_f1_difference is not None
    assert comparison.macro_f1_difference.low == comparison.macro_f1_difference.high == 0.0


def test_rows_are_matched_by_id_whatever_their_order() -> None:
    base, tuned = random_single(LABELS, 80, 1), random_single(LABELS, 80, 2, accuracy=0.9)
    comparison = quick(base, tuned, resamples=200)
    assert quick(base, tuned.sample(fraction=1.0, shuffle=True, seed=3), resamples=200) == comparison


def test_the_difference_is_that_of_the_scores() -> None:
    base, tuned = random_single(LABELS, 400, 1), random_single(LABELS, 400, 2, accuracy=0.85)
    comparison = quick(base, tuned, resamples=200)
    before, after = score(base, LABELS, False), score(tuned, LABELS, False)
    assert comparison.difference.value == pytest.approx(after.accuracy.value - before.accuracy.value)
    assert comparison.macro_f1_difference is not None
    assert comparison.macro_f1_difference.value == pytest.approx(
        (after.macro_f1 or 0) - (before.macro_f1 or 0), abs=1e-12
    )
    for change, one, other in zip(comparison.per_label, before.per_label, after.per_label, strict=True):
        assert (change.before, change.after) == pytest.approx((one.recall, other.recall))
        assert change.support == one.support
        assert change.difference.value == pytest.approx(change.after - change.before)


def test_flips_name_their_rows() -> None:
    base = frame([(["a"], ["a"]), (["a"], ["b"]), (["b"], None), (["c"], ["c"])])
    tuned = frame([(["a"], ["b"]), (["a"], ["a"]), (["b"], ["b"]), (["c"], ["c"])])
    comparison = quick(base, tuned)
    assert comparison.flips_gained == ("eval:2", "eval:3")
    assert comparison.flips_lost == ("eval:1",)


def test_sets_are_compared_as_sets() -> None:
    base, tuned = random_sets(LABELS, 200, 1, flip=0.2), random_sets(LABELS, 200, 2, flip=0.05)
    comparison = compare(base, tuned, labels=LABELS, resamples=300)
    before, after = score(base, LABELS, True), score(tuned, LABELS, True)
    assert comparison.difference.value == pytest.approx(after.accuracy.value - before.accuracy.value)
    assert before.multi is not None
    assert after.multi is not None
    assert comparison.micro_f1_difference is not None
    gap = (after.multi.micro_f1 or 0) - (before.multi.micro_f1 or 0)
    assert comparison.micro_f1_difference.value == pytest.approx(gap, abs=1e-12)
    assert comparison.verdict == "better"


def test_failed_rows_make_the_comparison_incomplete_and_are_left_out() -> None:
    base = frame([(["a"], ["a"]), (["b"], None)], reason="failed")
    comparison = quick(base, frame([(["a"], ["a"]), (["b"], ["b"])]))
    assert (comparison.complete, comparison.rows, comparison.gained) == (False, 1, 0)


def test_different_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1, 1 shared"):
        quick(frame([(["a"], ["a"])] * 2), frame([(["a"], ["a"])]))


def test_different_gold_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="row eval:2 has different gold labels"):
        quick(frame([(["a"], ["a"])] * 2), frame([(["a"], ["a"]), (["b"], ["b"])]))


def test_making_several_comparisons_asks_for_more_evidence() -> None:
    one = table(50, 12, 2, 50)
    together = compare_all(dict.fromkeys("wxyz", one))
    assert one.verdict == "better"
    assert {found.verdict for found in together.values()} == {"no evidence of a difference"}
    assert together["w"].adjusted_p == pytest.approx(4 * one.p_value)
    assert compare_all({"alone": one})["alone"] == one
    assert compare_all({}) == {}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.sampled_from([*LABELS, None])] * 3), min_size=1, max_size=30))
def test_swapping_the_models_turns_everything_round(
    rows: list[tuple[str | None, str | None, str | None]],
) -> None:
    gold = [[one or "a"] for one, _, _ in rows]
    base = frame([(g, None if x is None else [x]) for g, (_, x, _) in zip(gold, rows, strict=True)])
    tuned = frame([(g, None if x is None else [x]) for g, (_, _, x) in zip(gold, rows, strict=True)])
    found, swapped = quick(base, tuned), quick(tuned, base)
    assert (found.gained, found.lost, found.p_value) == (swapped.lost, swapped.gained, swapped.p_value)
    assert found.flips_gained == swapped.flips_lost
    assert found.difference.low == pytest.approx(-swapped.difference.high, abs=1e-12)


def test_comparisons_survive_json() -> None:
    comparison = table(5, 3, 1, 2)
    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


def test_no_rows() -> None:
    comparison = quick(frame([]), frame([]), resamples=100)
    assert (comparison.complete, comparison.p_value, comparison.macro_f1_difference) == (False, 1.0, None)


@pytest.mark.parametrize("size", [1, 7, 80])
def test_frames_in_parts_are_compared_as_if_they_were_whole(size: int) -> None:
    """Parts of other sizes on the other side, groups over several parts, rows that failed."""
    base, tuned = random_single(LABELS, 80, 1), random_single(LABELS, 80, 2, accuracy=0.9)
    groups = pl.Series("group", [number % 50 for number in range(80)], dtype=pl.UInt32)
    failed = pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("failed")).otherwise("outcome").alias("outcome")
    base, tuned = base.with_columns(groups), tuned.with_columns(failed)

    def parts(one: pl.DataFrame, other: pl.DataFrame) -> Comparison:
        return compare(one.iter_slices(size), other.iter_slices(11), labels=LABELS, resamples=200)

    whole = quick(base, tuned, resamples=200)
    assert parts(base, tuned) == whole
    late = pl.concat([tuned.head(30), tuned.tail(50).sample(fraction=1.0, shuffle=True, seed=3)])
    assert parts(base, late) == whole
    with pytest.raises(ValueError, match="80 and 79, 79 shared"):
        parts(base, tuned.head(79))


def test_only_so_many_flips_are_named() -> None:
    comparison = table(0, MAX_FLIPS + 3, 2, 0)
    assert comparison.flips_gained == tuple(f"eval:{line}" for line in range(1, MAX_FLIPS + 1))
    assert (comparison.gained, len(comparison.flips_lost)) == (MAX_FLIPS + 3, 2)
