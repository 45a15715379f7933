from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from fw_assets.workspace.durable import ABANDONED_SECONDS, replacing
from fw_assets.workspace.file_faults import faults_of, file_fault


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EACCES, errno.EROFS, errno.EISDIR, errno.EIO])
def test_a_fault_names_the_path_and_says_what_to_do(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)) as caught, faults_of(Path("/data/tickets")):
        raise OSError(number, os.strerror(number))
    sentence = file_fault(caught.value)
    assert sentence.startswith("/data/tickets: ")
    assert "Errno" not in sentence
    assert len(sentence.splitlines()) == 1


def test_an_error_of_another_library_about_the_disk_is_one_of_the_disk() -> None:
    with pytest.raises(OSError, match="No space left") as caught, faults_of(Path("/data")):
        raise ValueError("parquet: underlying IO error: No space left on device (os error 28)")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/data")
    with pytest.raises(ValueError, match="a bug"), faults_of(Path("/data")):
        raise ValueError("a bug")


def test_an_error_with_its_own_path_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, faults_of(Path("/data")):
        (tmp_path / "absent").read_bytes()
    assert caught.value.filename == str(tmp_path / "absent")


def test_a_temporary_file_that_lost_its_writer_is_removed_and_a_young_one_stays(tmp_path: Path) -> None:
    old, young = tmp_path / ".value.json.11111111.tmp", tmp_path / ".value.json.22222222.tmp"
    other = tmp_path / ".other.json.33333333.tmp"
    for path in (old, young, other):
        path.write_text("half")
    long_ago = time.time() - ABANDONED_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    with replacing(tmp_path / "value.json") as temporary:
        temporary.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, young.name, "value.json"]
