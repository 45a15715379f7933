"""One button: the whole workflow as one run of a job, whose steps are runs beside it."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from fw_assets.definitions import defs
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.run_tags import PHASE
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project


def press(project: Project, job: str, op: str, **config: object) -> dg.ExecuteInProcessResult:
    with open_instance(str(project.workspace)) as instance:
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
        )


def test_without_an_approver_it_stops_at_the_plan_and_goes_on_when_pressed_again(here: Project) -> None:
    store = Workspace(str(here.workspace))
    given = {"dataset": str(here.data), "models": ["char-ngram"]}
    assert press(here, "benchmark_only", "benchmark_to_the_end", **given).success
    assert due(store, "tickets", driver=None).state == "waiting"
    assert here.platform()["inference_requests"] == 0
    assert press(here, "benchmark_only", "benchmark_to_the_end", **given, approved_by="ann").success
    assert due(store, "tickets", driver=None).state == "waiting", "a name alone approves nothing"
    planned = store.header("plan", "tickets")
    assert planned is not None
    wrong = press(here, "benchmark_only", "benchmark_to_the_end", **given, approved_by="ann", plan_digest="0" * 12)
    assert not wrong.success
    assert here.platform()["inference_requests"] == 0
    answer = {"approved_by": "ann", "plan_digest": planned.digest}
    assert press(here, "benchmark_only", "benchmark_to_the_end", **given, **answer).success
    assert due(store, "tickets", driver=None).state == "done"
    assert here.report()["status"] == "benchmark"
    assert here.report()["run"]["approved_by"] == "ann"
    assert here.platform()["supervisedFineTuningJobs"] == 0
    with open_instance(str(here.workspace)) as instance:
        phases = {run.tags.get(PHASE) for run in instance.get_runs()}
        pressed = instance.get_runs(dg.RunsFilter(job_name="benchmark_only"))[0].tags
    assert {"inspected_dataset", "approval", "base_metrics", "deployment"} <= phases
    assert pressed["dataset"] == "tickets"
    assert not {"platform", "cost_usd"} & pressed.keys(), "the embedded platform costs nothing"


def test_what_is_wrong_fails_the_button(here: Project, tmp_path: Path) -> None:
    result = press(here, "full_workflow", "workflow_to_the_end", dataset=str(tmp_path / "none.jsonl"), models=["x"])
    assert not result.success
    failure = result.failure_data_for_node("workflow_to_the_end")
    assert failure is not None
    assert "no such file" in str(failure.user_failure_data and failure.user_failure_data.description)
