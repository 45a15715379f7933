"""A quota that the account's own jobs use up is waited for; any other is an error at once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fw_assets.fireworks import PermissionDenied, QuotaExceeded
from fw_assets.pipeline import progress
from fw_assets.pipeline.platform.quota import when_quota_allows
from fw_assets_tests.pipeline.test_successors import FaultyProject

REFUSAL = QuotaExceeded(429, "training-h200-count for account acme, in use: 8, quota: 8")


class Account:
    """Allows a create once `active` has fewer names than `quota`; each look after the first ends one."""

    def __init__(self, active: list[str], quota: int, ends: bool = True) -> None:
        self.active, self.quota, self.ends = active, quota, ends
        self.creates = self.looks = 0

    async def create(self) -> str:
        self.creates += 1
        if len(self.active) >= self.quota:
            raise REFUSAL
        return "created"

    async def look(self) -> frozenset[str]:
        self.looks += 1
        if self.looks > 1 and self.ends:
            del self.active[-1:]
        return frozenset(self.active)

    def run(self, seconds: float = 60) -> str:
        return asyncio.run(when_quota_allows(self.create, self.look, what="sweep", poll=0.001, seconds=seconds))


def test_a_create_within_the_quota_looks_at_nothing() -> None:
    account = Account([], 1)
    assert account.run() == "created"
    assert account.looks == 0


def test_the_end_of_an_own_job_is_waited_for_and_said() -> None:
    account = Account(["a", "b", "c"], 2)
    told: list[str] = []
    with progress.listening(lambda line: told.append(str(line))):
        assert account.run() == "created"
    assert account.creates == 3
    assert any("in use: 8, quota: 8" in line for line in told)


def test_a_quota_that_nothing_of_the_accounts_own_uses_is_an_error() -> None:
    account = Account([], 0)
    with pytest.raises(QuotaExceeded, match="quota is used up"):
        account.run()
    assert account.creates == 2, "once more: what used it may just have ended"


@pytest.mark.parametrize("looks", [0, 2])
def test_a_look_that_fails_does_not_hide_the_quota(looks: int) -> None:
    class Unseen(Account):
        async def look(self) -> frozenset[str]:
            if self.looks == looks:
                raise PermissionDenied(403, "this key may not list jobs")
            return await super().look()

    with pytest.raises(QuotaExceeded, match="in use: 8, quota: 8") as raised:
        Unseen(["a"], 1, ends=False).run()
    assert isinstance(raised.value.__cause__, PermissionDenied)


def test_the_wait_has_an_end() -> None:
    with pytest.raises(QuotaExceeded):
        Account(["a"], 1, ends=False).run(seconds=0.02)


@pytest.mark.usefixtures("watched")
def test_a_grid_beyond_the_quota_is_trained_one_job_after_another(tmp_path: Path) -> None:
    project = FaultyProject(tmp_path)
    (tmp_path / "session.yaml").write_text(
        "lora_ranks: 64\nlearning_rates: [0.01, 0.03]\nepochs: 3\nsweep_rows: 60\ninference: batch\n"
    )
    project.faults(max_jobs=1)
    done = project.go("--approve", "--json", priced=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "complete"
    assert project.states("supervisedFineTuningJobs") == ["COMPLETED"] * 3
