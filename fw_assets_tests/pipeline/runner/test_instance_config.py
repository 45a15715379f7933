"""Workspaces in folders of any name, and workspaces that were moved or copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from dagster._core.storage.compute_log_manager import ComputeIOType

from fw_assets.classification.errors import InputError
from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.instance_config import DAGSTER_YAML, FORMER_DAGSTER_YAML, SPEED_UPS, own_config
from fw_assets.settings import set_workspace, settings
from fw_assets.workspace.batches import Batches, write_batches
from fw_assets.workspace.frames import row_folder, scan_rows, sink_frame
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.project import Project

ROOT = Path(__file__).parents[3]
NAMES = [
    *("a%b", "a%20b", "a?b", "a#b", 'a"b', "a'b", "a[1]", "a*b", "a{b}", "a::b", "s3:", "a@b:c", "a b", "a\nb"),
    *("客服", "-x", "x.", "~", "$HOME", "a\\b", "a;b", "a&b=c", "\x1b[31m", "n" * 200),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_workspace_can_have_any_name(here: Project, name: str) -> None:
    folder = here.folder / name
    set_workspace(str(folder))
    root = settings().workspace_root
    assert root == str(folder)
    with open_instance(root) as instance:
        instance.add_dynamic_partitions("datasets", ["tickets"])
    with open_instance(root) as instance:
        assert instance.get_dynamic_partitions("datasets") == ["tickets"]
    store, frame = Workspace(root), pl.DataFrame({"id": ["1", "2"]})
    with row_folder(store, "tickets", "rows") as rows:
        frame.write_parquet(rows / "a.parquet")
    with scan_rows(store, "tickets", "rows") as scanned:
        sink_frame(store, scanned, "tickets", "frame.parquet")
    write_batches(store, Batches(store.scan_frame("tickets", "frame.parquet")), "tickets", "batches.parquet")
    assert store.read_frame("tickets", "batches.parquet").equals(frame)
    store.append_line("one", "tickets", "log.jsonl")
    with store.exclusive("tickets", "run"):
        assert list(store.lines("tickets", "log.jsonl")) == ["one"]
    visible = [item for item in store.names("tickets") if not item.startswith(".")]
    assert visible == ["batches.parquet", "frame.parquet", "log.jsonl", "rows"]
    open_platform(settings().platform_home)
    assert (folder / ".platform" / "platform.sqlite").exists()
    assert (folder / ".dagster" / "history" / "runs.db").exists()
    assert [item.name for item in here.folder.iterdir() if item.is_dir()] == [name]


@pytest.mark.parametrize("name", ["w\udcffs", "n" * 300])
def test_a_name_that_no_workspace_can_have_is_one_sentence(here: Project, name: str) -> None:
    done = here.run("plan", str(here.data), "--model", "char-ngram", "--workspace", name)
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) <= 2


@pytest.mark.parametrize("take", [shutil.move, shutil.copytree], ids=["moved", "copied"])
@pytest.mark.parametrize("name", ["after", "a%20?b"])
def test_nothing_is_written_to_where_a_workspace_was(here: Project, take: object, name: str) -> None:
    old, new = here.folder / "old", here.folder / name
    open_instance(str(old)).dispose()
    base = old / ".dagster"
    config = f"""\
# mine
storage: {{sqlite: {{base_dir: {base}}}}}
local_artifact_storage:
  module: dagster.core.storage.root
  class: LocalArtifactStorage
  config:
    base_dir: {base}
concurrency:
  pools: {{default_limit: 2, granularity: op}}  # not more
"""
    (base / "dagster.yaml").write_text(config, "utf-8")
    open_instance(str(old)).dispose()
    assert (base / "dagster.yaml").read_text("utf-8") == config
    take(old, new)  # type: ignore[operator]
    before = {path: path.stat().st_mtime_ns for path in old.rglob("*")}
    with open_instance(str(new)) as instance:
        instance.add_dynamic_partitions("datasets", ["tickets"])
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 2
    assert {path: path.stat().st_mtime_ns for path in old.rglob("*")} == before
    text = (new / ".dagster" / "dagster.yaml").read_text("utf-8")
    assert str(old) not in text
    assert "# mine\n" in text
    assert "# not more\n" in text


def test_only_the_blocks_that_lead_elsewhere_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "workspace" / ".dagster"
    for replaced in ("", FORMER_DAGSTER_YAML):
        assert own_config(replaced, folder) == DAGSTER_YAML
    for kept in (DAGSTER_YAML, "storage: {sqlite: {base_dir: /var/lib/dagster}}\n", "nux: [", "- a\n"):
        assert own_config(kept, folder) == kept
    own = f"compute_logs:\n  config: {{base_dir: {folder}/storage}}\nretention: {{schedule: 3}}\n"
    assert own_config(own, folder) == own
    moved = own_config(own.replace("workspace", "elsewhere"), folder)
    assert yaml.safe_load(moved) == {**yaml.safe_load(DAGSTER_YAML), "retention": {"schedule": 3}}


def test_an_instance_in_a_workspace_is_configured_as_that_of_the_project() -> None:
    project = yaml.safe_load((ROOT / "dagster.yaml").read_text("utf-8"))
    assert {key: project.pop(key) for key in ("storage", "local_artifact_storage")}
    assert yaml.safe_load(DAGSTER_YAML) == project


@pytest.mark.parametrize("left", [False, True], ids=["gone", "bytecode left"])
def test_an_instance_in_a_workspace_names_no_speed_up_that_was_taken_away(tmp_path: Path, left: bool) -> None:
    package = tmp_path / "fw_assets"
    package.mkdir()
    for path in (ROOT / "fw_assets").iterdir():
        if path.name != SPEED_UPS.rpartition(".")[2]:
            (package / path.name).symlink_to(path)
        elif left:
            (package / path.name / "__pycache__").mkdir(parents=True)
    # The finder of an editable installation would find the folder of the checkout.
    code = "import sys; sys.meta_path = [item for item in sys.meta_path if 'editable' not in repr(item).lower()]\n"
    code += "from fw_assets.pipeline.runner.instance_config import DAGSTER_YAML; print(DAGSTER_YAML)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout
    config = yaml.safe_load(DAGSTER_YAML)
    assert {key for key, value in config.items() if SPEED_UPS in str(value)} == {"compute_logs", "run_launcher"}
    assert yaml.safe_load(printed) == {key: value for key, value in config.items() if SPEED_UPS not in str(value)}


def test_what_runs_print_is_kept_in_the_instance_wherever_it_is(here: Project) -> None:
    for name in ("first", "second"):
        with open_instance(str(here.folder / name)) as instance:
            manager = instance.compute_log_manager
            with manager.open_log_stream(["run", "compute_logs", "step"], ComputeIOType.STDOUT):
                pass
        shutil.move(here.folder / name, here.folder / f"moved-{name}")
        assert (here.folder / f"moved-{name}" / ".dagster" / "storage" / "run" / "compute_logs" / "step.out").exists()


def test_a_link_of_another_is_not_followed(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(here.folder))
    root = here.folder / "a?b"
    open_instance(str(root)).dispose()
    (link,) = (here.folder / f"fw-assets-{os.getuid()}").iterdir()
    link.unlink()
    link.symlink_to(here.folder)
    with pytest.raises(InputError, match="use a workspace whose path has neither"):
        open_instance(str(root))
