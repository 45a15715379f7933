"""The order of the phases, without Dagster: what is due in every state of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from fw_assets.pipeline import phases
from fw_assets.pipeline.phases import DatasetStatus, due
from fw_assets.pipeline.run_config import Driver
from fw_assets.workspace.workspace import Workspace


class Free(BaseModel, extra="allow"):
    """Any value at all."""


class Story:
    """One dataset's workspace, told forward step by step."""

    def __init__(self, store: Workspace) -> None:
        self.store = store

    def put(self, asset: str, inputs: str, model: str | None = None, digest: str | None = None, **value: Any) -> None:
        self.store.write(asset, "tickets", Free(**value), inputs=inputs, model=model, digest=digest)

    def register(self, content: str = "c1", driver: str = "daemon") -> None:
        self.put("registration", content, driver=driver)

    def plan(
        self, digest: str = "p1", content: str = "c1", models: tuple[str, ...] = ("a", "b", "c"), **session: Any
    ) -> None:
        value: dict[str, Any] = {
            "session": {"mode": "fine-tune", **session},
            "models": [{"slug": model} for model in models],
        }
        self.put("plan", content, digest=digest, **value)

    def approve(self, digest: str = "p1", decision: str = "approved", driver: str = "daemon", at: str = "1") -> None:
        self.put(
            "approval",
            digest,
            plan_digest=digest,
            decision=decision,
            approved_by="ann",
            driver=driver,
            mitigation="none",
            at=at,
        )

    def base(self, model: str, digest: str = "p1") -> None:
        self.put("base_metrics", phases.baseline_inputs(digest), model, of=model)

    def baselines(self, digest: str = "p1") -> None:
        self.put("baselines", phases.baseline_inputs(digest), of="majority")

    def finalists(self, *slugs: str, digest: str = "p1", models: tuple[str, ...] = ("a", "b", "c")) -> None:
        inputs = phases.finalists_inputs(self.store, "tickets", digest, list(models))
        self.put("finalists", inputs, slugs=list(slugs))

    def tuned(self, model: str, digest: str = "p1") -> None:
        self.put("metrics", phases.tuning_inputs(digest, "none"), model, of=model)

    def curve(self, model: str, digest: str = "p1") -> None:
        self.put("learning_curve", phases.tuning_inputs(digest, "none"), model, of=model)

    def report(self, *slugs: str, digest: str = "p1") -> None:
        self.put("report", phases.delivery_inputs(self.store, "tickets", digest, list(slugs)))

    def due(self, driver: Driver | None = "daemon") -> DatasetStatus:
        return due(self.store, "tickets", driver)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(Workspace(str(tmp_path)))


def started(standing: DatasetStatus) -> list[tuple[str, str | None]]:
    return [(step.assets[0], step.model) for step in standing.steps]


def test_nothing_is_due_for_an_unknown_dataset(story: Story) -> None:
    assert story.due() == DatasetStatus((), "not registered", "unknown")


def test_the_whole_story_in_order(story: Story) -> None:
    story.register()
    assert [step.assets for step in story.due().steps] == [phases.PLANNING]
    story.plan()
    assert (story.due().state, story.due().steps) == ("waiting", ())
    assert "p1" in story.due().note
    story.approve()
    todo = [("base_metrics", "a"), ("base_metrics", "b"), ("base_metrics", "c"), ("baselines", None)]
    assert started(story.due()) == todo
    story.base("b")
    story.baselines()
    assert started(story.due()) == [("base_metrics", "a"), ("base_metrics", "c")]
    story.base("a")
    story.base("c")
    assert started(story.due()) == [("finalists", None)]
    story.finalists("a", "c")
    assert started(story.due()) == [("sweep", "a"), ("sweep", "c")]
    assert story.due().steps[0].assets == phases.TUNING
    story.tuned("a")
    assert started(story.due()) == [("sweep", "c")]
    story.tuned("c")
    assert [step.assets for step in story.due().steps] == [phases.DELIVERY]
    story.report("a", "c")
    assert story.due() == DatasetStatus((), "done", "done")


def test_without_finalists_the_report_follows_the_baseline(story: Story) -> None:
    story.register()
    story.plan()
    story.approve()
    story.baselines()
    for model in "abc":
        story.base(model)
    story.finalists()
    assert started(story.due()) == [("deployment", None)]


def test_a_step_keeps_its_key_until_someone_signs_again(story: Story) -> None:
    story.register()
    story.plan()
    story.approve(at="1")
    before = {step.key for step in story.due().steps}
    assert before == {step.key for step in story.due().steps}
    story.approve(at="2")
    assert not before & {step.key for step in story.due().steps}


def test_changed_data_leads_to_a_new_plan_that_waits_for_a_new_answer(story: Story) -> None:
    story.register()
    story.plan()
    story.approve()
    story.base("a")
    story.register("c2")
    assert [step.assets for step in story.due().steps] == [phases.PLANNING]
    story.plan("p2", "c2")
    assert story.due().state == "waiting"
    story.approve("p2")
    todo = [("base_metrics", "a"), ("base_metrics", "b"), ("base_metrics", "c"), ("baselines", None)]
    assert started(story.due()) == todo


def test_an_equal_plan_made_again_starts_nothing(story: Story) -> None:
    story.register()
    story.plan()
    story.approve()
    story.baselines()
    for model in "abc":
        story.base(model)
    story.plan()
    assert started(story.due()) == [("finalists", None)]


def test_rejection_stops(story: Story) -> None:
    story.register()
    story.plan()
    story.approve(decision="rejected")
    assert (story.due().state, story.due().steps) == ("rejected", ())
    assert "ann" in story.due().note


@pytest.mark.parametrize(("registered", "approved"), [("command-line", "daemon"), ("daemon", "command-line")])
def test_the_two_drivers_never_start_the_same_step(story: Story, registered: str, approved: str) -> None:
    story.register(driver=registered)
    assert bool(story.due("daemon").steps) != bool(story.due("command-line").steps)
    story.plan()
    story.approve(driver=approved)
    assert bool(story.due("daemon").steps) != bool(story.due("command-line").steps)
    assert story.due(None).steps


def test_a_metric_measured_again_reopens_what_was_decided_on_it(story: Story) -> None:
    story.register()
    story.plan(models=("a",))
    story.approve()
    story.base("a")
    story.baselines()
    story.finalists("a", models=("a",))
    story.tuned("a")
    story.report("a")
    assert story.due().state == "done"
    story.put("metrics", phases.tuning_inputs("p1", "none"), "a", of="something else")
    assert started(story.due()) == [("deployment", None)]


def test_the_baselines_keep_nothing_but_the_report_waiting(story: Story) -> None:
    story.register()
    story.plan(models=("a",))
    story.approve()
    story.base("a")
    assert started(story.due()) == [("finalists", None), ("baselines", None)]
    story.finalists("a", models=("a",))
    assert started(story.due()) == [("sweep", "a"), ("baselines", None)]
    story.tuned("a")
    assert started(story.due()) == [("baselines", None)]
    story.baselines()
    assert started(story.due()) == [("deployment", None)]


def test_a_learning_curve_comes_between_the_metrics_and_the_report_where_it_was_asked_for(story: Story) -> None:
    story.register()
    story.plan(models=("a",), learning_curve=True)
    story.approve()
    story.base("a")
    story.baselines()
    story.finalists("a", models=("a",))
    story.tuned("a")
    assert started(story.due()) == [("learning_curve", "a")]
    story.curve("a")
    assert started(story.due()) == [("deployment", None)]
    story.report("a")
    assert story.due().state == "done"
    story.put("baselines", phases.baseline_inputs("p1"), of="something else")
    assert started(story.due()) == [("deployment", None)]


def test_a_dataset_that_cannot_be_read_keeps_no_other_waiting(tmp_path: Path) -> None:
    story = Story(Workspace(str(tmp_path)))
    story.register()
    story.plan()
    for name in ("broken", "empty"):
        story.store.write("registration", name, Free(driver="daemon"), inputs="c1")
        story.store.write("plan", name, Free(session={"mode": "fine-tune"}, models=[]), inputs="c1")
    story.store.local("broken", "assets", "plan.json").write_text('{"inputs":"c1","digest":"p","value":{"models":7}}')
    story.store.local("empty", "assets", "registration.json").write_bytes(b"")
    found = phases.statuses(story.store, ["broken", "empty", "tickets"])
    assert {name: status.state for name, status in found.items()} == {
        "broken": "unreadable",
        "empty": "unknown",
        "tickets": "waiting",
    }
    assert str(story.store.local("broken", "assets", "plan.json")) in found["broken"].note
