"""The driver over a pool that carries out nothing: which steps it starts, and what it does with their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import pytest

from fw_assets.exit_codes import FAILED, INCOMPLETE
from fw_assets.pipeline.errors.phase import StepFailed
from fw_assets.pipeline.phases import APPROVAL, PLANNING, Step, is_stopped
from fw_assets.pipeline.runner.driver import MAX_CONCURRENT_STEPS, answer, drive
from fw_assets.pipeline.runner.worker_pool import WorkerPool
from fw_assets_tests.pipeline.scenario import Scenario

MODELS = tuple(f"m{number}" for number in range(MAX_CONCURRENT_STEPS + 2))


class ScriptedPool:
    """Steps that end in the order in which they began, each by calling `carry_out`; what that raises is its error."""

    def __init__(self, carry_out: Callable[[Step], None]) -> None:
        self._carry_out = carry_out
        self._at_work: list[Step] = []
        self.ended: list[Step] = []
        self.largest = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __len__(self) -> int:
        return len(self._at_work)

    def submit(self, step: Step, config: Mapping[str, Any] | None) -> None:
        del config
        self._at_work.append(step)
        self.largest = max(self.largest, len(self))

    def wait(self, seconds: float | None = None) -> list[StepFailed]:
        del seconds
        step = self._at_work.pop(0)
        self.ended.append(step)
        try:
            self._carry_out(step)
        except StepFailed as error:
            return [error]
        return []

    def join(self, step: Step) -> None:
        assert self._at_work == [step]
        for error in self.wait():
            raise error

    @property
    def models(self) -> list[str | None]:
        return [step.model for step in self.ended if step.assets == ("base_metrics",)]


def registered(scenario: Scenario) -> Scenario:
    scenario.register(driver="command-line")
    return scenario


def approved(scenario: Scenario) -> Scenario:
    registered(scenario).plan(models=MODELS)
    scenario.approve(driver="command-line")
    return scenario


def carry_out(scenario: Scenario, step: Step) -> None:
    """Write the value that the step would write."""
    match step.assets[0]:
        case "base_metrics":
            assert step.model is not None
            scenario.base(step.model)
        case "baselines":
            scenario.baselines()
        case "finalists":
            scenario.finalists(models=MODELS)
        case _:
            scenario.report()


def test_so_many_at_a_time_until_all_are_done(scenario: Scenario) -> None:
    pool = ScriptedPool(lambda step: carry_out(approved_story, step))
    approved_story = approved(scenario)
    started: list[str] = []
    assert drive(pool, scenario.store, "tickets", report=started.append).state == "done"
    assert pool.models == list(MODELS)
    assert pool.largest == MAX_CONCURRENT_STEPS
    assert len(started) == len(pool.ended)
    assert "tickets: base_metrics m0" in started


def test_after_a_failure_what_has_begun_is_finished_and_nothing_begins(scenario: Scenario) -> None:
    exit_codes = {"m0": INCOMPLETE, "m2": FAILED}

    def fail_some(step: Step) -> None:
        if step.model in exit_codes:
            raise StepFailed(f"{step.model} failed", exit_codes[step.model], step.key)
        carry_out(scenario, step)

    approved(scenario)
    pool = ScriptedPool(fail_some)
    reported: list[str] = []
    with pytest.raises(StepFailed, match=r"\Am0 failed\nm2 failed\Z") as raised:
        drive(pool, scenario.store, "tickets", report=reported.append)
    assert raised.value.exit_code == INCOMPLETE
    assert pool.models == list(MODELS[:MAX_CONCURRENT_STEPS])
    assert "m0 failed\ntickets: what has begun is finished first" in reported


def test_the_report_of_a_stopped_run_waits_for_the_steps_at_work(scenario: Scenario) -> None:
    def reach_the_ceiling(step: Step) -> None:
        if step.model == "m1":
            approval = scenario.store.header("approval", "tickets")
            assert approval is not None
            scenario.put("stopped", approval.digest, reason="the ceiling")
            raise StepFailed("m1 would cost more than was approved", INCOMPLETE, step.key)
        if not is_stopped(scenario.store, "tickets") or step.model:
            carry_out(scenario, step)

    approved(scenario)
    pool = ScriptedPool(reach_the_ceiling)
    drive(pool, scenario.store, "tickets", report=lambda _: None)
    assert pool.models[:MAX_CONCURRENT_STEPS] == list(MODELS[:MAX_CONCURRENT_STEPS])
    assert pool.ended[-1].assets == ("report",)
    assert all(step.assets != ("report",) for step in pool.ended[:-1])


def test_what_nothing_else_needs_is_not_waited_for(scenario: Scenario) -> None:
    class StillChecking(ScriptedPool):
        """The plan is there, and the rest of planning is still at work."""

        def wait(self, seconds: float | None = None) -> list[StepFailed]:
            assert seconds is not None, "it would wait for the rest"
            scenario.plan(models=MODELS)
            return []

    pool = StillChecking(lambda step: None)
    status = drive(pool, registered(scenario).store, "tickets", report=print, only=PLANNING, ahead=True)
    assert status.state == "waiting"
    assert len(pool) == 1


def test_an_answer_that_does_not_fit_is_raised(scenario: Scenario) -> None:
    def refuse(step: Step) -> None:
        raise StepFailed("another plan", FAILED, step.key)

    pool = ScriptedPool(refuse)
    with pytest.raises(StepFailed, match="another plan"):
        answer(pool, "tickets", {"approved_by": "ann"})
    assert [step.assets for step in pool.ended] == [APPROVAL]


def test_the_scripted_pool_is_a_worker_pool(scenario: Scenario) -> None:
    pool: WorkerPool = ScriptedPool(lambda step: None)
    with pool:
        assert len(pool) == 0
