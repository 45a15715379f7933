"""A platform whose database is damaged or whose disk is full says so in one sentence that names the file."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fw_assets.embedded.errors import machine_fault
from fw_assets.embedded.jobs import job_queue
from fw_assets.embedded.jobs.job_state import fail_job
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.database import Database
from fw_assets.embedded.store.database_errors import DamagedDatabase
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import Client, labelled_rows

JOBS = "supervisedFineTuningJobs"


@pytest.mark.parametrize("content", [b"no database at all" * 100, bytes(8192)])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "platform.sqlite"
    path.write_bytes(content)
    with pytest.raises(DamagedDatabase, match=r"platform\.sqlite is damaged .* put a copy of it back"):
        Database(path)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "platform.sqlite").mkdir()
    with pytest.raises(IsADirectoryError, match=r"platform\.sqlite"):
        Database(tmp_path / "platform.sqlite")


@pytest.mark.parametrize("kept", [b"", None])
def test_a_home_with_datasets_but_without_their_record_is_not_taken_for_a_new_one(
    client: Client, kept: bytes | None
) -> None:
    client.dataset("train", labelled_rows(1))
    for path in client.home.glob("platform.sqlite*"):
        path.unlink()
    if kept is not None:
        (client.home / "platform.sqlite").write_bytes(kept)
    with pytest.raises(DamagedDatabase, match="its tables are not there"):
        EmbeddedPlatform(client.home)


@pytest.fixture
def small_files() -> Iterator[None]:
    """Files of this process may not grow beyond 200 kB."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_request_that_the_disk_has_no_room_for_is_refused_with_the_folder(client: Client, small_files: None) -> None:
    body = {"datasetId": "big", "dataset": {"exampleCount": "1", "userUploaded": {}, "displayName": "x" * 300_000}}
    refused = client.send("POST", "/v1/accounts/local/datasets", body)
    assert (refused.status_code, refused.json()["code"]) == (400, 8)
    assert f"no space is left in {client.home}" in refused.json()["message"]
    client.get("/v1/accounts/local/datasets/big", status=404)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "RESOURCE_EXHAUSTED"),
        (OSError(errno.EFBIG, "File too large"), "RESOURCE_EXHAUSTED"),
        (MemoryError(), "RESOURCE_EXHAUSTED"),
        (OSError(errno.EIO, "Input/output error"), "INTERNAL"),
        (ZeroDivisionError("a bug"), "INTERNAL"),
        (ValueError("no labels"), "INTERNAL"),
    ],
)
def test_a_job_that_failed_by_a_cause_that_may_pass_is_told_apart(tmp_path: Path, error: Exception, code: str) -> None:
    platform = EmbeddedPlatform(tmp_path)
    with platform.database.write() as connection:
        documents.insert(connection, JOBS, "local", "a", {"name": "a", "state": "JOB_STATE_CREATING"})
        job_queue.enqueue(connection, JOBS, "local", "a", platform.clock())
    claim = job_queue.claim_next(platform, 0)
    assert claim is not None
    fail_job(platform, claim, error)
    with platform.database.read() as connection:
        status = documents.get(connection, JOBS, "local", "a")["status"]
    assert status["code"] == code
    assert status["message"].strip()


def test_no_space_names_the_folder() -> None:
    fault = machine_fault(OSError(errno.ENOSPC, "No space left on device"), Path("/data/platform"))
    assert "no space is left in /data/platform" in fault.message
