from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score

from fw_assets.classification.label_thresholds import ThresholdRule
from fw_assets.classification.metrics.threshold_fit import (
    ValidationSets,
    choose_sets,
    cross_fitted,
    fit_thresholds,
    fitted_and_crossed,
    macro_f1,
    validation_sets,
)
from fw_assets.classification.prompting.distribution import DISTRIBUTION

LABELS = ("common", "usual", "rare", "rarer")
SHARES = np.array([0.9, 0.5, 0.12, 0.06])


def drawn(rows: int, seed: int, sharpness: float = 1.0) -> ValidationSets:
    """Rows whose labels follow their probabilities, which a model tells too sharp or too flat."""
    rng = np.random.default_rng(seed)
    true = rng.beta(0.3, 1.2, (rows, 4)) * SHARES
    truth = rng.random(true.shape) < true
    odds = sharpness * np.log(np.clip(true, 1e-6, 1) / np.clip(1 - true, 1e-6, 1))
    ids = tuple(map(str, range(rows)))
    return ValidationSets(LABELS, ids, np.arange(rows), 1 / (1 + np.exp(-odds)), truth)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_thresholds_of_labels_are_better_for_macro_f1_than_half(sharpness: float) -> None:
    validation, test = drawn(2_000, 1, sharpness), drawn(4_000, 2, sharpness)

    def reached(rule: ThresholdRule) -> float:
        levels = np.array(fit_thresholds(validation, rule, allow_empty=True).of(LABELS))
        return macro_f1(choose_sets(test.probability, levels, allow_empty=True), test.truth)

    at_half = macro_f1(choose_sets(test.probability, 0.5, allow_empty=True), test.truth)
    assert reached("per-label") > at_half + 0.02
    assert reached("per-label") >= reached("macro-f1") - 0.01
    assert reached("macro-f1") >= reached("shared") - 0.01


def test_macro_f1_is_that_of_scikit_learn() -> None:
    rows = drawn(300, 3)
    chosen = rows.probability >= 0.2
    assert macro_f1(chosen, rows.truth) == pytest.approx(f1_score(rows.truth, chosen, average="macro", zero_division=0))


def test_rules_with_one_threshold_have_none_of_their_own() -> None:
    rows = drawn(500, 4)
    rules: tuple[ThresholdRule, ...] = ("shared", "macro-f1")
    for rule in rules:
        assert fit_thresholds(rows, rule, allow_empty=True).by_label == ()
    own = fit_thresholds(rows, "per-label", allow_empty=True)
    assert all(own.shared / 2 <= level <= 0.9 for level in own.of(LABELS))
    assert own.shared == fit_thresholds(rows, "macro-f1", allow_empty=True).shared


def test_a_row_is_judged_by_thresholds_of_other_groups() -> None:
    rows = drawn(200, 5)._replace(groups=np.arange(200) // 2)
    crossed = cross_fitted(rows, "per-label", allow_empty=True)
    assert set(crossed) == set(rows.ids)
    assert crossed["0"] == crossed["1"] != crossed["2"]
    held_out = rows.groups % 5 == 0
    assert crossed["0"] == fit_thresholds(rows.where(~held_out), "per-label", allow_empty=True)
    few = rows.where(rows.groups < 3)
    assert set(cross_fitted(few, "per-label", allow_empty=True).values()) == {
        fit_thresholds(few, "per-label", allow_empty=True)
    }


def test_cross_fitted_figures_are_not_ahead_of_new_rows() -> None:
    """Labels by chance: thresholds that were fitted on the same rows find something in them, others do not."""
    inside, crossed, new = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        probability = rng.random((60, 4))
        rows = drawn(60, seed)._replace(probability=probability, truth=rng.random((60, 4)) < 0.1)
        fitted, by_row = fitted_and_crossed(rows, "per-label", allow_empty=True)
        levels = np.array([by_row[id].of(LABELS) for id in rows.ids])
        later = rng.random((400, 4))
        inside.append(macro_f1(choose_sets(probability, np.array(fitted.of(LABELS)), allow_empty=True), rows.truth))
        crossed.append(macro_f1(choose_sets(probability, levels, allow_empty=True), rows.truth))
        truth = rng.random((400, 4)) < 0.1
        new.append(macro_f1(choose_sets(later, np.array(fitted.of(LABELS)), allow_empty=True), truth))
    assert np.mean(inside) > np.mean(crossed) + 0.01
    assert np.mean(crossed) == pytest.approx(np.mean(new), abs=0.04)


def test_rows_without_probabilities_are_left_out() -> None:
    told = [[{"label": "rare", "p": 0.5}, {"label": "common", "p": 0.25}], None]
    frame = pl.DataFrame(
        {"id": ["x", "y"], "gold": [["common"], ["rare"]], "group": [3, 4]},
        schema_overrides={"group": pl.UInt32},
    ).with_columns(pl.Series("probabilities", told, dtype=DISTRIBUTION))
    rows = validation_sets([frame.drop("probabilities"), frame], LABELS)
    assert rows is not None
    assert (rows.ids, rows.groups.tolist()) == (("x",), [3])
    assert rows.probability.tolist() == [[0.25, 0, 0.5, 0]]
    assert rows.truth.tolist() == [[True, False, False, False]]
    assert validation_sets([frame.tail(1)], LABELS) is None


def test_labels_that_no_validation_row_has_share_half() -> None:
    rows = drawn(20, 6)._replace(truth=np.zeros((20, 4), np.bool_))
    assert fit_thresholds(rows, "macro-f1", allow_empty=True).shared == 0.5
    assert all(0.25 <= level <= 0.9 for level in fit_thresholds(rows, "per-label", allow_empty=True).of(LABELS))
