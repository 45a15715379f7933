"""The one-button jobs of an instance: their steps run in processes of their own, recorded as steps of the instance."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from fw_assets.components.attributes import PlatformAttributes
from fw_assets.components.classification_workflow import ClassificationWorkflow
from fw_assets.pipeline.phases import due
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project


def test_a_button_records_its_steps_under_the_names_of_its_instance(here: Project) -> None:
    defs = ClassificationWorkflow().definitions("shop", here.folder)
    config = {"dataset": str(here.data), "models": ["char-ngram"], "auto_approve_up_to_usd": 0.0}
    with open_instance(str(here.workspace)) as instance:
        done = defs.resolve_job_def("shop_benchmark_only").execute_in_process(
            instance=instance, run_config={"ops": {"shop_benchmark_to_the_end": {"config": config}}}
        )
        assert done.success
        assert due(Workspace(str(here.folder / "workspace" / "shop")), "tickets", driver=None).state == "done"
        jobs = {run.job_name for run in instance.get_runs()}
        assert jobs >= {"shop_inspect_and_plan", "shop_approve_plan", "shop_evaluate_base_model"}
        assert {job for job in jobs if not job.startswith("shop_")} == set()
        assert instance.get_dynamic_partitions("shop_datasets") == ["tickets"]
        assert instance.get_dynamic_partitions("datasets") == []
        assert instance.get_latest_materialization_event(dg.AssetKey(["shop", "report"])) is not None
        assert instance.get_latest_materialization_event(dg.AssetKey("report")) is None


@pytest.mark.parametrize(("kind", "environment"), [("fireworks", "embedded"), ("embedded", "fireworks")])
def test_a_run_that_a_person_launches_has_the_platform_of_its_instance_as_a_tag(
    kind: str, environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_PLATFORM", environment)
    platform = PlatformAttributes(kind=kind, key="a-key")
    defs = ClassificationWorkflow(platform=platform).definitions("shop", tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("shop_datasets", ["tickets"])
        answer = {"approved_by": "ann", "plan_digest": "0123456789ab"}
        done = defs.resolve_job_def("shop_approve_plan").execute_in_process(
            instance=instance,
            partition_key="tickets",
            run_config={"ops": {"shop__approval": {"config": answer}}},
            raise_on_error=False,
        )
        assert not done.success, "there is no plan"
        (run,) = instance.get_runs()
        assert run.tags["dataset"] == "tickets"
        assert run.tags.get("platform") == {"fireworks": "fireworks"}.get(kind)
