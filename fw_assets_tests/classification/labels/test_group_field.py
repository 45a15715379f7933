from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.labels.label_set import LabelSet
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.session import Session
from fw_assets_tests.classification.frames import chat_line, inspect_in_memory, pairs


def tickets(folder: Path, name: str = "ticket_id", of: str | None = None, rows: int = 300) -> Path:
    """Rows of which three at a time are of one ticket."""
    path = folder / "tickets.jsonl"
    lines = []
    for number, (text, label) in enumerate(pairs(rows)):
        row = json.loads(chat_line(f"{text} number {number}", label))
        field = {name: f"T{number // 3}"}
        lines.append(json.dumps({**row, **({of: field} if of else field)}))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def resolved(path: Path, session: Session) -> tuple[list[str], LabelSet]:
    frame, inspected = inspect_in_memory(path, None, session)
    split, label_set = resolve(frame, inspected, session)
    return split.sort("row")["split"].to_list(), label_set


@pytest.mark.parametrize(("name", "of"), [("ticket_id", None), ("conversationId", None), ("id", "customer")])
def test_rows_of_one_value_are_in_one_part(tmp_path: Path, name: str, of: str | None) -> None:
    full = name if of is None else f"{of}.{name}"
    path = tickets(tmp_path, name, of)
    apart, label_set = resolved(path, Session())
    assert any(len(set(apart[i : i + 3])) > 1 for i in range(0, 300, 3))
    (finding,) = [finding for finding in label_set.findings if "--group-field" in finding.message]
    assert finding.severity == "warn"
    assert finding.message.startswith(f"{full} has 100 values in the first 300 rows")

    together, label_set = resolved(path, Session(group_field=full))
    assert all(len(set(together[i : i + 3])) == 1 for i in range(0, 300, 3))
    assert not [finding for finding in label_set.findings if "--group-field" in finding.message]


def test_the_field_takes_the_place_of_the_usual_ones(tmp_path: Path) -> None:
    path = tickets(tmp_path)
    rows = [json.loads(line) | {"conversation_id": "one"} for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    usual, _ = inspect_in_memory(path, None, Session())
    assert usual["group_key"].unique().to_list() == ["conversation_id=one"]
    chosen, _ = inspect_in_memory(path, None, Session(group_field="ticket_id"))
    assert chosen["group_key"][0] == "ticket_id=T0"
    assert chosen["group_key"].n_unique() == 100


def test_a_field_that_no_row_has_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        inspect_in_memory(tickets(tmp_path), None, Session(group_field="ticketid"))
    assert refused.value.problems[0].field == "group_field"
    assert "Did you mean ticket_id?" in str(refused.value)


def test_a_column_of_a_table_keeps_rows_together_too(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    lines = [f"{text} number {i},{label},T{i // 3}" for i, (text, label) in enumerate(pairs(300))]
    path.write_text("text,label,ticket_id\n" + "\n".join(lines) + "\n", "utf-8")
    parts, _ = resolved(path, Session(group_field="ticket_id"))
    assert all(len(set(parts[i : i + 3])) == 1 for i in range(0, 300, 3))
    with pytest.raises(InputError, match="group_field: no row has a field ticket"):
        inspect_in_memory(path, None, Session(group_field="ticket"))


def test_groups_of_unequal_size_are_worth_fewer(tmp_path: Path) -> None:
    """Half of the tickets have nine rows, half have one."""
    path = tickets(tmp_path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for number, row in enumerate(rows):
        row["mixed"] = f"T{number // 10}-{max(0, number % 10 - 8)}"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for field in ("mixed", "ticket_id"):
        session = Session(group_field=field)
        split, label_set = resolve(*inspect_in_memory(path, None, session), session)
        for part in ("train", "validation", "test"):
            sizes = Counter(split.filter(pl.col("split") == part)["group"].to_list()).values()
            worth = sum(sizes) ** 2 / sum(size**2 for size in sizes)
            assert label_set.effective_groups[part] == pytest.approx(worth)
            assert label_set.independent(part, sum(sizes)) == int(worth + 1e-9) <= label_set.groups[part]
            equal = len(set(sizes)) == 1
            assert (label_set.independent(part, sum(sizes)) == label_set.groups[part]) == equal
            assert equal or field == "mixed"
