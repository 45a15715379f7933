"""The graph as Dagster loads it: a changed graph is a one-line diff here."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from fw_assets.code_location import LOCATION_NAME
from fw_assets.definitions import defs
from fw_assets.pipeline.asset_table import BY_CELL, BY_DATASET
from fw_assets.pipeline.assets.regression import RegressionConfig
from fw_assets.pipeline.automation.one_click_jobs import OneClickConfig
from fw_assets.pipeline.automation.upkeep_jobs import DatasetConfig
from fw_assets.pipeline.config import ApprovalConfig, SessionConfig
from fw_assets.pipeline.jobs import STEP_JOBS
from fw_assets.pipeline.partitions import cells, datasets
from fw_assets.pipeline.workflow.instance import OWN

ROOT = Path(__file__).parents[1]
GRAPH = {
    "approval": ("1_plan", "dataset"),
    "baselines": ("2_baseline", "dataset"),
    "base_metrics": ("2_baseline", "cell"),
    "deployment": ("4_delivery", "dataset"),
    "finalists": ("2_baseline", "dataset"),
    "fine_tuned_models": ("3_tuning", "cell"),
    "inspected_dataset": ("1_plan", "dataset"),
    "label_set": ("1_plan", "dataset"),
    "label_suspects": ("1_plan", "dataset"),
    "learning_curve": ("3_tuning", "cell"),
    "metrics": ("3_tuning", "cell"),
    "plan": ("1_plan", "dataset"),
    "regression": ("4_delivery", "dataset"),
    "report": ("4_delivery", "dataset"),
    "sweep": ("3_tuning", "cell"),
}


def test_the_assets_their_groups_and_partitions() -> None:
    graph = defs.resolve_asset_graph()
    by = {datasets(OWN): "dataset", cells(OWN): "cell"}
    found = {
        key.to_user_string(): (graph.get(key).group_name, by[graph.get(key).partitions_def])  # type: ignore[index]
        for key in graph.get_all_asset_keys()
    }
    assert found == GRAPH
    assert {name for name, (_, kind) in GRAPH.items() if kind == "dataset"} == set(BY_DATASET)
    assert {name for name, (_, kind) in GRAPH.items() if kind == "cell"} == set(BY_CELL)


@pytest.mark.parametrize("asset", sorted(GRAPH))
def test_every_asset_says_what_it_is(asset: str) -> None:
    """In the catalog a person sees the group, the owner, the icons and the description before anything else."""
    node = defs.resolve_asset_graph().get(dg.AssetKey(asset))
    assert len(node.description or "") > 60
    assert node.owners
    assert node.kinds
    assert node.group_name != "default"
    assert node.code_version
    assert node.check_keys
    assert all(check.description for check in defs.get_assets_def(asset).check_specs)


def test_what_ages_says_when_it_is_too_old() -> None:
    specs = [defs.get_assets_def(asset).get_asset_spec(dg.AssetKey(asset)) for asset in GRAPH]
    policies = {spec.key.to_user_string(): spec.freshness_policy for spec in specs if spec.freshness_policy}
    window = dg.FreshnessPolicy.time_window
    assert policies == {
        "deployment": window(fail_window=timedelta(days=100), warn_window=timedelta(days=35)),
        "regression": window(fail_window=timedelta(hours=54), warn_window=timedelta(hours=30)),
    }


def test_every_sensor_says_what_it_does() -> None:
    sensors = [sensor for sensor in defs.sensors or [] if isinstance(sensor, dg.SensorDefinition)]
    named = {"alerts", "inbox", "lost_runs", "outdated_plans", "phases", "platform_datasets"}
    assert {sensor.name for sensor in sensors} == named
    assert all(sensor.description for sensor in sensors)


def test_every_field_in_a_launchpad_is_explained() -> None:
    configs = (ApprovalConfig, SessionConfig, OneClickConfig, DatasetConfig, RegressionConfig)
    unexplained = [
        f"{config.__name__}.{name}"
        for config in configs
        for name, field in config.model_fields.items()
        if not field.description
    ]
    assert unexplained == []


def test_schedules_are_off_and_jobs_and_schedules_say_what_they_are() -> None:
    repository = defs.get_repository_def()
    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    assert set(schedules) == {"nightly_regression", "weekly_rerun", "monthly_benchmark"}
    assert all(s.default_status is dg.DefaultScheduleStatus.STOPPED for s in schedules.values())
    assert all(s.description for s in schedules.values())
    named = {
        "inspect_and_plan",
        "approve_plan",
        "evaluate_base_model",
        "score_baselines",
        "choose_finalists",
        "fine_tune_and_compare",
        "measure_learning_curve",
        "deploy_and_report",
        "check_deployment",
        "benchmark_only",
        "full_workflow",
        "deploy_winner",
        "reread_dataset",
        "benchmark_new_models",
    }
    jobs = {job.name: job for job in repository.get_all_jobs()}
    assert set(jobs) == {*named, "__ASSET_JOB"}
    assert all(job.description for name, job in jobs.items() if not name.startswith("__"))


def test_the_sensor_of_the_phases_names_the_jobs_that_it_starts() -> None:
    (phases,) = (sensor for sensor in defs.get_repository_def().sensor_defs if sensor.name == "phases")
    assert {target.job_name for target in phases.targets} == {*STEP_JOBS} - {"check_deployment"}


def test_training_and_inference_are_in_pools() -> None:
    graph = defs.resolve_asset_graph()
    pools = {key.to_user_string(): graph.get(key).pools for key in graph.get_all_asset_keys()}
    assert {name for name, pool in pools.items() if pool == {"fine_tune"}} == {
        "sweep",
        "fine_tuned_models",
        "learning_curve",
    }
    assert {name for name, pool in pools.items() if pool == {"inference"}} == {"base_metrics", "metrics", "regression"}


def test_the_instance_file_is_valid(tmp_path: Path) -> None:
    config = (ROOT / "dagster.yaml").read_text("utf-8")
    (tmp_path / "dagster.yaml").write_text(config.replace(" .dagster", " " + str(tmp_path / "state")), "utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_settings("telemetry") == {"enabled": False}


def test_every_start_gives_the_code_location_one_name() -> None:
    """Cursors of sensors and links belong to a location by its name, whichever command has loaded it."""
    by_hand = yaml.safe_load((ROOT / "workspace.yaml").read_text("utf-8"))["load_from"][0]["python_module"]
    dagster_dev = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["dg"]["project"]
    assert by_hand == {"module_name": "fw_assets.definitions", "location_name": LOCATION_NAME}
    assert dagster_dev["code_location_name"] == LOCATION_NAME


def test_dagster_finds_nothing_wrong_with_the_definitions(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "fw_assets.definitions"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "Warning" in line and "fw_assets" in line]
    assert ours == []
