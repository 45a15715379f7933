"""What the UI has to show of a whole run: metadata, the checks' words and partitions, tags on runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from fw_assets.definitions import defs
from fw_assets.pipeline.jobs import STEP_JOBS
from fw_assets.pipeline.phases import Step
from fw_assets.pipeline.run_tags import COST, DRIVER, PHASE, PLATFORM, step_tags, usd_tag
from fw_assets.pipeline.runner.instance import open_instance
from fw_assets.pipeline.runner.run_step import execute
from fw_assets.pipeline.ui.metadata import MAX_KEY, TABLE_PIXELS, table_width
from fw_assets.workspace.file_server import URL_PREFIX, file_server
from fw_assets_tests.project import Project

SESSION = "dataset: tickets.jsonl\nmodels: [char-ngram]\nlearning_curve: true\ndeploy: always\n"
FILES, TOKEN = "http://127.0.0.1:8432/workspace", "a-token-for-links"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, dg.DagsterInstance]]:
    """A run with everything in it, a nightly check after it, and a second dataset with another model, planned only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("FW_", "FIREWORKS_", "DAGSTER"))]:
            patch.delenv(name)
        project = Project(tmp_path_factory.mktemp("story"))
        project.environment["FW_FILES_URL"] = f"{FILES}?token={TOKEN}"
        patch.setenv("FW_WORKSPACE", str(project.workspace))
        patch.setenv("FW_FILES_URL", f"{FILES}?token={TOKEN}")
        patch.chdir(project.folder)
        (project.folder / "session.yaml").write_text(SESSION, "utf-8")
        done = project.run("run", "--session", "session.yaml", "--approve", "--yes")
        assert done.returncode == 0, done.stderr
        other = project.run("plan", str(project.data), "--model", "minilm-ngram", "--name", "other")
        assert other.returncode == 0, other.stderr
        with open_instance(str(project.workspace)) as instance:
            execute(instance, defs, Step(("regression",), "tickets", None, ""), {"max_usd": 1.0})
            yield project, instance


def assets() -> list[str]:
    return sorted(key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys())


@pytest.mark.parametrize("asset", assets())
def test_every_asset_has_a_summary_a_table_a_figure_and_its_checks(
    told: tuple[Project, dg.DagsterInstance], asset: str
) -> None:
    _, instance = told
    record = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            dg.AssetKey(asset),
            asset_partitions=["tickets", dg.MultiPartitionKey({"dataset": "tickets", "model": "char-ngram"})],
        ),
        limit=1,
    ).records[0]
    made = record.asset_materialization
    assert made is not None
    kinds = {type(value) for value in made.metadata.values()}
    assert {dg.MarkdownMetadataValue, dg.TableMetadataValue} <= kinds
    assert kinds & {dg.IntMetadataValue, dg.FloatMetadataValue}
    summary = made.metadata["summary"].value
    assert 20 < len(str(summary)) <= 1000, "longer Markdown is shown behind a click"
    assert str(summary).startswith("**tickets"), "the overview shows the newest partition, whichever that is"
    assert dg.PathMetadataValue not in kinds, "a long path makes the table wider than its column"
    node = defs.resolve_asset_graph().get(dg.AssetKey(asset))
    found = {
        key.name: instance.event_log_storage.get_asset_check_execution_history(key, limit=1) for key in node.check_keys
    }
    assert all(found.values()), found
    for history in found.values():
        evaluation = history[0].event.asset_check_evaluation if history[0].event else None
        assert evaluation is not None
        assert str(evaluation.description).startswith(("tickets", "other"))


def test_the_plan_and_the_report_are_there_to_read_and_to_open(told: tuple[Project, dg.DagsterInstance]) -> None:
    project, instance = told
    for asset, heading, place in (
        ("plan", "# Plan for `tickets`", "tickets/plan.md"),
        ("report", "#", "tickets/final_report.html"),
    ):
        event = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=["tickets"]), limit=1
        ).records[0]
        made = event.asset_materialization
        assert made is not None
        assert str(made.metadata[asset].value).startswith(heading)
        (link,) = [str(v.value) for v in made.metadata.values() if str(v.value).endswith(f"{place}?token={TOKEN})")]
        url = link.partition("](")[2].removesuffix(")")
        answer = browser(project).get(url)
        assert answer.content == (project.workspace / place).read_bytes()


def test_every_link_of_the_ui_is_served(told: tuple[Project, dg.DagsterInstance]) -> None:
    project, instance = told
    links = []
    for asset in assets():
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=10).records:
            assert record.asset_materialization is not None
            values = [str(value.value) for value in record.asset_materialization.metadata.values()]
            links += [value.partition("](")[2].removesuffix(")") for value in values if f"]({FILES}" in value]
    assert len(links) > 10
    assert {link: browser(project).get(link).status_code for link in links} == dict.fromkeys(links, 200)


def browser(project: Project) -> TestClient:
    app = Starlette(routes=[Mount(URL_PREFIX, file_server(project.workspace, TOKEN))])
    return TestClient(app, base_url="http://127.0.0.1:8432")


def test_the_link_to_the_launchpad_fills_in_the_dataset_and_the_plan(told: tuple[Project, dg.DagsterInstance]) -> None:
    _, instance = told
    event = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey("plan"), asset_partitions=["tickets"]), limit=1
    ).records[0]
    assert event.asset_materialization is not None
    link = str(event.asset_materialization.metadata["answer"].value)
    assert len(link) <= 1000
    assert "](/guess/approve_plan/playground/setup?" in link, "the code location may have any name"
    asked = parse_qs(urlsplit(link.partition("](")[2].rpartition(")")[0]).query)
    assert asked["tags[0][value]"] == ["tickets"]
    config = yaml.safe_load(asked["config"][0])
    digest = str(event.asset_materialization.metadata["digest"].value)
    filled = {"approved_by": "", "decision": "approve", "labels_confirmed": False, "plan_digest": digest}
    assert config == {"ops": {"approval": {"config": filled}}}
    assert f'plan_digest: "{digest}"' in asked["config"][0], "12e456789012 without quotes is a number"
    assert dg.validate_run_config(defs.resolve_job_def("approve_plan"), config)


def test_the_files_that_are_served_are_those_a_person_reads(told: tuple[Project, dg.DagsterInstance]) -> None:
    project, _ = told
    assert (project.workspace / ".platform" / "api_key").is_file()
    client = browser(project)
    client.get(f"{FILES}/?token={TOKEN}")
    every = [path.relative_to(project.workspace).as_posix() for path in project.workspace.rglob("*") if path.is_file()]
    served = {name for name in every if client.get(f"{FILES}/{name}").status_code == 200}
    texts = {"final_report.html", "final_report.md", "model_card.md", "report.json", "plan.md", "regression.jsonl"}
    suspects = {"label_suspects_train.csv", "label_suspects_test.csv"}
    others = {name for name in served if name.startswith("tickets/") and "/predictions/" not in name}
    assert others == {f"tickets/{name}" for name in texts | suspects}
    assert {name.partition("/")[0] for name in served} == {"tickets", "other"}
    assert client.post(f"{FILES}/tickets/plan.md").status_code == 405


def test_every_run_says_what_it_was_about_and_what_it_cost(told: tuple[Project, dg.DagsterInstance]) -> None:
    _, instance = told
    tags = [run.tags for run in instance.get_runs() if run.job_name in STEP_JOBS]
    assert {found["dataset"] for found in tags} == {"tickets", "other"}
    shown = {tag for found in tags for tag in found if not tag.startswith((".dagster/", "dagster/"))}
    assert shown == {"dataset"}, "what costs nothing, on the embedded platform, needs no tag"
    assert {found[PHASE] for found in tags} >= {"inspected_dataset", "approval", "base_metrics", "sweep", "deployment"}


def test_amounts_and_a_platform_that_costs_are_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Step(("base_metrics",), "tickets", "qwen3-8b", "1")
    assert PLATFORM not in step_tags(step)
    monkeypatch.setenv("FW_PLATFORM", "fireworks")
    assert step_tags(step)[PLATFORM] == "fireworks"
    assert usd_tag(COST, 0.0) == {}
    assert usd_tag(COST, 1.25) == {"cost_usd": "1.2500"}


def test_runs_of_the_command_line_are_in_the_timeline(told: tuple[Project, dg.DagsterInstance]) -> None:
    """It shows the runs that say to which job of which code location they belong."""
    _, instance = told
    runs = [run for run in instance.get_runs() if DRIVER in run.tags]
    assert {run.job_name for run in runs} >= {"inspect_and_plan", "approve_plan", "deploy_and_report"}
    for run in runs:
        origin = run.remote_job_origin
        assert origin is not None
        assert origin.job_name == run.job_name
        assert origin.repository_origin.get_label() == run.tags[".dagster/repository"] == "__repository__@fw_assets"
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert run.tags["dagster/max_retries"] == "0", "a command starts again what was lost, and no daemon beside it"


def test_a_run_that_a_person_launched_is_tagged_too(told: tuple[Project, dg.DagsterInstance]) -> None:
    _, instance = told
    result = defs.resolve_job_def("inspect_and_plan").execute_in_process(
        instance=instance, partition_key="other", asset_selection=[dg.AssetKey("label_set")]
    )
    tags = instance.get_runs(dg.RunsFilter(run_ids=[result.run_id]))[0].tags
    assert tags["dataset"] == "other"


def test_the_overview_of_an_asset_shows_a_result_and_its_checks(told: tuple[Project, dg.DagsterInstance]) -> None:
    """The newest materialization of any partition is what the overview shows; it is never without a result."""
    _, instance = told
    for asset in assets():
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=100).records:
            made = record.asset_materialization
            assert made is not None
            assert str(made.metadata["summary"].value).startswith(("**tickets", "**other"))
    by_model = set(instance.get_materialized_partitions(dg.AssetKey("metrics")))
    assert by_model == {"tickets|char-ngram"}, "a cell that no plan asks for has no event"


def test_every_table_fits_a_window_of_1280_pixels(told: tuple[Project, dg.DagsterInstance]) -> None:
    _, instance = told
    for asset in assets():
        for record in instance.fetch_materializations(dg.AssetKey(asset), limit=100).records:
            assert record.asset_materialization is not None
            for key, value in record.asset_materialization.metadata.items():
                assert len(key) <= MAX_KEY, key
                if isinstance(value, dg.TableMetadataValue):
                    columns = [column.name for column in value.schema.columns]
                    assert table_width(columns, [row.data for row in value.records]) <= TABLE_PIXELS + 0.01, (
                        asset,
                        key,
                    )


def test_checks_are_held_against_their_own_partition(told: tuple[Project, dg.DagsterInstance]) -> None:
    """Two datasets at work at once leave the newest check and the newest materialization in different runs."""
    _, instance = told
    for asset in assets():
        for key in defs.resolve_asset_graph().get(dg.AssetKey(asset)).check_keys:
            for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=10):
                assert record.partition in ("tickets", "other", "tickets|char-ngram"), key


def test_descriptions_read_well_as_plain_text() -> None:
    """The catalog shows them raw, a page as Markdown."""
    graph = defs.resolve_asset_graph()
    texts = [
        *((key.to_user_string(), graph.get(key).description or "") for key in graph.get_all_asset_keys()),
        *((job.name, job.description or "") for job in defs.get_repository_def().get_all_jobs()),
        *((sensor.name, sensor.description or "") for sensor in defs.get_repository_def().sensor_defs),
        *((schedule.name, schedule.description or "") for schedule in defs.get_repository_def().schedule_defs),
    ]
    assert [name for name, text in texts if re.search(r"\*\*|\*\w|[`#]|\]\(", text)] == []
