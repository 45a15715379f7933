"""Ledger of looks: by test rows, over datasets, once per plan, and from what earlier versions left."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fw_assets.pipeline.reporting.looks import LOG, record_look
from fw_assets.report.schema.looks import Look
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


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    record_look(store, look("t", "p1"))
    store.append_line('[{"test_digest": "t", "pl', LOG)
    assert record_look(store, look("t", "p2")).number == 2
