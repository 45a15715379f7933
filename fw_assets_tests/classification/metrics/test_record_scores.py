"""Scores of several fields, against scikit-learn."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import accuracy_score, f1_score

from fw_assets.classification.metrics.record_scores import record_scores, whole_outcomes
from fw_assets_tests.classification.records import FIELDS, predictions, record, said

DRAW = random.Random(5)
GOLD = [record(DRAW.choice(["food", "room", "staff"]), DRAW.choice([1, 2, 3, None]), f"n{i % 7}") for i in range(200)]
GIVEN = [
    record(
        DRAW.choice([str(gold["topic"]), "food"]),
        DRAW.choice([gold["stars"], 2]),
        DRAW.choice([str(gold["note"]), "N1"]),
    )
    for gold in GOLD
]
FRAME = predictions(GOLD, said(*GIVEN))


def test_fields_one_by_one() -> None:
    scores = record_scores(FRAME.iter_slices(33), FIELDS)
    for index, name in enumerate(("topic", "stars", "note")):
        true, given = ([str(row[name]) for row in rows] for rows in (GOLD, GIVEN))
        field = scores.fields[index]
        assert field.name == name
        assert field.accuracy.value == pytest.approx(accuracy_score(true, given))
        assert field.most_frequent == pytest.approx(max(true.count(value) for value in set(true)) / 200)
        if field.kind == "label":
            assert field.macro_f1 == pytest.approx(f1_score(true, given, average="macro"))
    note = scores.fields[2]
    assert note.macro_f1 is None
    alike = [
        str(true["note"]).casefold() == str(given["note"]).casefold() for true, given in zip(GOLD, GIVEN, strict=True)
    ]
    assert note.lenient == pytest.approx(sum(alike) / 200)


def test_all_fields_and_whole_objects() -> None:
    scores = record_scores([FRAME], FIELDS)
    equal = [[true[name] == given[name] for name in true] for true, given in zip(GOLD, GIVEN, strict=True)]
    assert scores.mean.value == pytest.approx(sum(map(sum, equal)) / 600)
    assert scores.whole.value == pytest.approx(sum(map(all, equal)) / 200)
    assert (scores.rows, scores.scored, scores.groups) == (200, 200, 200)
    assert scores.mean.low < scores.mean.value < scores.mean.high


def test_the_values_of_a_row_are_no_independent_evidence() -> None:
    right, wrong = record("food", 1, "a"), record("room", 2, "b")
    together = predictions([right] * 60, said(*[right] * 30, *[wrong] * 30))
    apart = predictions(
        [right] * 60,
        said(*[record("food", 2, "b")] * 20, *[record("room", 1, "b")] * 20, *[record("food", 1, "a")] * 20),
    )
    first, second = (record_scores([frame], FIELDS).mean for frame in (together, apart))
    assert first.high - first.low > second.high - second.low


def test_groups_count_as_one() -> None:
    alone = record_scores([FRAME], FIELDS)
    grouped = record_scores([predictions(GOLD, said(*GIVEN), [i // 10 for i in range(200)])], FIELDS)
    assert grouped.groups == 20
    assert grouped.whole.value == alone.whole.value
    assert grouped.mean.high - grouped.mean.low > alone.mean.high - alone.mean.low


def test_rows_that_failed_are_in_no_share() -> None:
    frame = predictions([record("food")] * 4, [*said(record("food"), record("room")), None, None])
    scores = record_scores([frame], FIELDS)
    assert (scores.rows, scores.scored) == (4, 2)
    assert scores.fields[0].accuracy.value == 0.5
    (whole,) = whole_outcomes([frame])
    assert whole["outcome"].to_list() == ["correct", "wrong_label", "failed", "failed"]
