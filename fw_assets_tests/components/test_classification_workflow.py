"""Two workflows in a project as `create-dagster` makes it: from the assets that it has to their reports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from fw_assets.pipeline.automation.alert_events import plans_that_wait
from fw_assets.pipeline.values.delivery import DeploymentRecord
from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.components.daemon import ProjectDaemon
from fw_assets_tests.components.shop import load, write_project, write_rows

KEY = "a-key-that-nobody-sees"
TICKETS = """
    type: fw_assets.ClassificationWorkflow
    attributes:
      dataset:
        asset: raw/tickets
        text: [subject, body]
        template: "{subject}: {body}"
        label: queue
        id: id
      models: [char-ngram]
      mode: benchmark
      owners: ["team:support"]
      platform:
        kind: embedded
        key: "{{ env.SHOP_KEY }}"
      automation:
        lost_runs: absent
        nightly_regression: running
    post_processing:
      assets:
        - target: "*"
          attributes:
            tags: {domain: support}
"""
REVIEWS = """
    type: fw_assets.ClassificationWorkflow
    attributes:
      dataset:
        asset: review_file
        text: body
        label: queue
      models: char-ngram
      mode: benchmark
      auto_approve_up_to_usd: 0
      key_prefix: [shop, reviews]
"""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProjectDaemon]:
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("FW_FILES_URL", "http://127.0.0.1:8432/workspace")
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, downstream=True, tickets=TICKETS, reviews=REVIEWS)
    write_rows(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        yield ProjectDaemon(load(tmp_path, monkeypatch), instance)


def materialize(daemon: ProjectDaemon, *keys: str, **options: object) -> dg.ExecuteInProcessResult:
    job = daemon.defs.resolve_implicit_global_asset_job_def()
    selection = [dg.AssetKey(key.split("/")) for key in keys]
    return job.execute_in_process(instance=daemon.instance, asset_selection=selection, **options)  # type: ignore[arg-type]


def test_two_workflows_go_from_assets_of_the_project_to_their_reports(daemon: ProjectDaemon, tmp_path: Path) -> None:
    assert daemon.tick("tickets_dataset") == []
    assert daemon.skipped["tickets_dataset"] == "raw/tickets has not been materialized yet"
    materialize(daemon, "raw/tickets", "review_file")
    daemon.settle("tickets_dataset", "tickets_phases", "reviews_dataset", "reviews_phases")
    store, other = (Workspace(str(tmp_path / "workspace" / name)) for name in ("tickets", "reviews"))
    assert other.header("report", "reviews") is not None, "it approves itself, as it costs nothing"
    plan = store.header("plan", "tickets")
    assert plan is not None
    assert "waits for approval" in daemon.skipped["tickets_phases"]
    (waits,) = (event() for event in plans_that_wait(store).values())
    assert waits.text.endswith("the asset `tickets/approval` in Dagster."), "a command would ask another platform"
    event = daemon.instance.get_latest_materialization_event(dg.AssetKey(["tickets", "plan"]))
    assert event is not None
    assert event.asset_materialization is not None
    assert "plan_file" in event.asset_materialization.metadata, "and no link to a file of another workspace"

    answer = {"approved_by": "ann", "plan_digest": plan.digest}
    config = {"ops": {"tickets__approval": {"config": answer}}}
    materialize(daemon, "tickets/approval", partition_key="tickets", run_config=config)
    daemon.settle("tickets_phases")
    assert store.header("report", "tickets") is not None
    routing = materialize(daemon, "routing").output_for_node("routing")
    record = store.require("deployment", "tickets", DeploymentRecord)
    assert (routing["model"], routing["verdict"]) == (record.model, record.gate.decision)
    assert routing["headline"]

    materialize(daemon, "raw/tickets")
    daemon.settle("tickets_dataset", "tickets_phases")
    after = store.header("plan", "tickets")
    assert after is not None
    assert after.digest == plan.digest, "another materialization of equal rows is no other version"
    write_rows(tmp_path, rows=80)
    materialize(daemon, "raw/tickets")
    daemon.settle("tickets_dataset", "tickets_phases")
    assert "waits for approval" in daemon.skipped["tickets_phases"], "other rows are another version"

    runs = daemon.instance.get_runs()
    said = [repr(runs), *(repr(daemon.instance.all_logs(run.run_id)) for run in runs)]
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY in text for text in said)
    assert not any(KEY.encode() in content for content in kept)


def test_what_an_instance_defines_is_what_its_attributes_say(daemon: ProjectDaemon) -> None:
    graph, repository = daemon.defs.resolve_asset_graph(), daemon.defs.get_repository_def()
    node = graph.get(dg.AssetKey(["tickets", "plan"]))
    assert (node.group_name, node.owners, node.tags["domain"]) == ("tickets_1_plan", ["team:support"], "support")
    assert graph.get(dg.AssetKey(["tickets", "inspected_dataset"])).parent_keys == {dg.AssetKey(["tickets", "dataset"])}
    assert graph.get(dg.AssetKey(["tickets", "dataset"])).parent_keys == {dg.AssetKey(["raw", "tickets"])}
    assert graph.get(dg.AssetKey(["shop", "reviews", "report"])).group_name == "reviews_4_delivery"
    sensors = {sensor.name for sensor in repository.sensor_defs}
    assert {name for name in sensors if name.startswith("tickets_")} == {
        "tickets_alerts",
        "tickets_dataset",
        "tickets_outdated_plans",
        "tickets_phases",
    }
    schedules = {schedule.name: schedule.default_status for schedule in repository.schedule_defs}
    assert schedules["tickets_nightly_regression"] is dg.DefaultScheduleStatus.RUNNING
    assert schedules["reviews_nightly_regression"] is dg.DefaultScheduleStatus.STOPPED


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("{dataset: {asset: raw/tickets, inbox: drop}, models: [m]}", "names asset and inbox"),
        ("{dataset: {text: body}, models: [m]}", "names no place"),
        ("{name: My-Tickets}", "small letters"),
        ("{finalists: 0}", "finalists"),
    ],
)
def test_a_wrong_attribute_is_named(
    attributes: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, wrong=f"type: fw_assets.ClassificationWorkflow\nattributes: {attributes}\n")
    with pytest.raises(Exception, match="Error while building definitions") as error:
        load(tmp_path, monkeypatch)
    causes: list[BaseException | None] = [error.value]
    while causes[-1] is not None:
        causes.append(causes[-1].__cause__ or causes[-1].__context__)
    assert any(message in str(cause) for cause in causes)


def test_a_file_is_registered_when_it_is_there_and_again_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attributes = "{dataset: rows.csv, models: [char-ngram], mode: benchmark}"
    write_project(tmp_path, rows=f"type: fw_assets.ClassificationWorkflow\nattributes: {attributes}\n")
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = ProjectDaemon(load(tmp_path, monkeypatch), instance)
        assert daemon.tick("rows_dataset") == []
        assert "rows.csv" in daemon.skipped["rows_dataset"]
        file = tmp_path / "rows.csv"
        file.write_text("text,label\n" + "".join(f"text {n} of it,l{n % 2}\n" for n in range(40)), "utf-8")
        daemon.settle("rows_dataset")
        store = Workspace(str(tmp_path / "workspace" / "rows"))
        first = store.require("registration", "rows", Registration)
        assert first.session.models == ("char-ngram",)
        file.touch()
        daemon.settle("rows_dataset")
        assert store.require("registration", "rows", Registration) == first
        file.write_text(file.read_text("utf-8") + "one more,l1\n", "utf-8")
        daemon.settle("rows_dataset")
        assert store.require("registration", "rows", Registration).inputs != first.inputs


def test_loading_reads_no_environment_and_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    monkeypatch.setenv("FW_PLATFORM", "no platform")  # whoever reads the settings is told so
    write_project(tmp_path, tickets=TICKETS)
    assert load(tmp_path, monkeypatch).get_repository_def()
    assert {path.name for path in tmp_path.iterdir()} == {"pyproject.toml", "src"}


def test_importing_the_components_touches_nothing() -> None:
    """`dg` imports them for each list of components, on any machine."""
    code = """
import subprocess
import sys
import dagster

own, touched = (sys.prefix, sys.base_prefix, sys.argv[1]), []


def note(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "subprocess.", "os.mkdir", "os.remove", "os.rename")):
        touched.append(event)
    if event == "open" and isinstance(arguments[0], str) and not arguments[0].startswith(own):
        touched.append(arguments[0])


sys.addaudithook(note)
import fw_assets.components
print(touched)
"""
    root = str(Path(__file__).parents[2] / "fw_assets")
    done = subprocess.run([sys.executable, "-c", code, root], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
