"""Two models field by field."""

from __future__ import annotations

import random

import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from fw_assets.classification.selection.record_comparison import RecordComparison, compare_records
from fw_assets_tests.classification.records import predictions, record, said

NAMES = ("topic", "stars", "note")
RIGHT = record("food", 1, "n")


def compared(topics: int, stars: int, rows: int = 120) -> RecordComparison:
    """The second model gains so many topics, loses so many stars, and is the same in notes."""
    before = [record("room" if i < topics else "food", 1, "n") for i in range(rows)]
    after = [record("food", 2 if i < stars else 1, "n") for i in range(rows)]
    first, second = (predictions([RIGHT] * rows, said(*given)) for given in (before, after))
    return compare_records([first], [second], names=NAMES, margin=0.02)


def test_each_field_has_its_own_verdict() -> None:
    found = compared(60, 30)
    assert [item.verdict for item in found.fields] == ["better", "worse", "cannot be told"]
    assert (found.better, [name for name, _ in found.worse]) == (("topic",), ["stars"])
    assert [(item.gained, item.lost) for item in found.fields] == [(60, 0), (0, 30), (0, 0)]
    assert (found.mean.gained, found.mean.lost, found.mean.rows) == (60, 30, 360)
    assert found.mean.difference.value == pytest.approx(30 / 360)


def test_fields_and_whole_objects_are_adjusted_together() -> None:
    found = compared(20, 6)
    together = (*found.fields, found.whole)
    exact = [
        binomtest(item.gained, item.gained + item.lost).pvalue if item.gained + item.lost else 1.0 for item in together
    ]
    assert [item.p_value for item in together] == pytest.approx(exact)
    assert [item.adjusted_p for item in together] == pytest.approx(multipletests(exact, method="holm")[1])
    assert found.mean.adjusted_p == found.mean.p_value


def test_the_values_of_a_row_move_together_in_the_test() -> None:
    """Ten rows that gain all their values are ten pieces of evidence, and not thirty."""
    first = predictions([RIGHT] * 50, said(*[record("room", 2, "x")] * 10, *[RIGHT] * 40))
    second = predictions([RIGHT] * 50, said(*[RIGHT] * 50))
    found = compare_records([first], [second], names=NAMES, margin=0.02)
    assert found.mean.p_value == pytest.approx(2**-9)


def test_equal_models_are_seldom_told_apart() -> None:
    draw = random.Random(1)
    false = 0
    for _ in range(60):
        given = [[record(draw.choice(["food", "room"]), draw.choice([1, 2]), "n") for _ in range(40)] for _ in range(2)]
        first, second = (predictions([RIGHT] * 40, said(*rows)) for rows in given)
        found = compare_records([first], [second], names=NAMES, margin=0.02)
        false += bool(found.better or found.worse)
    assert false <= 6


def test_other_rows_are_refused() -> None:
    first, second = (predictions([RIGHT] * rows, said(*[RIGHT] * rows)) for rows in (3, 4))
    with pytest.raises(ValueError, match="not about the same rows"):
        compare_records([first], [second], names=NAMES, margin=0.02)
