"""Facts about the rows of a dataset, and the lines that are left out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import chat_line, inspect_in_memory, inspected, pairs


def test_a_plain_dataset(tmp_path: Path) -> None:
    _, facts, _ = inspected(tmp_path, pairs(300))
    assert (facts.rows, facts.eval_rows, facts.ground_truth_rows, facts.labels_seen) == (300, 0, 0, 3)
    assert facts.roles == ("user", "assistant")
    assert (facts.turns.least, facts.turns.most) == (2, 2)
    assert facts.label_counts == (("billing", 100), ("sales", 100), ("technical", 100))


def test_an_evaluation_dataset_is_counted_apart(tmp_path: Path) -> None:
    frame, facts, _ = inspected(tmp_path, pairs(30), pairs(6))
    assert (facts.rows, facts.eval_rows) == (36, 6)
    assert frame["source"].to_list() == ["train"] * 30 + ["eval"] * 6


def test_the_digest_depends_on_the_rows_and_not_on_their_location(tmp_path: Path) -> None:
    _, facts, _ = inspected(tmp_path, pairs(30))
    (tmp_path / "elsewhere").mkdir()
    _, moved, _ = inspected(tmp_path / "elsewhere", pairs(30))
    _, longer, _ = inspected(tmp_path, pairs(31))
    assert facts.digest == moved.digest != longer.digest


def test_group_keys_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    lines = [chat_line(text, label, user_id=i // 5) for i, (text, label) in enumerate(pairs(20))]
    path.write_text("\n".join(lines), "utf-8")
    assert inspect_in_memory(path, None, Session())[1].group_key_rows == 20


def test_quarantined_lines_are_counted_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text("".join(chat_line(text, label) + "\n" for text, label in pairs(9)) + "{oops\n", "utf-8")
    _, facts = inspect_in_memory(path, None, Session(bad_rows="quarantine"))
    assert facts.rejected_kinds == (("json", 1),)
    assert (facts.rejected[0].line, facts.rejected[0].text) == (10, "{oops")
    with pytest.raises(InputError):
        inspect_in_memory(path, None, Session())


def test_rows_that_say_not_to_learn_from_them_are_counted_over_both_datasets(tmp_path: Path) -> None:
    paths = []
    for name, rows in (("train", 12), ("eval", 6)):
        path = tmp_path / f"{name}.jsonl"
        lines = [chat_line(text, label) for text, label in pairs(rows)]
        lines[0] = lines[0].replace('"assistant",', '"assistant", "weight": 0,')
        path.write_text("\n".join(lines), "utf-8")
        paths.append(path)
    facts = inspect_in_memory(paths[0], paths[1], Session())[1]
    assert (facts.rows, facts.rejected_rows, facts.rejected_kinds) == (16, 2, (("weight-0", 2),))
    assert {row.problems[0].kind for row in facts.rejected} == {kind for kind, _ in facts.rejected_kinds}


def _folder(tmp_path: Path, **rows: int) -> Path:
    folder, start = tmp_path / "folder", 0
    folder.mkdir()
    texts = pairs(sum(rows.values()))
    for name, count in rows.items():
        lines = [chat_line(text, label) for text, label in texts[start : start + count]]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
        start += count
    (folder / "notes.txt").write_text("about the rows")
    return folder


def test_test_files_of_a_folder_are_the_evaluation_dataset(tmp_path: Path) -> None:
    frame, facts = inspect_in_memory(_folder(tmp_path, train=60, valid=15, test=24), None, Session())
    assert frame["source"].to_list() == ["train"] * 75 + ["eval"] * 24
    assert [file.part for file in facts.files] == ["train", "validation", "test"]
    assert facts.passed_over == ("notes.txt",)


def test_an_evaluation_dataset_that_is_given_is_taken_in_place_of_a_folder_s_test_files(tmp_path: Path) -> None:
    folder = _folder(tmp_path, train=60, test=24)
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join(chat_line(f"{text} again {text}", label) for text, label in pairs(9)), "utf-8")
    _, facts = inspect_in_memory(folder, other, Session())
    assert (facts.eval_rows, facts.passed_over) == (9, ("notes.txt", "test.jsonl"))


def test_rows_of_validation_files_are_the_validation_part(tmp_path: Path) -> None:
    frame, facts = inspect_in_memory(_folder(tmp_path, train=60, valid=15), None, Session())
    split, _ = resolve(frame, facts, Session())
    parts = dict(zip(split["row"], split["split"], strict=True))
    validation = facts.files[1]
    given = set(range(validation.first_row, validation.first_row + validation.lines))
    assert {row for row, part in parts.items() if part == "validation"} >= given
    groups = dict(split.group_by("group").agg("split").iter_rows())
    assert all(len(set(of_group)) == 1 for of_group in groups.values())
    assert "test" in parts.values()
