"""Groups of candidates that no test tells apart."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy
from fw_assets.report.assembly.pairs import Model, tied_groups
from fw_assets_tests.classification.prediction_frames import frame

MODELS: tuple[Model, ...] = (("a", "tuned"), ("b", "base"), ("c", "base"), ("d", "tuned"))
PAIRS = tuple(combinations(MODELS, 2))


def compared(different: bool) -> PairComparison:
    comparison = compare_accuracy(frame([(["a"], ["a"])]), frame([(["a"], ["a"])]))
    return comparison.model_copy(update={"verdict": "worse" if different else "cannot be told"})


@settings(deadline=None, max_examples=64)
@given(st.sets(st.sampled_from(PAIRS)))
def test_groups_are_the_largest_without_a_shown_difference(shown: set[tuple[Model, Model]]) -> None:
    groups = [set(group.candidates) for group in tied_groups(MODELS, {pair: compared(pair in shown) for pair in PAIRS})]
    apart = [set(pair) for pair in shown]
    everything = [set(some) for size in range(2, 5) for some in combinations(MODELS, size)]
    together = [some for some in everything if not any(pair <= some for pair in apart)]
    largest = [some for some in together if not any(some < other for other in together)]
    assert sorted(map(sorted, groups)) == sorted(map(sorted, largest))


def test_the_most_accurate_group_comes_first() -> None:
    different = {PAIRS[2]}  # a and d
    first, second = tied_groups(MODELS, {pair: compared(pair in different) for pair in PAIRS})
    assert [name for name, _ in first.candidates] == ["a", "b", "c"]
    assert [name for name, _ in second.candidates] == ["b", "c", "d"]
