"""The verdict of the asset `metrics`: that of the report, or one that says what it lacks."""

from __future__ import annotations

import pytest

from fw_assets.classification.selection.comparison import Comparison, compare
from fw_assets.classification.selection.pair_comparison import compare_all
from fw_assets.pipeline.ui.tuned_verdict import tuned_sentence, tuned_verdict
from fw_assets_tests.classification.prediction_frames import frame

LABELS = ("a", "b")


def compared(gained: int, lost: int, same: int) -> Comparison:
    gold = ["a"]
    base = [(gold, ["b"])] * gained + [(gold, ["a"])] * (lost + same)
    tuned = [(gold, ["a"])] * gained + [(gold, ["b"])] * lost + [(gold, ["a"])] * same
    return compare(frame(base), frame(tuned), labels=LABELS, resamples=0)


CASES = {
    "better": (30, 5, 200),
    "worse": (5, 30, 200),
    "at least as good, within 2 points": (30, 30, 5000),
    "cannot be told": (5, 6, 100),
}


@pytest.mark.parametrize("verdict", CASES)
def test_the_verdict_on_the_only_finalist_is_that_of_the_report(verdict: str) -> None:
    comparison = compared(*CASES[verdict])
    assert tuned_verdict(comparison, 1) == verdict
    assert verdict in tuned_sentence(comparison, 1)
    # The report judges the choice of the validation rows alone, whatever other pairs it has.
    others = {"own": comparison, "other": compared(6, 2, 100), "third": compared(9, 2, 100)}
    assert compare_all(others, alone=["own"])["own"].verdict == comparison.verdict


@pytest.mark.parametrize("verdict", CASES)
def test_of_several_finalists_it_says_that_the_adjustment_is_missing(verdict: str) -> None:
    comparison = compared(*CASES[verdict])
    said = tuned_verdict(comparison, 3)
    assert said.startswith(verdict)
    assert ("before adjustment for 3 finalists" in said) == (verdict != "cannot be told")
    assert ("before adjustment" in tuned_sentence(comparison, 3)) == (verdict != "cannot be told")


def test_what_cannot_be_told_stays_so_after_the_adjustment() -> None:
    pairs = {number: compared(number, 3, 100) for number in range(12)}
    adjusted = compare_all(pairs)
    changed = [number for number, pair in pairs.items() if adjusted[number].verdict != pair.verdict]
    assert changed
    assert {adjusted[number].verdict for number in changed} == {"cannot be told"}
    assert all("before adjustment" in tuned_verdict(pairs[number], 12) for number in changed)
