"""A snapshot behind a URL shows what opening every file shows, with one or two requests."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest

from fw_assets.pipeline.automation import workspace_snapshot
from fw_assets.pipeline.automation.workspace_snapshot import take_snapshot
from fw_assets.pipeline.input_digests import baseline_inputs
from fw_assets.pipeline.phases import DatasetStatus, due
from fw_assets.workspace.workspace import CHANGES, Workspace
from fw_assets_tests.pipeline.filled_workspace import AnyValue, fill_dataset
from fw_assets_tests.pipeline.object_store import BUCKET, ObjectStore, object_store

NAMES = [f"set-{number}" for number in range(4)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    monkeypatch.setattr(workspace_snapshot, "_caches", {})
    with object_store() as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        yield store


def snapshot_statuses(store: Workspace) -> dict[str, DatasetStatus]:
    snapshot = take_snapshot(store)
    return {dataset: due(snapshot, dataset) for dataset in snapshot.datasets()}


def test_a_snapshot_takes_one_request_while_nothing_changes_and_sees_every_change(s3: ObjectStore) -> None:
    store = Workspace(f"s3://{BUCKET}/work")
    for number, name in enumerate(NAMES):
        fill_dataset(store, name, number, models=3)
    store.write_text("x", "inbox", "note.txt")
    opened = {name: due(store, name) for name in NAMES}
    assert [status.state for status in opened.values()] == ["running", "running", "running", "done"]
    assert snapshot_statuses(store) == opened
    s3.taken()
    assert snapshot_statuses(store) == opened
    assert s3.taken() == {"LIST": 1}

    store.write("base_metrics", "set-0", AnyValue(), inputs=baseline_inputs("p1"), model="model-00")
    s3.taken()
    after = snapshot_statuses(store)
    assert len(after["set-0"].steps) == len(opened["set-0"].steps) - 1
    assert s3.taken() == {"LIST": 2, "GET": 1}

    store.write("registration", "set-3", AnyValue(driver="daemon"), inputs="c2")
    assert snapshot_statuses(store)["set-3"].note == "to be inspected and planned"
    assert snapshot_statuses(store) == {name: due(store, name) for name in NAMES}


def test_what_was_written_without_a_mark_is_seen_by_the_next_full_listing(
    s3: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Workspace(f"s3://{BUCKET}/copied")
    fill_dataset(store, "set-0", 3, models=3)
    fill_dataset(store, "set-1", 0, models=3)
    store.filesystem.rm(store.path(CHANGES), recursive=True)
    assert list(snapshot_statuses(store)) == ["set-0", "set-1"]
    store.filesystem.rm(store.path("set-1"), recursive=True)
    monkeypatch.setattr(workspace_snapshot, "LIST_ALL_SECONDS", 0.0)
    assert list(snapshot_statuses(store)) == ["set-0"]


def test_a_folder_is_its_own_snapshot() -> None:
    store = Workspace("somewhere")
    assert take_snapshot(store) is store
