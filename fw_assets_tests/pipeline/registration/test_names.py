"""Names of registered datasets, through registrations of real files on the embedded platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.registration.registration import register, resolve_registered
from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.classification.frames import pairs, write_chat


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path / "workspace"))


def file(path: Path, rows: int = 6) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_chat(path, pairs(rows))


def registered(store: Workspace, path: Path | str, name: str | None = None) -> Registration:
    platform = Platform(name="embedded", home=Path(store.root) / ".platform")
    return register(store, platform, {"dataset": str(path), "models": ["m"]}, driver="command-line", name=name)


def test_other_scripts_are_other_datasets(store: Workspace, tmp_path: Path) -> None:
    assert registered(store, file(tmp_path / "客服.jsonl", 6)).name == "客服"
    assert registered(store, file(tmp_path / "情感.jsonl", 9)).name == "情感"
    assert store.datasets() == ["客服", "情感"]


def test_a_file_of_the_same_name_elsewhere_does_not_displace(store: Workspace, tmp_path: Path) -> None:
    first, second = file(tmp_path / "a/data/train.jsonl", 6), file(tmp_path / "b/data/train.jsonl", 9)
    assert registered(store, first).name == "data-train"
    with pytest.raises(InputError) as refused:
        registered(store, second)
    assert f"the name data-train is taken by {first}, so {second} needs another" in str(refused.value)
    assert "--name data-train-2" in str(refused.value)
    assert registered(store, second, "data-train-2").name == "data-train-2"
    with pytest.raises(InputError, match="is taken by"):
        registered(store, second, "data-train")
    kept = store.require("registration", "data-train", Registration)
    assert kept.files[0].path == str(first)


def test_new_content_at_the_same_place_is_the_same_dataset(
    store: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path / "rows.jsonl", 6)
    before = registered(store, path)
    file(path, 9)
    monkeypatch.chdir(tmp_path)
    after = registered(store, "rows.jsonl")
    assert (after.name, after.inputs == before.inputs) == ("rows", False)


def test_a_moved_file_and_a_moved_project_are_the_same_dataset(store: Workspace, tmp_path: Path) -> None:
    old = file(tmp_path / "a/data/train.jsonl", 6)
    registered(store, old)
    copied = file(tmp_path / "elsewhere/data-train.jsonl", 6)
    assert registered(store, copied).name == "data-train"
    registered(store, old)
    (tmp_path / "a").rename(tmp_path / "b")
    assert registered(store, file(tmp_path / "b/data/train.jsonl", 9)).name == "data-train"


def test_datasets_of_the_version_before_keep_their_names(store: Workspace, tmp_path: Path) -> None:
    path = file(tmp_path / "客服.jsonl", 6)
    odd = registered(store, path)
    for former in ("dataset", "My Tickets"):
        store.write("registration", former, odd.model_copy(update={"name": former}), inputs=odd.inputs)
    (Path(store.root) / "客服" / "assets" / "registration.json").unlink()
    assert registered(store, path).name == "dataset"
    assert registered(store, file(tmp_path / "情感.jsonl", 9)).name == "情感"
    assert registered(store, path, "My Tickets").name == "My Tickets"
    assert resolve_registered(store, {"dataset": "My Tickets"}).name == "My Tickets"


@pytest.mark.parametrize("name", ["../evil", "..", ".platform", "staged", "inbox", "[x]", "\x1b[2J", "x" * 300, "a\0b"])
def test_no_name_leads_to_another_place(store: Workspace, tmp_path: Path, name: str) -> None:
    path = file(tmp_path / "rows.jsonl")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="cannot be the name of a dataset"):
        registered(store, path, name)
    made = set(tmp_path.rglob("*")) - set(before)
    assert all(item.is_relative_to(store.root) for item in made)
    assert store.datasets() == []
    assert resolve_registered(store, {"dataset": name}).name is None


@pytest.mark.parametrize("key", ["../evil", "..", ".platform", "", "a\0b", "x" * 300])
def test_a_partition_key_that_was_typed_opens_no_other_folder(store: Workspace, key: str) -> None:
    with pytest.raises(InputError, match="is not the name of a dataset"):
        store.read("registration", key, Registration)
