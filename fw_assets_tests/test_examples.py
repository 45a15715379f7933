"""The example data keeps what its README says about it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fw_assets.classification.dataset.reader import read_rows
from fw_assets.classification.session_input import load_session, make_session
from fw_assets.classification.splits.duplicates import find_groups

EXAMPLES = Path(__file__).parents[1] / "examples"
DATASET = EXAMPLES / "support-intents.jsonl"
LABELS = {"billing", "technical", "account", "sales"}


@pytest.fixture(scope="module")
def conversations() -> list[list[dict[str, Any]]]:
    lines = DATASET.read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(set(row) == {"messages"} for row in rows)
    return [row["messages"] for row in rows]


def counts(conversations: list[list[dict[str, Any]]]) -> Counter[str]:
    return Counter(turns[-1]["content"] for turns in conversations)


def test_four_labels_of_a_fair_size(conversations: list[list[dict[str, Any]]]) -> None:
    found = counts(conversations)
    assert found.total() >= 600
    assert set(found) == LABELS
    assert min(found.values()) >= 100
    assert len(set(found.values())) > 1


def test_turns_alternate_and_end_with_the_label(conversations: list[list[dict[str, Any]]]) -> None:
    for turns in conversations:
        roles = [turn["role"] for turn in turns]
        assert roles == ["user", "assistant"] * (len(turns) // 2)
        assert all(turn["content"].strip() == turn["content"] != "" for turn in turns)


def test_some_rows_are_conversations(conversations: list[list[dict[str, Any]]]) -> None:
    longer = [turns for turns in conversations if len(turns) > 2]
    assert 40 <= len(longer) <= 60
    assert set(counts(longer)) == LABELS


def test_openings_are_not_stamped_out(conversations: list[list[dict[str, Any]]]) -> None:
    openings = Counter(" ".join(turns[0]["content"].lower().split()[:4]) for turns in conversations)
    assert openings.most_common(1)[0][1] <= 0.01 * len(conversations)


def test_no_row_repeats_another(conversations: list[list[dict[str, Any]]]) -> None:
    frame = read_rows(DATASET, source="train").frame
    assert frame.height == len(conversations)
    groups = pl.DataFrame({"id": frame["id"], "group": find_groups(frame).final})
    repeated = groups.filter(pl.col("group").is_duplicated())
    assert repeated["id"].to_list() == []


def test_the_session_is_valid_and_finds_its_dataset() -> None:
    session = make_session(load_session(EXAMPLES / "support-intents.session.yaml"))
    assert session.dataset == str(DATASET)
    assert session.models == ("minilm-l6-v2", "char-ngram")
    assert set(session.labels or ()) == LABELS


def test_the_readme_counts_and_quotes_what_is_there(conversations: list[list[dict[str, Any]]]) -> None:
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    table = {label: int(rows) for label, rows in re.findall(r"^\| `(\w+)` \| (\d+) \|", readme, re.MULTILINE)}
    assert table == counts(conversations)
    assert f"holds {len(conversations)} messages" in readme
    assert f"{sum(len(turns) > 2 for turns in conversations)} rows are short conversations" in readme
    for block in re.findall(r"```json\n(.+?)\n```", readme, re.DOTALL):
        assert json.loads(block)["messages"] in conversations
    yaml = (EXAMPLES / "support-intents.session.yaml").read_text("utf-8")
    for block in re.findall(r"```yaml\n(.+?)\n```", readme, re.DOTALL):
        assert block in yaml
