"""The form of the answers, learned from targets and written again."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fw_assets.embedded.inference.answer_format import AnswerFormat, read_targets

LABELS = st.lists(st.text(min_size=1), min_size=1, max_size=5)


@settings(deadline=None)
@given(LABELS)
def test_json_targets_are_read_and_written_alike(labels: list[str]) -> None:
    targets = [json.dumps({"intent": label}, ensure_ascii=False) for label in labels]
    format, label_sets = read_targets(targets)
    assert format == AnswerFormat(key="intent")
    assert label_sets == [(label,) for label in labels]
    assert [json.loads("".join(format.write(label))) for label in labels] == [{"intent": label} for label in labels]


@settings(deadline=None)
@given(st.lists(st.lists(st.text(min_size=1), unique=True), min_size=1))
@example([['": ']])
def test_lists_of_labels(sets: list[list[str]]) -> None:
    targets = [json.dumps({"labels": labels}, separators=(",", ":")) for labels in sets]
    format, label_sets = read_targets(targets)
    assert format == AnswerFormat(key="labels", many=True, spaced=False)
    assert label_sets == [tuple(labels) for labels in sets]
    assert ["".join(format.write(labels)) for labels in label_sets] == [
        json.dumps({"labels": labels}, separators=(",", ":"), ensure_ascii=False).replace("\x7f", "\x7f")
        for labels in sets
    ]


def test_one_target_that_differs_makes_all_of_them_text() -> None:
    targets = ['{"label": "a"}', '{"other": "b"}', "c"]
    format, label_sets = read_targets(targets)
    assert format == AnswerFormat()
    assert label_sets == [(target,) for target in targets]
