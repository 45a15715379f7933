"""Which Dagster instance commands use, and configurations of the version before."""

from __future__ import annotations

import dagster as dg
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.instance_config import DAGSTER_YAML
from fw_assets_tests.project import Project

BEFORE = """\
storage:
  custom:
    module: fw_assets.pipeline.storage
    class: SqliteStorage
    config: {base_dir: BASE}
compute_logs:
  module: fw_assets.pipeline.captured_logs
  class: CapturedLogs
  config: {base_dir: BASE/storage}
run_launcher:
  module: fw_assets.pipeline.launcher
  class: WarmRunLauncher
"""


def test_commands_use_the_instance_that_the_ui_shows(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_instance(str(here.workspace)) as instance:
        assert instance.root_directory == str(here.workspace / ".dagster")
    (here.folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    with open_instance(str(here.workspace)) as instance:
        assert instance.root_directory == str(here.folder)
    home = here.folder / "home"
    home.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with open_instance(str(here.workspace)) as instance:
        assert instance.root_directory == str(home)


def test_the_configuration_in_a_workspace_is_kept_unless_the_version_before_wrote_it(here: Project) -> None:
    config = here.workspace / ".dagster" / "dagster.yaml"
    open_instance(str(here.workspace)).dispose()
    own = DAGSTER_YAML.replace("default_limit: 6", "default_limit: 2")
    config.write_text(own, "utf-8")
    with open_instance(str(here.workspace)) as instance:
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 2
    assert config.read_text("utf-8") == own
    config.write_text(BEFORE.replace("BASE", str(config.parent)), "utf-8")
    with open_instance(str(here.workspace)) as instance:
        assert instance.get_runs() == []
    assert config.read_text("utf-8") == DAGSTER_YAML


def test_a_dagster_yaml_of_the_version_before_is_refused_with_what_to_do(here: Project) -> None:
    (here.folder / "dagster.yaml").write_text(BEFORE.replace("BASE", ".dagster"), "utf-8")
    with pytest.raises(InputError, match="replace its blocks storage, compute_logs and run_launcher"):
        dg.DagsterInstance.from_config(str(here.folder))
    done = here.run("plan", str(here.data), "--model", "char-ngram")
    assert done.returncode == 2
    assert done.stderr.count("dagster.yaml is of an earlier version") == 1
