"""The workspace on a real disk, and behind an fsspec URL."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import msgspec
import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.values import Frozen, digest
from fw_assets.workspace.envelope import slug
from fw_assets.workspace.workspace import Workspace


class ThingFields(msgspec.Struct):
    name: str = ""


class Thing(Frozen):
    name: str
    size: float = 1.0


@pytest.fixture(params=["disk", "url"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path) if request.param == "disk" else f"memory://{uuid.uuid4().hex}")


def test_a_value_comes_back_equal_with_what_it_was_made_from(store: Workspace) -> None:
    stored_digest = store.write("plan", "tickets", Thing(name="ä\U0001f600"), inputs="i1")
    assert store.read("plan", "tickets", Thing) == Thing(name="ä\U0001f600")
    header = store.header("plan", "tickets")
    assert header is not None
    assert (header.inputs, header.digest) == ("i1", stored_digest)
    assert stored_digest == digest(Thing(name="ä\U0001f600"))


def test_a_missing_value_is_none_or_says_what_to_run(store: Workspace) -> None:
    assert store.read("plan", "tickets", Thing) is None
    assert store.header("plan", "tickets") is None
    with pytest.raises(FileNotFoundError, match=r"sweep of tickets, minilm .* materialize sweep in Dagster"):
        store.require("sweep", "tickets", Thing, "minilm")
    with pytest.raises(FileNotFoundError, match=r"deployment of tickets .* materialize deployment in Dagster"):
        store.require_fields("deployment", "tickets", ThingFields)


def test_models_lie_side_by_side_even_with_dots_and_slashes_in_their_names(store: Workspace) -> None:
    for name in ("llama-3.1", "llama-3.2", "accounts/fireworks/models/x"):
        store.write("sweep", "tickets", Thing(name=name), inputs="i", model=name)
    assert store.names("tickets", "assets", "sweep") == ["llama-3.1.json", "llama-3.2.json", "x.json"]
    assert store.require("sweep", "tickets", Thing, "llama-3.1").name == "llama-3.1"
    assert slug("a/b c") == "b-c"


def test_frames_come_back_equal(store: Workspace) -> None:
    frame = pl.DataFrame({"id": ["train:1"], "labels": [["a", "b"]]})
    store.write_frame(frame, "tickets", "label_set.parquet")
    assert store.read_frame("tickets", "label_set.parquet").equals(frame)
    with pytest.raises(FileNotFoundError):
        store.read_frame("tickets", "nothing.parquet")


def test_a_frame_behind_a_url_can_be_scanned_as_long_as_it_is_held(store: Workspace) -> None:
    """What was fetched has no name any more, and is not that of a later frame."""
    for root in (store.root, "memory://scanned"):
        other = Workspace(root)
        other.write_frame(pl.DataFrame({"id": ["a", "b"], "text": ["x", "y"]}), "tickets", "rows.parquet")
        scanned = other.scan_frame("tickets", "rows.parquet")
        assert scanned.select("id").slice(1, 1).collect()["id"].to_list() == ["b"]
        assert scanned.filter(pl.col("text") == "x").collect()["id"].to_list() == ["a"]
        with pytest.raises(FileNotFoundError, match=r"nothing\.parquet is not there"):
            other.scan_frame("tickets", "nothing.parquet")


def test_a_log_keeps_every_line_in_order(store: Workspace) -> None:
    for number in range(5):
        store.append_line(json.dumps({"n": number}), "tickets", "log.jsonl")
    assert [json.loads(line)["n"] for line in store.lines("tickets", "log.jsonl")] == list(range(5))


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.append_line('{"n": 1}', "tickets", "log.jsonl")
    with store.local("tickets", "log.jsonl").open("a") as sink:
        sink.write('{"n": ')
    assert list(store.lines("tickets", "log.jsonl")) == ['{"n": 1}']


def test_a_line_after_a_cut_off_one_is_not_lost(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    with store.local("log.jsonl").open("a") as sink:
        sink.write('{"n": ')
    store.append_line('{"n": 2}', "log.jsonl")
    assert list(store.lines("log.jsonl"))[-1] == '{"n": 2}'


def test_datasets_are_the_registered_ones(store: Workspace) -> None:
    store.write("registration", "b", Thing(name="b"), inputs="i")
    store.write("registration", "a", Thing(name="a"), inputs="i")
    store.write_text("x", "inbox", "note.txt")
    assert store.datasets() == ["a", "b"]


def test_no_temporary_file_stays_behind(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.write("plan", "tickets", Thing(name="x"), inputs="i")
    store.write("plan", "tickets", Thing(name="y"), inputs="i")
    assert [path.name for path in (tmp_path / "tickets" / "assets").iterdir()] == ["plan.json"]


def test_an_edited_registration_is_to_be_registered_again_and_not_moved_away(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    (tmp_path / "a" / "assets").mkdir(parents=True)
    for asset, advice in (("registration", "Register the dataset again"), ("plan", "Move the file away")):
        (tmp_path / "a" / "assets" / f"{asset}.json").write_text('{"inputs": "i", "digest": "d", "value": {"x": 1}}')
        with pytest.raises(InputError, match=advice):
            store.read(asset, "a", Thing)
