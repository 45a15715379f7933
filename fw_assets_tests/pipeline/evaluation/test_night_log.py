"""Log of nights: each counts once, whatever crashes or is damaged, and what an earlier version wrote is read."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.pipeline.evaluation.night_log import LOG, NightLog
from fw_assets.pipeline.evaluation.request_set import RequestSet, request_key
from fw_assets.pipeline.evaluation.response_cache import StoredAnswer
from fw_assets.pipeline.values.regression import NightRecord, ServedModel
from fw_assets.workspace.batches import Batches
from fw_assets.workspace.workspace import Workspace

LABELS = ("billing", "delivery")
DEPLOYMENT = "accounts/me/deployments/one"
PROMPT = Prompt(system=None, labels=LABELS, answers=LABELS, mode="free", json_key=None, multi_label=False, max_tokens=8)
ROWS = pl.DataFrame(
    {
        "id": [f"{number:02}" for number in range(6)],
        "messages": [json.dumps([{"role": "user", "content": f"text {number}"}]) for number in range(6)],
        "labels": [[LABELS[number % 2]] for number in range(6)],
        "group": pl.Series(range(6), dtype=pl.UInt32),
    }
)


def log(root: Path, deployment: str = DEPLOYMENT, rows: pl.DataFrame = ROWS) -> NightLog:
    return NightLog(Workspace(str(root)), "tickets", deployment, f"model#{deployment}", PROMPT, Batches(rows.lazy()))


def answer(nights: NightLog, date: str, label: str = "billing", rows: int = 6) -> None:
    """What the deployment answered on a date, as it is kept one by one."""
    cache = nights.cache(date)
    for messages in ROWS["messages"].head(rows):
        cache.add(StoredAnswer(key=request_key(PROMPT, messages), text=label, finish_reason="stop"))
    cache.flush()


def add(nights: NightLog, date: str) -> None:
    kept = RequestSet(PROMPT, nights.rows, nights.cache(date))
    record = NightRecord(
        date=date,
        acceptance=nights.acceptance,
        deployment=nights.deployment,
        rows=6,
        served=ServedModel(model="one"),
    )
    nights.add(record, kept.prediction_batches())


def test_a_night_counts_once_and_nights_stay_in_order(tmp_path: Path) -> None:
    nights = log(tmp_path)
    for date in ("2026-03-01", "2026-03-02", "2026-03-01", "2026-03-02"):
        answer(nights, date)
        add(nights, date)
    records, notes = nights.records()
    assert ([record.date for record in records], notes) == (["2026-03-01", "2026-03-02"], [])
    assert len(list(nights.store.lines("tickets", LOG))) == 2
    read = nights.answers(records[0])
    assert read is not None
    assert read.answers["predicted"].to_list() == [["billing"]] * 6


def test_another_deployment_or_other_rows_start_another_sequence(tmp_path: Path) -> None:
    nights = log(tmp_path)
    answer(nights, "2026-03-01")
    add(nights, "2026-03-01")
    assert log(tmp_path, "accounts/me/deployments/two").records() == ([], [])
    assert log(tmp_path, rows=ROWS.head(5)).records() == ([], [])
    other = log(tmp_path, "accounts/me/deployments/two")
    answer(other, "2026-03-01", "delivery")
    add(other, "2026-03-01")
    (first,), (second,) = nights.records()[0], other.records()[0]
    for each, record, label in ((nights, first, "billing"), (other, second, "delivery")):
        read = each.answers(record)
        assert read is not None
        assert read.answers["predicted"].to_list() == [[label]] * 6, "one does not replace the other's answers"


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_answers_whose_file_is_lost_are_made_again_from_what_is_kept(tmp_path: Path, harm: str) -> None:
    nights = log(tmp_path)
    answer(nights, "2026-03-01")
    add(nights, "2026-03-01")
    path = Path(nights.store.path(*nights.path("2026-03-01")))
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20])
    read = nights.answers(nights.records()[0][0])
    assert read is not None
    assert read.answers.height == 6
    assert path.is_file()


def test_a_night_of_the_version_before_counts_where_its_answers_are_kept(tmp_path: Path) -> None:
    nights = log(tmp_path)
    for date, deployment in (("2026-02-01", DEPLOYMENT), ("2026-02-02", DEPLOYMENT), ("2026-02-03", "another")):
        line = {"date": date, "deployment": deployment, "comparison": {"rows": 6, "both": 3, "flips_lost": ["01"]}}
        nights.store.append_line(json.dumps(line), "tickets", LOG)
    answer(nights, "2026-02-01", "delivery")
    answer(nights, "2026-02-02", "delivery", rows=4)
    whole, part = nights.records()[0]
    read = nights.answers(whole)
    assert read is not None
    assert read.answers["outcome"].to_list() == ["wrong_label", "correct"] * 3
    assert nights.answers(part) is None
    add(nights, "2026-02-01")
    assert [record.date for record in nights.records()[0]] == ["2026-02-01", "2026-02-02"]


def test_a_damaged_line_is_left_out_and_said(tmp_path: Path) -> None:
    nights = log(tmp_path)
    for date in ("2026-03-01", "2026-03-02", "2026-03-03"):
        answer(nights, date)
        add(nights, date)
    path = tmp_path / "tickets" / LOG
    path.write_bytes(path.read_bytes().replace(b"2026-03-02", b"2026-03-42")[:-5])
    records, notes = nights.records()
    assert [record.date for record in records] == ["2026-03-01"]
    assert notes == ["line 2 of regression.jsonl is damaged: its night is left out."]
    add(nights, "2026-03-03")
    assert [record.date for record in nights.records()[0]] == ["2026-03-01", "2026-03-03"]


def test_what_is_served_changes_where_both_nights_name_it() -> None:
    first = ServedModel(model="a", base_model="b")
    assert first.changes(first) == ()
    assert ServedModel(model="a", base_model="b", fingerprint="f").changes(first) == ()
    assert ServedModel(model="x", base_model="b").changes(first) == ("model a -> x",)
