from __future__ import annotations

import numpy as np
import polars as pl

from fw_assets.classification.prompting.distribution import DISTRIBUTION
from fw_assets.classification.scope.scope_rows import scope_rows

ANSWERS = pl.DataFrame(
    {
        "gold": [["a"], ["none"], ["b"], ["none"], ["a"]],
        "predicted": [["a"], ["none"], [], ["b"], ["a"]],
        "outcome": ["correct", "correct", "off_label", "wrong_label", "failed"],
        "confidence": [0.9, 0.7, 0.6, 0.4, None],
        "group": [0, 1, 2, 3, 4],
    },
    schema_overrides={"gold": pl.List(pl.String), "predicted": pl.List(pl.String), "group": pl.UInt32},
)


def test_confidence_in_the_reject_label_is_doubt_about_every_other() -> None:
    rows = scope_rows(ANSWERS, "none")
    assert rows.is_out.tolist() == [False, True, False, True]
    assert rows.says_none.tolist() == [False, True, True, False]
    assert np.allclose(rows.scores["label"], [0.9, 0.3, 0.0, 0.4])
    assert set(rows.scores) == {"label"}


def test_without_a_reject_label_the_rows_of_no_label_are_out() -> None:
    rows = scope_rows(ANSWERS.with_columns(gold=pl.Series([["a"], [], ["b"], None, ["a"]])), None)
    assert rows.is_out.tolist() == [False, True, False, True]
    assert rows.says_none.tolist() == [False, False, True, False]


def test_probabilities_give_lead_entropy_and_the_reject_label_s_own() -> None:
    told = [
        [{"label": "a", "p": 0.7}, {"label": "none", "p": 0.2}, {"label": "b", "p": 0.1}],
        [{"label": "none", "p": 0.5}, {"label": "b", "p": 0.5}],
        None,
        [{"label": "b", "p": 1.0}],
        None,
    ]
    rows = scope_rows(ANSWERS.with_columns(probabilities=pl.Series(told, dtype=DISTRIBUTION)), "none")
    assert np.allclose(rows.scores["margin"], [0.6, 0.5, np.nan, 1.0], equal_nan=True)
    assert np.allclose(rows.scores["none"], [0.8, 0.5, np.nan, 1.0], equal_nan=True)
    expected = [0.7 * np.log(0.7) + 0.1 * np.log(0.1), 0.5 * np.log(0.5), np.nan, 0.0]
    assert np.allclose(rows.scores["entropy"], expected, equal_nan=True)
