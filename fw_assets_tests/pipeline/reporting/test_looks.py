"""Ledger of looks: by test rows, over datasets, once per plan, and from what earlier versions left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fw_assets.classification.values import digest as digest_of
from fw_assets.pipeline.reporting.looks import LOG, record_look
from fw_assets.pipeline.reporting.shown_rows import FOLDER
from fw_assets.report.schema.looks import Look
from fw_assets.workspace.dataset_rows import split_rows_path
from fw_assets.workspace.workspace import Workspace

LOOKS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("123456"), st.integers(0, 3)), min_size=1, max_size=20
)


def look(test: str, plan: str, extra: int = 0, dataset: str = "tickets") -> Look:
    return Look(test_digest=test, plan=plan, dataset=dataset, at="2026-11-22T11:00:00+00:00", extra_reads=extra)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOOKS)
def test_a_plan_is_one_look_however_often_it_is_reported(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int]]
) -> None:
    store = Workspace(str(tmp_path_factory.mktemp("workspace")))
    order: dict[str, list[str]] = {"a": [], "b": []}
    most: dict[tuple[str, str], int] = {}
    for test, plan, extra in events:
        looks = record_look(store, look(test, plan, extra))
        order[test] += [] if plan in order[test] else [plan]
        most[test, plan] = max(extra, most.get((test, plan), 0))
        before = order[test][: order[test].index(plan)]
        assert looks.number == len(before) + 1
        assert [(item.plan, item.extra_reads) for item in looks.earlier] == [(p, most[test, p]) for p in before]


def test_looks_count_over_datasets_and_processes(tmp_path: Path) -> None:
    root = str(tmp_path)

    def report(plan: int) -> int:
        return record_look(Workspace(root), look("t", f"plan{plan % 8}", dataset=f"d{plan % 3}")).number

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(report, range(24)))
    assert sorted(report(plan) for plan in range(8)) == list(range(1, 9))
    assert Workspace(root).datasets() == []


def test_reports_of_earlier_versions_are_looks(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    for name, plan, at in (("later", "p2", "2026-11-02"), ("first", "p1", "2026-11-01"), ("other", "p3", "2026-11-03")):
        store.write_text("{}", name, "assets", "registration.json")
        rows = "elsewhere" if name == "other" else "t"
        stored = {"dataset": name, "plan_digest": plan, "run": {"finished_at": at}, "digests": {"test rows": rows}}
        store.write_text(json.dumps(stored), name, "report.json")
    store.write_text("{}", "damaged", "assets", "registration.json")
    store.write_text('{"dataset": ', "damaged", "report.json")
    looks = record_look(store, look("t", "p4"))
    assert looks.number == 3
    assert [(item.plan, item.dataset, item.at) for item in looks.earlier] == [
        ("p1", "first", "2026-11-01"),
        ("p2", "later", "2026-11-02"),
    ]
    assert record_look(store, look("t", "p1")).number == 1


class StoredLabels(BaseModel):
    split: dict[str, str]


def stored_test_rows(store: Workspace, dataset: str, texts: Iterable[str]) -> Look:
    """Test rows as the step `label_set` leaves them, and a look at them by a plan of the dataset."""
    messages = [json.dumps([{"role": "user", "content": text}]) for text in texts]
    store.write_frame(
        pl.DataFrame({"messages": messages, "split": ["test"] * len(messages)}), *split_rows_path(dataset)
    )
    digest = digest_of(messages)
    store.write("label_set", dataset, StoredLabels(split={"test_digest": digest}), inputs="i")
    return look(digest, f"plan-{dataset}-{digest}", dataset=dataset)


def test_looks_are_counted_by_the_rows_that_they_share(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    rows = [f"text {number}" for number in range(44)]
    for number in range(3):
        assert record_look(store, stored_test_rows(store, f"d{number}", rows[:40])).number == number + 1
    last = stored_test_rows(store, "frac", rows)
    looks = record_look(store, last)
    assert (looks.number, looks.seen) == (4, 40)
    assert [(item.dataset, item.shared) for item in looks.earlier] == [("d0", 40), ("d1", 40), ("d2", 40)]
    assert record_look(store, last) == looks, "a report that is written again"
    fresh = record_look(store, stored_test_rows(store, "fresh", ["another", "and another"]))
    assert (fresh.number, fresh.seen) == (1, None)


def test_rows_are_known_when_their_dataset_has_others(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    record_look(store, stored_test_rows(store, "tickets", ["a", "b"]))
    looks = record_look(store, stored_test_rows(store, "tickets", ["B", "c", "b "]))
    assert (looks.number, looks.seen, looks.earlier[0].shared) == (2, 2, 2)
    every = record_look(store, stored_test_rows(store, "tickets", ["b", "b"]))
    assert (every.number, every.seen) == (3, 2)
    assert [item.shared for item in every.earlier] == [None, None], "all of them"


def test_looks_of_the_version_before_count_by_their_rows_too(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    before = [stored_test_rows(store, name, texts) for name, texts in (("kept", ["a", "b"]), ("changed", ["b", "c"]))]
    for item in before:
        store.append_line(json.dumps([item.model_dump(exclude={"shared"})]), LOG)
    stored_test_rows(store, "changed", ["z"])
    looks = record_look(store, stored_test_rows(store, "new", ["a", "b", "c"]))
    assert [(item.dataset, item.shared) for item in looks.earlier] == [("kept", 2)]
    assert looks.seen == 2
    same = record_look(store, before[1].model_copy(update={"plan": "p"}))
    assert [item.dataset for item in same.earlier] == ["changed"], "by the digest alone"


def test_damaged_rows_are_made_again(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    first = stored_test_rows(store, "first", ["a", "b"])
    record_look(store, first)
    store.write_bytes(b"damaged", FOLDER, first.test_digest)
    assert record_look(store, stored_test_rows(store, "second", ["a"])).seen == 1


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    record_look(store, look("t", "p1"))
    store.append_line('[{"test_digest": "t", "pl', LOG)
    assert record_look(store, look("t", "p2")).number == 2
