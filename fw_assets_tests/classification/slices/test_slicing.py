from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets.classification.slices.slice_fields import MAX_JUDGED, MIN_GROUPS, SliceField
from fw_assets.classification.slices.slicing import ABSENT, slice_rows
from fw_assets_tests.classification.frames import chat_line, inspect_in_memory, pairs


def sliced(
    folder: Path, names: list[str], fields: list[dict[str, Any]], train: Sequence[dict[str, Any]] = ({},) * 60
) -> tuple[pl.DataFrame, dict[str, SliceField]]:
    """The slices of test rows with these fields, beside training rows with theirs."""
    every = [*train, *fields]
    lines = [
        json.dumps({**json.loads(chat_line(f"{text} number {i}", label)), **field})
        for i, ((text, label), field) in enumerate(zip(pairs(len(every)), every, strict=True))
    ]
    (folder / "train.jsonl").write_text("\n".join(lines[: len(train)]) + "\n", "utf-8")
    (folder / "eval.jsonl").write_text("\n".join(lines[len(train) :]) + "\n", "utf-8")
    session = Session(slices=tuple(names))
    frame, inspected = inspect_in_memory(folder / "train.jsonl", folder / "eval.jsonl", session)
    split, _ = resolve(frame, inspected, session)
    table = frame.with_columns(split["group"], split["split"])
    columns, facts = slice_rows(table, session.slices, inspected.files)
    assert columns.height in (0, frame.height)
    return columns.filter(table["split"] == "test") if columns.width else columns, {item.name: item for item in facts}


def test_a_field_of_the_rows_has_its_values_as_slices(tmp_path: Path) -> None:
    fields = [{"tier": "gold" if i % 3 else "silver", "n": i % 2, "vip": i % 2 == 0} for i in range(90)]
    columns, facts = sliced(tmp_path, ["tier", "n", "vip"], fields)
    tier = facts["tier"]
    assert (tier.own, tier.note) == (True, "")
    assert [(item.name, item.rows, item.judged) for item in tier.slices] == [("gold", 60, True), ("silver", 30, True)]
    assert columns["tier"].to_list() == ["gold" if i % 3 else "silver" for i in range(90)]
    assert [item.name for item in facts["n"].slices] == ["0", "1"]
    assert {item.name for item in facts["vip"].slices} == {"true", "false"}


def test_rows_of_one_group_count_once(tmp_path: Path) -> None:
    fields = [{"tier": "gold", "messages": json.loads(chat_line("the very same text", "sales"))["messages"]}] * 40
    _, facts = sliced(tmp_path, ["tier"], [*fields, *({"tier": "free"} for _ in range(40))])
    gold = next(item for item in facts["tier"].slices if item.name == "gold")
    assert (gold.rows, gold.groups, gold.judged) == (40, 1, False)
    assert facts["tier"].judged == ()  # the rest of the large slice is too small


def test_a_small_slice_and_a_small_rest_are_not_judged(tmp_path: Path) -> None:
    fields = [{"tier": "gold"}] * (MIN_GROUPS - 1) + [{"tier": "free"}] * 60
    _, facts = sliced(tmp_path, ["tier"], fields)
    assert [item.judged for item in facts["tier"].slices] == [False, False]


def test_many_numbers_are_binned_and_few_are_not(tmp_path: Path) -> None:
    columns, facts = sliced(tmp_path, ["age"], [{"age": i} if i < 100 else {} for i in range(120)])
    age = facts["age"]
    assert [item.name for item in age.slices] == ["up to 24", "25 to 49", "50 to 74", "above 74", ABSENT]
    assert age.what == "number"
    assert columns["age"][0] == "up to 24"


@pytest.mark.parametrize(
    ("name", "fields", "note"),
    [
        ("id", [{"id": f"T{i}"} for i in range(50)], "id has 50 values in 50 test rows, none of them in 20"),
        ("meta", [{"meta": {"a": 1}} for _ in range(50)], "meta is an object or a list in 50 of 50 test rows"),
        ("tags", [{"tags": ["a"]} for _ in range(50)], "as in tags.FIELD"),
        ("tier", [{"tier": "gold"} for _ in range(50)], "all 50 test rows have the same value, gold"),
        ("language", [{} for _ in range(50)], "all 50 test rows have the same script, Latin"),
        ("source", [{} for _ in range(50)], "all 50 test rows have the same file, eval.jsonl"),
        ("turns", [{} for _ in range(50)], "all 50 test rows have the same number of user turns, 1"),
        ("age", [{"age": i} for i in range(25)], "25 distinct test rows are too few for two slices of 20"),
    ],
)
def test_a_field_that_makes_no_slices_is_said_in_one_sentence(
    name: str, fields: list[dict[str, Any]], note: str, tmp_path: Path
) -> None:
    columns, facts = sliced(tmp_path, [name], fields)
    assert columns.width == 0
    assert facts[name].slices == ()
    assert note in facts[name].note
    assert "\n" not in facts[name].note


def test_a_field_that_most_rows_lack_is_said_so(tmp_path: Path) -> None:
    _, facts = sliced(tmp_path, ["tier"], [{"tier": "gold"} if i < 25 else {} for i in range(100)])
    assert facts["tier"].note == "tier is absent from 75 of 100 test rows; they are a slice of their own"
    assert [(item.name, item.judged) for item in facts["tier"].slices] == [(ABSENT, True), ("gold", True)]


def test_what_training_rows_have_makes_no_slices_of_the_test_rows(tmp_path: Path) -> None:
    random = Random(1)
    texts = [" ".join("".join(random.choices("abcdefghijklmnopqr", k=6)) for _ in range(5)) for _ in range(50)]
    fields = [{"messages": json.loads(chat_line(text, "sales"))["messages"]} for text in texts]
    columns, facts = sliced(tmp_path, ["length"], fields)
    assert columns.width == 0
    assert facts["length"].note == (
        "length: all 50 test rows have the same number of characters, 34, so there is nothing to compare"
    )


def test_numbers_of_test_rows_are_numbers_whatever_training_rows_have(tmp_path: Path) -> None:
    _, facts = sliced(tmp_path, ["age"], [{"age": i} for i in range(100)], [{"age": "unknown"}] * 60)
    assert [item.name for item in facts["age"].slices] == ["up to 24", "25 to 49", "50 to 74", "above 74"]


def test_a_field_of_training_rows_alone_is_said_to_be_absent(tmp_path: Path) -> None:
    _, facts = sliced(tmp_path, ["tier"], [{} for _ in range(50)], [{"tier": "gold"}] * 60)
    assert "all 50 test rows have the same value, (absent)" in facts["tier"].note


def test_a_field_of_the_rows_has_precedence_over_the_script(tmp_path: Path) -> None:
    _, facts = sliced(tmp_path, ["language"], [{"language": "de" if i % 2 else "nl"} for i in range(60)])
    assert facts["language"].own
    assert {item.name for item in facts["language"].slices} == {"de", "nl"}


def test_computed_slices(tmp_path: Path) -> None:
    alphabets = "абвгдежзиклмнопрст", "abcdefghijklmnopqr"
    random = Random(1)
    texts = [" ".join("".join(random.choices(alphabets[i % 2], k=6)) for _ in range(5)) for i in range(100)]
    fields = [{"messages": json.loads(chat_line(text, "sales"))["messages"]} for text in texts]
    _, facts = sliced(tmp_path, ["language", "length"], fields)
    assert {item.name for item in facts["language"].slices} == {"Cyrillic", "Latin"}
    assert facts["language"].what == "script"
    assert not facts["language"].own
    assert facts["length"].what == "number of characters"


def test_the_files_of_a_folder_are_sources(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = pairs(300)
    for number in range(3):
        lines = [chat_line(f"{text} {i}", label) for i, (text, label) in enumerate(rows[100 * number :][:100])]
        (folder / f"part{number}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    session = Session(slices=("source",), train_fraction=0.5)
    frame, inspected = inspect_in_memory(folder, None, session)
    split, _ = resolve(frame, inspected, session)
    columns, (facts,) = slice_rows(frame.with_columns(split["group"], split["split"]), ("source",), inspected.files)
    assert {item.name for item in facts.slices} == {"part0.jsonl", "part1.jsonl", "part2.jsonl"}
    parts = [f"part{i // 100}.jsonl" if part == "test" else None for i, part in enumerate(split["split"])]
    assert columns["source"].to_list() == parts
    assert [item.rows for item in sorted(facts.slices, key=lambda item: item.name)] == [
        parts.count(f"part{number}.jsonl") for number in range(3)
    ]


def test_only_so_many_slices_are_judged(tmp_path: Path) -> None:
    fields = [{"shop": f"shop {i % (MAX_JUDGED + 5)}"} for i in range((MAX_JUDGED + 5) * MIN_GROUPS)]
    _, facts = sliced(tmp_path, ["shop"], fields)
    assert len(facts["shop"].judged) == MAX_JUDGED


def test_a_field_that_no_row_has_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        sliced(tmp_path, ["tire", "length"], [{"tier": "gold"}] * 30)
    text = str(raised.value)
    assert "no row has a field tire" in text
    assert "slices" in text
    (tmp_path / "other").mkdir()
    lines = [chat_line(text, label, tier="gold") for text, label in pairs(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    with pytest.raises(InputError, match="the rows' fields are tier") as raised:
        inspect_in_memory(tmp_path / "rows.jsonl", None, Session(slices=("tire",)))
    assert "Did you mean tier?" in str(raised.value)
