"""What a tick reads behind a URL: the same as by opening every file, with a request or two."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest

from benchmarks.phases_tick import Free, fill
from fw_assets.pipeline import phases
from fw_assets.pipeline.automation import workspace_snapshot as glances
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.phases import DatasetStatus, due
from fw_assets.workspace.workspace import CHANGES, Workspace
from fw_assets_tests.pipeline.object_store import BUCKET, ObjectStore, object_store

NAMES = [f"set-{number}" for number in range(4)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    monkeypatch.setattr("benchmarks.phases_tick.MODELS", 3)
    monkeypatch.setattr(glances, "_memories", {})
    with object_store() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        yield store


def looked(store: Workspace) -> dict[str, DatasetStatus]:
    seen = take_snapshot(store)
    return {dataset: due(seen, dataset) for dataset in seen.datasets()}


def test_a_tick_asks_once_while_nothing_changes_and_sees_every_change(s3: ObjectStore) -> None:
    store = Workspace(f"s3://{BUCKET}/work")
    for number, name in enumerate(NAMES):
        fill(store, name, number)
    store.write_text("x", "inbox", "note.txt")
    opened = {name: due(store, name) for name in NAMES}
    assert [standing.state for standing in opened.values()] == ["running", "running", "running", "done"]
    assert looked(store) == opened
    s3.taken()
    assert looked(store) == opened
    assert s3.taken() == {"LIST": 1}

    store.write("base_metrics", "set-0", Free(), inputs=phases.baseline_inputs("p1"), model="model-00")
    s3.taken()
    after = looked(store)
    assert len(after["set-0"].steps) == len(opened["set-0"].steps) - 1
    assert s3.taken() == {"LIST": 2, "GET": 1}

    store.write("registration", "set-3", Free(driver="daemon"), inputs="c2")
    assert looked(store)["set-3"].note == "to be inspected and planned"
    assert looked(store) == {name: due(store, name) for name in NAMES}


def test_what_was_written_without_a_mark_is_seen_by_the_next_full_look(
    s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Workspace(f"s3://{BUCKET}/copied")
    fill(store, "set-0", 3)
    fill(store, "set-1", 0)
    store.filesystem.rm(store.path(CHANGES), recursive=True)
    assert list(looked(store)) == ["set-0", "set-1"]
    store.filesystem.rm(store.path("set-1"), recursive=True)
    monkeypatch.setattr(glances, "LIST_ALL_SECONDS", 0.0)
    assert list(looked(store)) == ["set-0"]


def test_a_folder_is_its_own_glance() -> None:
    store = Workspace("somewhere")
    assert take_snapshot(store) is store
