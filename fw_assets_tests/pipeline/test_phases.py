"""The order of the phases, without Dagster: what is due in every state of a workspace."""

from __future__ import annotations

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.pipeline import phases
from fw_assets.pipeline.input_digests import baseline_inputs, tuning_inputs
from fw_assets.pipeline.phases import DatasetStatus
from fw_assets_tests.pipeline.scenario import AnyFields, Scenario


def started(standing: DatasetStatus) -> list[tuple[str, str | None]]:
    return [(step.assets[0], step.model) for step in standing.steps]


def test_nothing_is_due_for_an_unknown_dataset(scenario: Scenario) -> None:
    assert scenario.due() == DatasetStatus((), "not registered", "unknown")


def test_the_whole_story_in_order(scenario: Scenario) -> None:
    scenario.register()
    assert [step.assets for step in scenario.due().steps] == [phases.PLANNING]
    scenario.plan()
    assert (scenario.due().state, scenario.due().steps) == ("waiting", ())
    assert "p1" in scenario.due().note
    scenario.approve()
    todo = [("base_metrics", "a"), ("base_metrics", "b"), ("base_metrics", "c"), ("baselines", None)]
    assert started(scenario.due()) == todo
    scenario.base("b")
    scenario.baselines()
    assert started(scenario.due()) == [("base_metrics", "a"), ("base_metrics", "c")]
    scenario.base("a")
    scenario.base("c")
    assert started(scenario.due()) == [("finalists", None)]
    scenario.finalists("a", "c")
    assert started(scenario.due()) == [("sweep", "a"), ("sweep", "c")]
    assert scenario.due().steps[0].assets == phases.TUNING
    scenario.tuned("a")
    assert started(scenario.due()) == [("sweep", "c")]
    scenario.tuned("c")
    assert [step.assets for step in scenario.due().steps] == [phases.DELIVERY]
    scenario.report("a", "c")
    assert scenario.due() == DatasetStatus((), "its report is there", "done")


def test_without_finalists_the_report_follows_the_baseline(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve()
    scenario.baselines()
    for model in "abc":
        scenario.base(model)
    scenario.finalists()
    assert started(scenario.due()) == [("deployment", None)]


def test_a_step_keeps_its_key_until_someone_signs_again(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve(at="1")
    before = {step.key for step in scenario.due().steps}
    assert before == {step.key for step in scenario.due().steps}
    scenario.approve(at="2")
    assert not before & {step.key for step in scenario.due().steps}


def test_changed_data_leads_to_a_new_plan_that_waits_for_a_new_answer(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve()
    scenario.base("a")
    scenario.register("c2")
    assert [step.assets for step in scenario.due().steps] == [phases.PLANNING]
    scenario.plan("p2", "c2")
    assert scenario.due().state == "waiting"
    scenario.approve("p2")
    todo = [("base_metrics", "a"), ("base_metrics", "b"), ("base_metrics", "c"), ("baselines", None)]
    assert started(scenario.due()) == todo


def test_an_equal_plan_made_again_starts_nothing(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve()
    scenario.baselines()
    for model in "abc":
        scenario.base(model)
    scenario.plan()
    assert started(scenario.due()) == [("finalists", None)]


def test_rejection_stops(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    scenario.approve(decision="rejected")
    assert (scenario.due().state, scenario.due().steps) == ("rejected", ())
    assert "ann" in scenario.due().note


@pytest.mark.parametrize(("registered", "approved"), [("command-line", "daemon"), ("daemon", "command-line")])
def test_the_two_drivers_never_start_the_same_step(scenario: Scenario, registered: str, approved: str) -> None:
    scenario.register(driver=registered)
    assert bool(scenario.due("daemon").steps) != bool(scenario.due("command-line").steps)
    scenario.plan()
    scenario.approve(driver=approved)
    assert bool(scenario.due("daemon").steps) != bool(scenario.due("command-line").steps)
    assert scenario.due(None).steps


def test_a_metric_measured_again_reopens_what_was_decided_on_it(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan(models=("a",))
    scenario.approve()
    scenario.base("a")
    scenario.baselines()
    scenario.finalists("a", models=("a",))
    scenario.tuned("a")
    scenario.report("a")
    assert scenario.due().state == "done"
    scenario.put("metrics", tuning_inputs("p1", "none"), "a", of="something else")
    assert started(scenario.due()) == [("deployment", None)]


def test_the_baselines_keep_nothing_but_the_report_waiting(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan(models=("a",))
    scenario.approve()
    scenario.base("a")
    assert started(scenario.due()) == [("finalists", None), ("baselines", None)]
    scenario.finalists("a", models=("a",))
    assert started(scenario.due()) == [("sweep", "a"), ("baselines", None)]
    scenario.tuned("a")
    assert started(scenario.due()) == [("baselines", None)]
    scenario.baselines()
    assert started(scenario.due()) == [("deployment", None)]


def test_a_learning_curve_comes_between_the_metrics_and_the_report_where_it_was_asked_for(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan(models=("a",), learning_curve=True)
    scenario.approve()
    scenario.base("a")
    scenario.baselines()
    scenario.finalists("a", models=("a",))
    scenario.tuned("a")
    assert started(scenario.due()) == [("learning_curve", "a")]
    scenario.curve("a")
    assert started(scenario.due()) == [("deployment", None)]
    scenario.report("a")
    assert scenario.due().state == "done"
    scenario.put("baselines", baseline_inputs("p1"), of="something else")
    assert started(scenario.due()) == [("deployment", None)]


def test_a_dataset_that_cannot_be_read_keeps_no_other_waiting(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan()
    for name in ("broken", "empty"):
        scenario.store.write("registration", name, AnyFields(driver="daemon"), inputs="c1")
        scenario.store.write("plan", name, AnyFields(session={"mode": "fine-tune"}, models=[]), inputs="c1")
    scenario.store.local("broken", "assets", "plan.json").write_text(
        '{"inputs":"c1","digest":"p","value":{"models":7}}'
    )
    scenario.store.local("empty", "assets", "registration.json").write_bytes(b"")
    statuses = phases.statuses(scenario.store, ["broken", "empty", "tickets"])
    assert {name: status.state for name, status in statuses.items()} == {
        "broken": "unreadable",
        "empty": "unreadable",
        "tickets": "waiting",
    }
    for name, file in (("broken", "plan.json"), ("empty", "registration.json")):
        assert str(scenario.store.local(name, "assets", file)) in statuses[name].note


def done(scenario: Scenario) -> None:
    scenario.register()
    scenario.plan(models=("a",))
    scenario.approve()
    scenario.base("a")
    scenario.baselines()
    scenario.finalists("a", models=("a",))
    scenario.tuned("a")


@pytest.mark.parametrize(
    ("lost", "step"),
    [
        (("assets", "prompt.json"), ("inspected_dataset", None)),
        (("assets", "label_set.json"), ("inspected_dataset", None)),
        (("assets", "label_set.parquet"), ("inspected_dataset", None)),
        (("assets", "base_metrics", "a.json"), ("base_metrics", "a")),
        (("assets", "sweep", "a.json"), ("sweep", "a")),
        (("assets", "fine_tuned_models", "a.json"), ("sweep", "a")),
        (("assets", "metrics", "a.json"), ("sweep", "a")),
        (("predictions", "a-base-test.parquet"), ("base_metrics", "a")),
        (("predictions", "a-tuned-validation.parquet"), ("sweep", "a")),
        (("ledger", "p1.jsonl"), ("base_metrics", "a")),
    ],
)
def test_what_the_report_reads_and_is_lost_is_made_again_before_it(
    scenario: Scenario, lost: tuple[str, ...], step: tuple[str, str | None]
) -> None:
    done(scenario)
    assert started(scenario.due()) == [("deployment", None)]
    scenario.store.local("tickets", *lost).unlink()
    assert started(scenario.due()) == [step]


@pytest.mark.parametrize("lost", ["deployment", "report"])
def test_a_delivered_value_that_is_lost_is_made_again(scenario: Scenario, lost: str) -> None:
    done(scenario)
    scenario.report("a")
    assert scenario.due().state == "done"
    scenario.store.local("tickets", "assets", f"{lost}.json").write_bytes(b"{}")
    with pytest.raises(InputError, match=f"{lost}.json"):
        scenario.due()
    scenario.store.local("tickets", "assets", f"{lost}.json").write_bytes(b"")
    assert started(scenario.due()) == [("deployment", None)]


def test_a_damaged_ledger_stops_its_dataset_with_file_and_line(scenario: Scenario) -> None:
    done(scenario)
    path = scenario.store.local("tickets", "ledger", "p1.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"usd":0.0', b'"usd":9.0', 1))
    status = phases.statuses(scenario.store, ["tickets"])["tickets"]
    assert status.state == "unreadable"
    assert f"{path}:1: the line is damaged" in status.note
