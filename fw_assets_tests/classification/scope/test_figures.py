from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.scope.figures import FALSE_REJECTS, best_threshold, scope_figures
from fw_assets.classification.scope.scope_rows import ScopeRows


def rows(seed: int, *, within: int = 400, out: int = 200, apart: float = 2.0, found: float = 0.8) -> ScopeRows:
    """In-scope rows whose logits lie `apart` above those of the others, of which the label finds a share."""
    rng = np.random.default_rng(seed)
    is_out = np.arange(within + out) >= within
    score = 1 / (1 + np.exp(-rng.normal(size=is_out.size) - np.where(is_out, 0.0, apart)))
    says_none = np.where(is_out, rng.random(is_out.size) < found, rng.random(is_out.size) < 0.02)
    return ScopeRows(is_out, says_none, np.arange(is_out.size, dtype=np.uint32), {"label": score})


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9, float("nan")]), st.booleans()), max_size=30))
def test_no_threshold_is_better(items: list[tuple[float, bool]]) -> None:
    score, is_out = np.array([value for value, _ in items], float), np.array([out for _, out in items], bool)
    known = ~np.isnan(score)
    if not is_out[known].any() or is_out[known].all():
        return

    def balanced(level: float) -> float:
        rejected = score[known] < level
        return float((rejected[is_out[known]].mean() + (~rejected[~is_out[known]]).mean()) / 2)

    best = balanced(best_threshold(score, is_out))
    assert best == pytest.approx(max(balanced(level) for level in (0.0, 0.15, 0.3, 0.7, 1.0)))


def test_the_better_way_is_chosen_on_validation_rows_and_judged_on_test_rows() -> None:
    label = scope_figures(rows(1, apart=0.5), rows(2, apart=0.5), has_reject_label=True)
    threshold = scope_figures(rows(1, apart=4, found=0.3), rows(2, apart=4, found=0.3), has_reject_label=True)
    assert label is not None
    assert label.better == "reject-label"
    assert label.cutoff is None
    assert label.difference is not None
    assert label.difference.high < 0
    assert label.reject_label is not None
    assert label.reject_label.recall.low < 0.8 < label.reject_label.recall.high
    assert threshold is not None
    assert threshold.threshold is not None
    assert threshold.difference is not None
    assert threshold.difference.low > 0
    assert threshold.cutoff == threshold.threshold.threshold
    test = rows(2, apart=4, found=0.3)
    rejected = test.scores["label"] < threshold.threshold.threshold
    assert threshold.threshold.test.recall.value == pytest.approx(rejected[test.is_out].mean())
    assert threshold.threshold.test.false_rejects.value == pytest.approx(rejected[~test.is_out].mean())


def test_thresholds_of_the_curve_reject_what_they_say_of_the_validation_rows() -> None:
    validation, test = rows(3), rows(4, within=20_000)
    figures = scope_figures(validation, test, has_reject_label=False)
    assert figures is not None
    assert figures.better == "threshold"
    assert figures.difference is None
    assert figures.reject_label is None
    assert tuple(point.wanted for point in figures.curve) == FALSE_REJECTS
    for point in figures.curve:
        within = validation.scores["label"][~validation.is_out]
        assert (within < point.threshold).mean() == pytest.approx(point.wanted, abs=1 / within.size + 1e-9)
    recalls = [point.test.recall.value for point in figures.curve]
    assert recalls == sorted(recalls)


def test_a_threshold_that_is_no_better_is_not_said_to_be() -> None:
    """The validation rows that it is compared on are not those that it was chosen on."""
    said = 0
    for seed in range(100):
        validation = rows(seed, within=60, out=30, apart=0.0)
        same = validation._replace(says_none=np.random.default_rng(seed + 1000).random(90) < 0.5)
        figures = scope_figures(same, rows(1), has_reject_label=True)
        assert figures is not None
        assert figures.difference is not None
        said += figures.difference.low > 0 or figures.difference.high < 0
    assert said <= 10


def test_without_out_of_scope_rows_there_is_nothing_to_say() -> None:
    none, some = rows(1, out=0), rows(2)
    assert scope_figures(none, none, has_reject_label=True) is None
    only_test = scope_figures(none, some, has_reject_label=True)
    assert only_test is not None
    assert only_test.threshold is None
    assert only_test.better is None
    assert only_test.reject_label is not None


def test_without_confidences_the_label_alone_rejects() -> None:
    silent = rows(1)._replace(scores={"label": np.full(600, np.nan)})
    figures = scope_figures(silent, silent, has_reject_label=True)
    assert figures is not None
    assert figures.better == "reject-label"
    assert figures.threshold is None
    assert figures.aurocs == ()
