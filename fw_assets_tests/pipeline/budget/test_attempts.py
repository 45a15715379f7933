"""Attempts: one per approval, three in all, the same chain for everybody on a platform."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fw_assets.classification.catalogue.resource_ids import job_id, successor_id
from fw_assets.classification.catalogue.tuning_grid import Cell
from fw_assets.pipeline.budget.attempts import Attempts, waits_for_signature
from fw_assets.pipeline.errors.attempts import AttemptFailed
from fw_assets.pipeline.values.attempts import Ending
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.pipeline.scenario import Scenario

FIRST = job_id("char-ngram", Cell(lora_rank=8, learning_rate=0.1, epochs=3), "rows", 42)
INTERNAL = Ending("FAILED", "INTERNAL", "the worker died.")


class Jobs:
    """A platform on which every job that is created ends as it is told."""

    def __init__(self, ending: Ending | None = INTERNAL) -> None:
        self.ending = ending
        self.jobs: dict[str, Ending | None] = {}
        self.settled: list[str] = []

    async def find(self, id: str) -> Ending | None:
        return self.jobs.get(id)

    async def settle(self, id: str) -> None:
        self.settled.append(id)

    def run(self, attempts: Attempts) -> str:
        """The id of the attempt that is made now, or that has its result."""

        async def step() -> str:
            id = (await attempts.current(FIRST, "job", self.find, self.settle)).id
            self.jobs.setdefault(id, self.ending)
            return (await attempts.current(FIRST, "job", self.find, self.settle)).id

        return asyncio.run(step())


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path))


def under(store: Workspace, approval: str) -> Attempts:
    return Attempts(store, "tickets", approval)


def test_a_failed_attempt_waits_for_a_signature_and_says_so(store: Workspace) -> None:
    jobs = Jobs()
    for _ in range(3):
        with pytest.raises(AttemptFailed) as caught:
            jobs.run(under(store, "a1"))
        assert str(caught.value) == (
            f"job {FIRST} ended FAILED: the worker died; approve again to try a second time (attempt 2 of 3): "
            f"`fw-assets run tickets --approve --workspace {store.root}`, or the asset `approval` in Dagster."
        )
    assert list(jobs.jobs) == [FIRST]
    assert set(jobs.settled) == {FIRST}


def test_each_signature_makes_one_attempt_and_the_third_is_the_last(store: Workspace) -> None:
    jobs = Jobs()
    for approval, said in (("a1", "attempt 2 of 3"), ("a2", "attempt 3 of 3"), ("a3", "attempt 3 of 3, and no other")):
        with pytest.raises(AttemptFailed, match=said):
            jobs.run(under(store, approval))
    with pytest.raises(AttemptFailed, match="no other is made"):
        jobs.run(under(store, "a4"))
    assert len(jobs.jobs) == 3


def test_a_passing_cause_heals_with_the_next_signature(store: Workspace) -> None:
    jobs = Jobs()
    with pytest.raises(AttemptFailed):
        jobs.run(under(store, "a1"))
    jobs.ending = None
    healed = jobs.run(under(store, "a2"))
    assert healed == successor_id(FIRST, "FAILED") == jobs.run(under(store, "a2")) == jobs.run(under(store, "a3"))


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "OUT_OF_RANGE"])
def test_a_fault_of_the_data_is_not_repeated(store: Workspace, code: str) -> None:
    jobs = Jobs(Ending("FAILED", code, "row 3 has no answer"))
    for approval in ("a1", "a2"):
        with pytest.raises(AttemptFailed, match=r"row 3 has no answer; it is not tried again"):
            jobs.run(under(store, approval))
    assert len(jobs.jobs) == 1


def test_what_is_there_and_will_never_do_is_a_failed_attempt_too(store: Workspace) -> None:
    jobs = Jobs(None)
    id = jobs.run(under(store, "a1"))
    under(store, "a1").give_up(id, "the adapter does not load.")
    for _ in range(2):
        with pytest.raises(AttemptFailed, match=r"ended UNUSABLE: the adapter does not load; approve again .*2 of 3"):
            jobs.run(under(store, "a1"))
    second = jobs.run(under(store, "a2"))
    assert second == successor_id(FIRST, "UNUSABLE") == jobs.run(under(store, "a3"))
    current = asyncio.run(under(store, "a2").current(FIRST, "job", jobs.find))
    assert current == (second, (FIRST,))


def test_another_workspace_goes_on_with_the_same_chain(store: Workspace, tmp_path: Path) -> None:
    jobs = Jobs()
    with pytest.raises(AttemptFailed):
        jobs.run(under(store, "a1"))
    other = Workspace(str(tmp_path / "other"))
    with pytest.raises(AttemptFailed, match="attempt 3 of 3"):
        jobs.run(under(other, "b1"))
    jobs.ending = None
    assert jobs.run(under(store, "a2")) == jobs.run(under(other, "b2"))
    assert len(jobs.jobs) == 3


def test_what_was_removed_after_it_served_is_no_failure(store: Workspace) -> None:
    jobs = Jobs(None)
    removed = Ending("DELETED", idle=True)
    for number in range(1, 6):
        id = jobs.run(under(store, "a1"))
        assert len(jobs.jobs) == number
        jobs.jobs[id] = removed


def test_ids_of_attempts_are_legal_and_depend_on_how_the_one_before_ended() -> None:
    ids = {successor_id(FIRST, state) for state in ("FAILED", "CANCELLED", "EXPIRED", "DELETED")}
    ids.add(successor_id(successor_id(FIRST, "FAILED"), "FAILED"))
    assert len(ids | {FIRST}) == 6
    assert all(id.startswith("fwa-char-ngram-r8-lr1e-1-e3-") and len(id) <= 63 for id in ids)


def test_a_command_knows_that_another_signature_is_needed(scenario: Scenario) -> None:
    scenario.approve()
    header = scenario.store.header("approval", "tickets")
    assert header is not None
    assert not waits_for_signature(scenario.store, "tickets")
    with pytest.raises(AttemptFailed):
        Jobs().run(under(scenario.store, header.digest))
    assert waits_for_signature(scenario.store, "tickets")
    scenario.approve(at="2")
    assert not waits_for_signature(scenario.store, "tickets")
