"""Files of all formats, read as they are: texts and labels, how they were understood, and what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets.classification.dataset.read_result import RowsRead
from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.dataset.row_store import RowStore
from fw_assets.classification.dataset.schema import check_frame
from fw_assets.classification.errors import InputError
from fw_assets.classification.formats.options import ReadingOptions
from fw_assets.classification.formats.parser import FileParser
from fw_assets_tests.classification.formats.files import (
    LABELS,
    READABLE,
    REFUSED,
    ROWS,
    Readable,
    Refused,
    jsonl,
    spreadsheet,
)


def read(path: Path, options: ReadingOptions | None = None, **more: Any) -> RowsRead:
    return read_rows(path, source="train", parse=FileParser(options or ReadingOptions()).parse, **more)


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_a_file_is_read_as_it_is(case: Readable, tmp_path: Path) -> None:
    path = tmp_path / case.name
    case.make(path)
    result = read(path, case.options)
    frame, (facts,) = result.frame, result.files
    labels = [truth if truth is not None else answer for truth, answer in frame.select("ground_truth", "answer").rows()]
    assert list(zip(frame["text"], labels, strict=True)) == list(case.rows)
    assert facts.read_as == case.read_as
    assert facts.left_out == case.left_out
    assert facts.rejected == 0
    check_frame(frame, result.files)


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_the_same_rows_have_the_same_digests_as_in_chat_jsonl(case: Readable, tmp_path: Path) -> None:
    path, chat = tmp_path / case.name, tmp_path / "chat.jsonl"
    case.make(path)
    frame = read(path, case.options).frame
    messages = [json.loads(item) for item in frame["messages"]]
    truths = frame["ground_truth"].to_list()
    rows = [
        {"messages": turns, **({} if truth is None else {"ground_truth": truth})}
        for turns, truth in zip(messages, truths, strict=True)
    ]
    chat.write_text(jsonl(*rows))
    same = read_rows(chat, source="train").frame
    columns = ["text", "answer", "ground_truth", "digest", "shape"]
    assert frame.select(columns).equals(same.select(columns))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_cannot_be_read_is_one_sentence_with_the_way_out(case: Refused, tmp_path: Path) -> None:
    path = tmp_path / case.name
    case.make(path)
    with pytest.raises(InputError) as raised:
        read(path)
    (problem,) = raised.value.problems
    assert problem.kind == case.kind
    assert problem.file == str(path)
    for words in case.words:
        assert words in str(raised.value)
    assert "quarantine" not in str(raised.value)


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=30)
TEXT = CELL.filter(lambda text: text.strip() and not text.isspace() and text[0] != "\ufeff")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    texts=st.lists(TEXT, min_size=4, max_size=12, unique=True),
    keys=st.lists(st.sampled_from(["", "a", "7"]), min_size=12, max_size=12),
)
def test_rows_are_the_same_as_csv_and_as_chat_jsonl(texts: list[str], keys: list[str], tmp_path: Path) -> None:
    labels = [LABELS[n % 2] for n in range(len(texts))]
    table, chat = tmp_path / "rows.csv", tmp_path / "rows.jsonl"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["text", "label", "user_id"])
        writer.writerows(zip(texts, labels, keys, strict=False))
    chat.write_text(
        jsonl(
            *(
                {
                    "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}],
                    "user_id": key,
                }
                for text, label, key in zip(texts, labels, keys, strict=False)
            )
        )
    )
    columns = ["text", "answer", "ground_truth", "weight", "group_key", "digest", "shape"]
    options = ReadingOptions(text_column="text", label_column="label")
    assert read(table, options).frame.select(columns).equals(read_rows(chat, source="train").frame.select(columns))


def test_a_bad_line_has_the_number_that_editors_show(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\n" + "".join(f"{i} apples,fruit\n" for i in range(20)) + "a, b, c\nred,colour\n")
    with pytest.raises(InputError) as raised:
        read(path)
    (problem,) = raised.value.problems
    assert (problem.line, problem.kind) == (22, "columns")
    kept = read(path, bad_rows="quarantine")
    assert kept.frame["row"].to_list() == [*range(2, 22), 23]
    assert [row.line for row in kept.rejected_lines] == [22]


def test_numbers_beyond_the_names_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(*({"text": f"t{i} {i}", "label": i % 2 if i != 7 else 5} for i in range(20))))
    with pytest.raises(InputError, match=r"rows.jsonl:8: label: found the number 5, expected 0 to 1"):
        read(path, ReadingOptions(label_names=("no", "yes")))


def test_a_row_without_a_label_in_hugging_face_s_datasets_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(*({"text": f"t{i} {i}", "label": i % 2 if i != 7 else -1} for i in range(20))))
    assert read(path, ReadingOptions(label_names=("no", "yes"))).files[0].left_out == (("empty-label", 1),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dataset_info.json", {"features": {"label": {"names": list(LABELS), "_type": "ClassLabel"}}}),
        ("dataset_infos.json", {"default": {"features": {"label": {"names": list(LABELS), "_type": "ClassLabel"}}}}),
    ],
)
def test_names_of_numbers_are_found_beside_the_file(name: str, content: Any, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(*({"text": t, "label": LABELS.index(v)} for t, v in ROWS)))
    assert read(path).frame["answer"].to_list() == [label for _, label in ROWS]


def test_names_of_numbers_are_found_in_a_dataset_card(tmp_path: Path) -> None:
    names = "".join(f"          '{n}': {label}\n" for n, label in enumerate(LABELS))
    card = (
        "---\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: label\n    dtype:\n"
        f"      class_label:\n        names:\n{names}---\n# About\n"
    )
    (tmp_path / "README.md").write_text(card)
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(*({"text": t, "label": LABELS.index(v)} for t, v in ROWS)))
    assert read(path).frame["answer"].to_list() == [label for _, label in ROWS]


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_bad_line_far_down_leaves_the_rows_before_it_once(quote: str, tmp_path: Path) -> None:
    path, folder = tmp_path / "rows.tsv", tmp_path / "store"
    folder.mkdir()
    rows = [f"number {n} {'' if quote else chr(34)}\t{'ab'[n % 2]}" for n in range(120_000)]
    rows.insert(110_000, "one\ttwo\tthree")
    path.write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match=r"rows.tsv:110002: the line has 3 fields, expected 2"):
        read(path, row_store=RowStore(folder))
    result = read(path, bad_rows="quarantine", row_store=RowStore(folder))
    assert result.frame["row"].to_list() == [n for n in range(2, 120_003) if n != 110_002]
    assert result.frame["text"][119_999] == f"number 119999 {'' if quote else chr(34)}"
    assert (result.files[0].lines, result.files[0].blank, result.files[0].rejected) == (120_002, 1, 1)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_fields_of_slices_are_read_from_columns(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    rows = [{"text": t, "label": v, "tier": "gold" if n % 2 else ""} for n, (t, v) in enumerate(ROWS)]
    if suffix == "csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label", "tier"])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text(jsonl(*rows))
    options = ReadingOptions(text_column="text", label_column="label")
    frame = read(path, options, row_store=RowStore(fields=("tier", "absent"))).frame
    assert frame["fields"].to_list()[:2] == [[None, None], ['"gold"', None]]


def test_a_column_that_is_not_there_is_named_with_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na b,x\nc d,y\n")
    with pytest.raises(InputError, match="no column `lable`; the columns are `text`, `label`; did you mean `label`"):
        read(path, ReadingOptions(label_column="lable"))


def test_a_large_table_is_read_in_parts_with_their_numbers(tmp_path: Path) -> None:
    path, folder = tmp_path / "rows.csv", tmp_path / "store"
    folder.mkdir()
    rows = 120_000
    path.write_text("text,label\n" + "".join(f"text number {i},{'ab'[i % 2]}\n" for i in range(rows)))
    frame = read(path, row_store=RowStore(folder)).frame
    assert frame["row"].to_list() == list(range(2, rows + 2))
    assert frame["text"][rows - 1] == f"text number {rows - 1}"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_weights_are_those_of_a_column_that_is_named_or_known(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    rows = [{"text": t, "label": v, "weight": n / 2} for n, (t, v) in enumerate(ROWS)]
    if suffix == "csv":
        path.write_text(
            "text,label,weight\n" + "".join(f"text {n} of it,{r['label']},{n / 2}\n" for n, r in enumerate(rows))
        )
    else:
        path.write_text(jsonl(*rows))
    options = {"text_column": "text", "label_column": "label"}
    assert read(path, ReadingOptions(**options)).frame["weight"].to_list() == [None] * len(rows)
    weighted = read(path, ReadingOptions(**options, weight_column="weight"))
    assert weighted.frame["weight"].to_list() == [n / 2 for n in range(len(rows))]


def test_a_sheet_that_is_not_there_is_named_with_the_others(tmp_path: Path) -> None:
    path = tmp_path / "tickets.xlsx"
    path.write_bytes(spreadsheet(("Text", "Label"), *ROWS, sheets=("May", "June")))
    with pytest.raises(InputError, match="there is no sheet 'Jule' with rows; the sheets with rows are 'May', 'June'"):
        read(path, ReadingOptions(sheet="Jule"))


def test_a_flag_that_is_neither_0_nor_1_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"text {n} of many,{n % 2},{n % 3 % 2},{int(n < 20)}" for n in range(1_500)]
    path.write_text("text,a,b,c\n" + "\n".join(rows) + "\nlast of all,3,1,0\n")
    with pytest.raises(InputError, match=r"rows.csv:1502: a: found '3', expected 0 or 1"):
        read(path)
    assert read(path, bad_rows="quarantine").frame.height == 1_500
