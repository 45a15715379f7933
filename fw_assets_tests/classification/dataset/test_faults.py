"""Bad lines as one error: named one by one, or each kind once where most of the file has it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.dataset.faults import FEW, line_faults
from fw_assets.classification.dataset.read_result import RejectedRow
from fw_assets.classification.dataset.reader import STOP_AFTER, read_rows
from fw_assets.classification.errors import InputError, Problem
from fw_assets_tests.classification.dataset.legal_rows import chat, lines, write_file
from fw_assets_tests.classification.dataset.malformed import GOOD

TWO_USERS = b'{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}],"ground_truth":"x"}\n'


def _error(path: Path) -> InputError:
    with pytest.raises(InputError) as raised:
        read_rows(path, source="train")
    return raised.value


def test_a_fault_of_most_lines_is_one_sentence(tmp_path: Path) -> None:
    error = _error(write_file(tmp_path, GOOD * 2 + TWO_USERS * 178))
    (problem,) = error.problems
    assert (problem.line, problem.field) == (3, "messages[1].role")
    assert "found 'user' after 'user'" in problem.message
    assert "178 of 180 lines" in problem.message
    assert "quarantine" not in str(error)
    assert len(str(error).splitlines()) == 2


def test_two_faults_of_most_lines_are_two_sentences_and_rare_ones_none(tmp_path: Path) -> None:
    error = _error(write_file(tmp_path, TWO_USERS * 60 + b"oops\n" * 60 + b"{}\n"))
    assert {problem.kind: problem.line for problem in error.problems} == {"role-order": 1, "json": 61}


def test_faults_of_few_lines_are_named_one_by_one_with_the_way_out(tmp_path: Path) -> None:
    error = _error(write_file(tmp_path, GOOD * 30 + TWO_USERS * 12))
    assert [problem.line for problem in error.problems] == list(range(31, 43))
    assert "--bad-rows quarantine" in error.advice


def test_reading_that_was_given_up_says_of_how_many_lines_it_speaks(tmp_path: Path) -> None:
    error = _error(write_file(tmp_path, b"oops\n" * (STOP_AFTER + 5)))
    assert "lines read)" in error.problems[0].message
    assert len(error.problems) == 1


@given(st.lists(st.sampled_from(["role", "json", "content", "name"]), min_size=1, max_size=60), st.integers(0, 60))
def test_quarantine_is_proposed_for_the_smaller_part_alone(kinds: list[str], good: int) -> None:
    rejected = [
        RejectedRow(
            source="train",
            file="a",
            line=line,
            problems=(Problem(kind=kind, message=f"found {kind}", file="a", line=line),),
            text="",
        )
        for line, kind in enumerate(kinds, 1)
    ]
    error = line_faults(rejected, len(kinds) + good)
    mostly = len(kinds) > FEW and len(kinds) > good
    assert ("quarantine" in error.advice) != mostly
    assert len(error.problems) <= (len(set(kinds)) if mostly else 20)


def test_rows_whose_answer_has_weight_0_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [chat(f"text {i}") for i in range(8)]
    for row in rows[:3]:
        row["messages"][-1]["weight"] = 0
    rows[4]["messages"][-1]["weight"] = 1
    read = read_rows(write_file(tmp_path, lines(*rows)), source="train")
    assert read.frame["row"].to_list() == [4, 5, 6, 7, 8]
    assert read.files[0].left_out == (("weight-0", 3),)
    assert read.files[0].rejected == 0
    assert [row.line for row in read.rejected_lines] == [1, 2, 3]


def test_weight_0_on_an_earlier_turn_leaves_nothing_out(tmp_path: Path) -> None:
    row = {
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "which?", "weight": 0},
            {"role": "user", "content": "the blue one"},
            {"role": "assistant", "content": "lost", "weight": 1},
        ]
    }
    assert read_rows(write_file(tmp_path, lines(row, row, row)), source="train").frame.height == 3


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "human", "content": "hi"}, {"role": "Bot", "content": "greeting"}]},
        {"messages": [{"role": "customer", "content": "hi"}, {"role": "gpt", "content": "greeting"}]},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "greeting", "weight": 0.5}]},
    ],
)
def test_the_command_of_the_advice_writes_rows_that_are_read(tmp_path: Path, row: dict[str, object]) -> None:
    folder = tmp_path / "it's here"
    folder.mkdir()
    error = _error(write_file(folder, (json.dumps(row).encode() + b"\n") * 10))
    (command,) = re.findall("`(.+)`", str(error))
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert read_rows(tmp_path / "fixed.jsonl", source="train").frame.height == 10


def test_labels_that_most_rows_lack_are_asked_for_and_not_left_out(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": ""}]}
    error = _error(write_file(tmp_path, (json.dumps(row).encode() + b"\n") * 10))
    assert "The last message is the label" in str(error)
    assert "quarantine" not in str(error)
