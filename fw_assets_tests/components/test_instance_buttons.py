"""The one-button jobs of an instance: their steps run in processes of their own, recorded as steps of the instance."""

from __future__ import annotations

import dagster as dg

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
