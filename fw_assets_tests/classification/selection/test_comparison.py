from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.pair_comparison import compare_accuracy, compare_all
from fw_assets.classification.selection.paired_counts import MAX_FLIPS
from fw_assets.classification.selection.sign_flip import sign_flip_test
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
    assert comparison.p_value == sign_flip_test(((-1, 2), (1, 12))).p_value
    assert comparison.difference.value == pytest.approx(10 / 300)
    assert comparison.verdict == "better"


@pytest.mark.parametrize(
    ("gained", "lost", "verdict"),
    [
        (12, 2, "better"),
        (2, 12, "worse"),
        (30, 18, "as good"),
        (18, 30, "cannot be told"),
        (0, 0, "cannot be told"),
        (5, 0, "as good"),
        (0, 5, "cannot be told"),
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
    assert {found.verdict for found in together.values()} == {"as good"}
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


def copies(rows: int, times: int, seed: int, accuracy: float) -> pl.DataFrame:
    """Predictions for `rows` texts, each of them `times` times."""
    texts = random_single(LABELS, rows, seed, accuracy=accuracy)
    repeated = pl.concat([texts] * times)
    return repeated.with_columns(id=pl.Series([f"eval:{line}" for line in range(repeated.height)]))


def test_copies_of_every_text_change_no_verdict() -> None:
    one, ten = (quick(copies(60, times, 1, 0.7), copies(60, times, 2, 0.9), resamples=300) for times in (1, 10))
    assert (ten.rows, ten.groups, one.groups) == (600, 60, 60)
    assert ten.gained == 10 * one.gained
    assert (ten.p_value, ten.mid_p, ten.difference, ten.verdict) == (
        one.p_value,
        one.mid_p,
        one.difference,
        one.verdict,
    )
    for change, alone in zip(ten.per_label, one.per_label, strict=True):
        assert (change.groups, change.p_value) == (alone.support, alone.p_value)
        assert change.difference == alone.difference


def test_the_winner_is_not_adjusted_for_the_finalists_that_lost() -> None:
    won, lost = table(50, 12, 2, 50), table(50, 11, 3, 50)
    judged = compare_all({"won": won, "lost": lost, "lost too": lost}, alone=["won"])
    assert judged["won"] == won
    assert judged["lost"].adjusted_p == pytest.approx(2 * lost.p_value)
    assert judged["lost"].level == 0.025


@pytest.mark.parametrize("names", [1, 2, 5])
@pytest.mark.parametrize(("gained", "lost"), [(12, 2), (9, 1), (3, 0), (30, 18), (4, 20)])
def test_an_adjusted_interval_agrees_with_its_adjusted_p_value(names: int, gained: int, lost: int) -> None:
    comparisons = {str(number): table(40, gained, lost + number, 40) for number in range(names)}
    for judged in compare_all(comparisons).values():
        shown = judged.difference.low > 0 or judged.difference.high < 0
        assert shown == (judged.adjusted_p < 0.05) == (judged.verdict in ("better", "worse"))


def test_macro_f1_is_tested_by_changing_the_models_places() -> None:
    """A rare label that only the second model finds: no accuracy can show it, macro-F1 can."""
    gold = ["a"] * 300 + ["b"] * 8
    first = frame([([label], ["a"]) for label in gold])
    second = frame([([label], [label]) for label in gold])
    comparison = compare(first, second, labels=("a", "b"), resamples=500, test_f1=True)
    assert comparison.macro_f1_p is not None
    assert comparison.macro_f1_p < 0.02
    alone = compare(first.tail(1), second.tail(1), labels=("a", "b"), resamples=500, test_f1=True)
    assert alone.macro_f1_p == 1.0
    same = compare(second, second, labels=("a", "b"), resamples=500, test_f1=True)
    assert same.macro_f1_p == 1.0
    assert compare(first, second, labels=("a", "b"), resamples=500).macro_f1_p is None


def test_accuracy_alone_is_compared_alike() -> None:
    base, tuned = random_single(LABELS, 90, 1), random_single(LABELS, 90, 2, accuracy=0.9)
    groups = pl.Series("group", [number % 40 for number in range(90)], dtype=pl.UInt32)
    base, tuned = base.with_columns(groups), tuned.with_columns(groups)
    whole, alone = quick(base, tuned), compare_accuracy(base, tuned)
    assert alone.model_dump() == {name: getattr(whole, name) for name in type(alone).model_fields} | {
        "difference": whole.difference.model_dump(),
        "differences": whole.differences.model_dump() if whole.differences else None,
    }


def test_comparisons_of_before_groups_were_counted_are_read() -> None:
    stored = table(50, 12, 2, 50).model_dump(mode="json")
    for name in ("differences", "level", "margin", "macro_f1_p"):
        del stored[name]
    read = Comparison.model_validate(stored | {"verdict": "no evidence of a difference"})
    assert (read.verdict, read.groups, read.differences) == ("cannot be told", None, None)
    assert compare_all({"a": read, "b": read})["a"] == read
