"""One flipped bit is noticed wherever it is, and what an earlier version wrote is read."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.values import Frozen
from fw_assets.workspace.checksums import ChecksumError, seal, unseal, verify_frame, write_frame_checksum
from fw_assets.workspace.file_faults import DamagedFile
from fw_assets.workspace.frames import row_folder, scan_rows, sink_frame
from fw_assets.workspace.workspace import Workspace


class Value(Frozen):
    accuracy: float = 0.875
    label: str = "café \ud800"


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (len(data) * 8)
    return data[: at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1 :]


def test_no_flipped_bit_of_a_value_is_read_as_good(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.write("metrics", "tickets", Value(), inputs="c1")
    path = store.local("tickets", "assets", "metrics.json")
    whole, head = path.read_bytes(), store.header("metrics", "tickets")
    for bit in range(0, 8 * len(whole), 5):  # each byte, and each place in it
        path.write_bytes(flipped(whole, bit))
        with contextlib.suppress(InputError):
            assert store.read("metrics", "tickets", Value) in (None, Value())
            assert store.header("metrics", "tickets") in (None, head)
        for aside in path.parent.glob(".*.damaged-*"):
            aside.unlink()


def test_a_damaged_value_is_set_aside_with_one_sentence(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.write("metrics", "tickets", Value(), inputs="c1")
    path = store.local("tickets", "assets", "metrics.json")
    path.write_bytes(path.read_bytes().replace(b"0.875", b"0.975"))
    with pytest.raises(DamagedFile, match=r"metrics\.json is damaged .* run the same command again") as caught:
        store.require("metrics", "tickets", Value)
    (aside,) = path.parent.iterdir()
    assert aside.name in str(caught.value)
    assert store.read("metrics", "tickets", Value) is None


def test_a_value_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.write_text('{"inputs":"c1","digest":"d1","value":{"accuracy":0.5,"label":"a"}}\n', "t", "assets", "m.json")
    assert store.read("m", "t", Value) == Value(accuracy=0.5, label="a")
    header = store.header("m", "t")
    assert header is not None
    assert (header.inputs, header.digest) == ("c1", "d1")


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=8), min_size=1), st.integers(0, 10_000))
def test_a_sealed_line_opens_as_it_was_or_not_at_all(content: dict[str, str], bit: int) -> None:
    line = json.dumps(content, ensure_ascii=True)
    assert unseal(seal(line)) == line
    assert unseal(line) == line
    damaged = flipped(seal(line).encode(), bit).decode("latin-1")
    try:
        opened = unseal(damaged)
    except ChecksumError:
        return
    # Where the seal itself is what was hit, the line is no JSON object or has a field that nobody reads.
    assert opened == damaged
    assert not damaged.startswith(line[:-1] + "}")


@pytest.mark.parametrize("bit", [0, 9, 1_000, 4_321, 10_000, 15_000, 20_000, 30_000])
def test_no_flipped_bit_of_a_frame_is_read_as_good(tmp_path: Path, bit: int) -> None:
    store, frame = Workspace(str(tmp_path)), pl.DataFrame({"id": [f"row {n}" for n in range(500)], "n": range(500)})
    sink_frame(store, frame.lazy(), "t", "rows.parquet")
    path = store.local("t", "rows.parquet")
    assert store.scan_frame("t", "rows.parquet").collect().equals(frame)
    path.write_bytes(flipped(path.read_bytes(), bit))
    with pytest.raises(DamagedFile, match=r"rows\.parquet is damaged"):
        store.scan_frame("t", "rows.parquet")
    with pytest.raises(FileNotFoundError, match="is not there: run the same command again"):
        store.read_frame("t", "rows.parquet")


def test_rows_in_parts_are_verified(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    with row_folder(store, "t", "rows") as folder:
        pl.DataFrame({"n": range(100)}).write_parquet(folder / "a.parquet")
    with scan_rows(store, "t", "rows") as rows:
        assert rows.collect().height == 100
    path = store.local("t", "rows", "a.parquet")
    path.write_bytes(flipped(path.read_bytes(), 500))
    with pytest.raises(DamagedFile), scan_rows(store, "t", "rows"):
        pass


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 torn", bytes(200)])
def test_a_frame_of_an_earlier_version_is_read_and_a_torn_one_is_not(tmp_path: Path, content: bytes) -> None:
    store, frame = Workspace(str(tmp_path)), pl.DataFrame({"n": range(10)})
    frame.write_parquet(tmp_path / "old.parquet")
    assert store.read_frame("old.parquet").equals(frame)
    (tmp_path / "torn.parquet").write_bytes(content)
    if content != b"PAR1":
        with pytest.raises(DamagedFile):
            store.read_frame("torn.parquet")


def test_a_frame_whose_replacement_never_came_is_still_whole(tmp_path: Path) -> None:
    store = Workspace(str(tmp_path))
    store.write_frame(pl.DataFrame({"id": [1, 2]}), "tickets", "f.parquet")
    target = store.local("tickets", "f.parquet")
    pl.DataFrame({"id": [3]}).write_parquet(tmp_path / "next.parquet")
    write_frame_checksum(tmp_path / "next.parquet", target)  # killed before the renaming
    verify_frame(target)
    whole = target.read_bytes()
    for bit in (100, 8 * len(whole) - 90):
        target.write_bytes(flipped(whole, bit))
        with pytest.raises(ChecksumError):
            verify_frame(target)
    (tmp_path / "next.parquet").replace(target)
    verify_frame(target)
