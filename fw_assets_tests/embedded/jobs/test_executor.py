"""Where jobs compute is chosen by the settings; what cannot be is one error of the job."""

from __future__ import annotations

import socket
import sys

import pytest

from fw_assets.embedded.errors import RpcError
from fw_assets.embedded.jobs.executor import LocalExecutor, job_executor
from fw_assets.embedded.jobs.job_queue import JobClaim
from fw_assets.embedded.jobs.ray_address import check_address
from fw_assets.embedded.jobs.slots import is_held, slot_count
from fw_assets.embedded.store.embedded_platform import EmbeddedPlatform
from fw_assets_tests.embedded.conftest import Client, labelled_rows, wait
from fw_assets_tests.embedded.ray_nodes import free_port

CLAIM = JobClaim("supervisedFineTuningJobs", "local", "j", 1, 1, "token")


def test_jobs_compute_in_their_workers_unless_a_cluster_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform: EmbeddedPlatform = client.app.state.platform
    monkeypatch.delenv("FW_RAY_ADDRESS", raising=False)
    assert job_executor(platform, CLAIM) == LocalExecutor(platform)


@pytest.mark.parametrize(
    "address", ["nonsense", "127.0.0.1:port", "127.0.0.1:99999", "http://127.0.0.1:6379", "ray://"]
)
def test_what_is_no_address_of_a_cluster_is_said(address: str) -> None:
    with pytest.raises(RpcError) as refusal:
        check_address(address)
    assert refusal.value.code == "FAILED_PRECONDITION"
    assert f"FW_RAY_ADDRESS: {address!r}; expected HOST:PORT" in refusal.value.message


def test_a_cluster_that_does_not_answer_fails_the_job_with_the_setting(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("FW_RAY_ADDRESS", address)
    client.dataset("train", labelled_rows(2))
    client.job("j")
    job = client.finished("j")
    assert job["state"] == "JOB_STATE_FAILED"
    assert job["status"]["code"] == "INTERNAL"
    said = f"FW_RAY_ADDRESS: no Ray cluster answers at {address} (Connection refused); start one there, or unset"
    assert job["status"]["message"] == f"{said} the variable, and resume the job"
    # The worker that has the variable takes nothing more.
    wait(lambda: [is_held(client.home, slot) for slot in range(slot_count())], lambda held: not any(held))
    monkeypatch.delenv("FW_RAY_ADDRESS")
    client.post("/v1/accounts/local/supervisedFineTuningJobs/j:resume", {})
    assert client.finished("j")["state"] == "JOB_STATE_COMPLETED"


def test_a_cluster_without_ray_says_what_to_install(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for module in ("ray_cluster", "ray_executor"):
        monkeypatch.delitem(sys.modules, f"fw_assets.embedded.jobs.{module}", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("FW_RAY_ADDRESS", f"127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(RpcError, match=r"FW_RAY_ADDRESS is set, which needs `pip install 'fw-assets\[ray\]'`"):
            job_executor(client.app.state.platform, CLAIM)
