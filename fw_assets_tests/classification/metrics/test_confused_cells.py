from __future__ import annotations

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.metrics.confused_cells import MAX_CELL_ROWS, CellCounter

LABELS = ("a", "b", "c")
Row = tuple[list[str], list[str], float | None]


def frame(rows: list[Row], outcome: str = "wrong_label") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{index}" for index in range(len(rows))],
            "gold": [gold for gold, _, _ in rows],
            "predicted": [predicted for _, predicted, _ in rows],
            "outcome": [outcome] * len(rows),
            "confidence": [confidence for _, _, confidence in rows],
        },
        schema={
            "id": pl.String,
            "gold": pl.List(pl.String),
            "predicted": pl.List(pl.String),
            "outcome": pl.String,
            "confidence": pl.Float64,
        },
    )


def counted(rows: list[Row], *, multi_label: bool, parts: int = 1) -> CellCounter:
    counter = CellCounter(multi_label)
    predictions = frame(rows)
    for part in predictions.iter_slices(max(1, -(-len(rows) // parts))):
        counter.add(part)
    return counter


single = st.lists(
    st.tuples(
        st.sampled_from(LABELS).map(lambda label: [label]),
        st.lists(st.sampled_from(LABELS), max_size=1),
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=60,
)
sets = st.lists(st.sampled_from(LABELS), unique=True, max_size=3)


@given(single, st.integers(1, 4))
def test_cells_of_one_label_are_its_confusion_matrix(rows: list[Row], parts: int) -> None:
    counter = counted(rows, multi_label=False, parts=parts)
    assert counter.counts == Counter((gold[0], predicted[0] if predicted else None) for gold, predicted, _ in rows)
    for cell, listed in counter.rows().items():
        assert len(listed) == min(counter.counts[cell], MAX_CELL_ROWS)
        assert [row.confidence for row in listed] == sorted((row.confidence for row in listed), reverse=True)
        assert all((row.gold[0], row.predicted[0] if row.predicted else None) == cell for row in listed)


@given(st.lists(st.tuples(sets, sets, st.none()), max_size=40))
def test_every_missed_and_every_wrong_label_of_a_set_is_in_some_cell(rows: list[Row]) -> None:
    counter = counted(rows, multi_label=True)
    for label in LABELS:
        right = sum(label in gold and label in predicted for gold, predicted, _ in rows)
        missed = [row for row in rows if label in row[0] and label not in row[1]]
        wrong = [row for row in rows if label in row[1] and label not in row[0]]
        assert counter.counts[label, label] == right
        of_label = sum(n for (gold, given), n in counter.counts.items() if gold == label and given != label)
        assert of_label == sum(max(1, len(set(given) - set(gold))) for gold, given, _ in missed)
        as_label = sum(n for (gold, given), n in counter.counts.items() if given == label and gold != label)
        assert as_label == sum(max(1, len(set(gold) - set(given))) for gold, given, _ in wrong)


def test_a_set_is_held_label_against_label() -> None:
    rows: list[Row] = [(["a", "b"], ["b", "c"], 0.9), (["a"], ["a", "c"], 0.8), (["a", "b"], ["a"], 0.7)]
    counts = counted(rows, multi_label=True).counts
    assert counts == {("b", "b"): 1, ("a", "c"): 1, ("a", "a"): 2, (None, "c"): 1, ("b", None): 1}


def test_rows_are_bounded_and_the_largest_confusions_come_first() -> None:
    rows: list[Row] = [([str(g)], [str((g + 1) % 100)], g / 100) for g in range(100) for _ in range(30)]
    rows += [(["7"], ["9"], 0.5)] * 40 + [(["3"], ["3"], 0.5)] * 500
    listed = counted(rows, multi_label=False).rows(200)
    assert sum(map(len, listed.values())) <= 200
    assert next(iter(listed)) == ("7", "9")
    assert ("3", "3") not in listed


def test_a_request_that_failed_is_no_answer() -> None:
    counter = CellCounter(multi_label=False)
    counter.add(frame([(["a"], [], None)], "failed"))
    assert not counter.counts
    assert counter.rows() == {}
