"""What others write and have: wrong attributes, missing variables, reloads, and tables of any kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.components.classification_workflow import ClassificationWorkflow
from fw_assets.components.sources import Source
from fw_assets.pipeline.values.registration import Registration
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.components.daemon import ProjectDaemon
from fw_assets_tests.components.shop import load, write_project, write_rows

HEAD = "type: fw_assets.ClassificationWorkflow\nattributes:\n  models: [char-ngram]\n"
ROWS = {
    "text": [f"text {number} of {'refunds' if number % 2 else 'crashes'}" for number in range(24)],
    "label": ["billing" if number % 2 else "technical" for number in range(24)],
}


def causes(error: BaseException | None) -> str:
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(said)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("finalists: 0", ["src/shop/defs/tickets/defs.yaml:4: finalists: ", "Correct the attribute"]),
        ("name: My-Tickets", ["src/shop/defs/tickets/defs.yaml:4: name: ", "small letters"]),
        ("workspace: '{{ env.NOT_THERE }}'", ["defs.yaml:4: workspace: is empty", "that variable is not set here"]),
        ("dataset: '{{ env.NOT_THERE }}'", ["defs.yaml:4: dataset: is empty", "that variable is not set here"]),
        ("dataset: {asset: ''}", ["defs.yaml:4: dataset.asset: is empty"]),
        ("dataset: {inbox: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: dataset.inbox: is empty"]),
        ("key_prefix: ''", ["defs.yaml:4: key_prefix: is empty"]),
        ("platform: {home: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: platform.home: is empty"]),
        ("platform: {url: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: platform.url: is empty"]),
        ("platform: {kind: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: platform.kind: is empty"]),
        ("platform: '{{ env.NOT_THERE }}'", ["defs.yaml:4: platform: is empty"]),
        ("platform: {key: x}", ["defs.yaml:4: platform.key: is that of the service", "give kind: fireworks too"]),
        ("max_spend_usd: '{{ env.NOT_THERE }}'", ["defs.yaml:4: max_spend_usd: is empty"]),
        ("models: '{{ env.NOT_THERE }}'", ["defs.yaml:4: models: is empty"]),
        ("automation: {phases: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: automation.phases: is empty"]),
        ("dataset: {asset: a, label: '{{ env.NOT_THERE }}'}", ["defs.yaml:4: dataset.label: is empty"]),
        ("scheduled: ''", ["defs.yaml:4: scheduled: is empty"]),
        ("key_prefix: a//b", ["defs.yaml:4: key_prefix: 'a//b' has an empty part"]),
        ("dataset: {asset: raw/}", ["defs.yaml:4: dataset.asset: 'raw/' has an empty part"]),
        ("owners: [support]", ["defs.yaml:4: owners: expected team:NAME or an address of mail (found 'support')"]),
        ("group_prefix: my-", ["defs.yaml: ", '"my-1_plan" is not a valid asset group name', "Correct the attribute"]),
        ("key_prefix: my keys", ["defs.yaml: ", "is not a valid name in Dagster"]),
        ("modells: [x]", ["modells", "defs.yaml:4", "Extra inputs are not permitted"]),
        ("regression_max_usd: .nan", ["regression_max_usd", "defs.yaml:4", "found nan"]),
        ("epochs: many", ["epochs", "valid integer", "tickets"]),
        ("automation: {nightly: running}", ["automation", "nightly", "defs.yaml:4"]),
    ],
)
def test_a_wrong_attribute_is_named_with_its_place(
    line: str, parts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    write_project(tmp_path, tickets=f"{HEAD}  {line}\n")
    with pytest.raises(Exception, match="tickets") as caught:
        load(tmp_path, monkeypatch)
    said = causes(caught.value)
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("asset: ''", "asset"),
        ("asset: raw/tickets\n  folder: '{{ env.NOT_THERE }}'", "folder"),
        ("asset: raw/tickets\n  group: ''", "group"),
        ("asset: []", "asset"),
    ],
)
def test_a_gate_says_which_of_its_attributes_has_no_value(
    line: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    write_project(tmp_path, prices=f"type: fw_assets.ApprovalGate\nattributes:\n  {line}\n")
    with pytest.raises(Exception, match="prices") as caught:
        load(tmp_path, monkeypatch)
    assert f"{field}: is empty: where it is {{{{ env.NAME }}}}, that variable is not set" in causes(caught.value)


def test_no_line_is_said_where_two_components_of_a_file_have_the_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, both=f"{HEAD}  name: one\n  finalists: 0\n---\n{HEAD}  name: two\n  finalists: 1\n")
    with pytest.raises(Exception, match="both") as caught:
        load(tmp_path, monkeypatch)
    assert "src/shop/defs/both/defs.yaml: finalists: " in causes(caught.value)


def test_a_key_that_is_named_and_not_set_is_not_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIREWORKS_API_KEY", "of-somebody-else")
    monkeypatch.delenv("NOT_THERE", raising=False)
    platform = "{kind: fireworks, key: '{{ env.NOT_THERE }}', url: 'http://127.0.0.1:9'}"
    write_project(tmp_path, tickets=f"{HEAD}  platform: {platform}\n")
    resources: dict[str, Any] = dict(load(tmp_path, monkeypatch).resources or {})
    with pytest.raises(InputError, match=r"platform\.key: the key is empty"):
        resources["tickets_platform"].open().connect()


class Warehouse(dg.IOManager):
    """Tables of a database, each under the name of its asset."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        with sqlite3.connect(self._file) as database:
            database.execute(f"CREATE TABLE {context.asset_key.path[-1]} (text TEXT, label TEXT)")
            database.executemany(f"INSERT INTO {context.asset_key.path[-1]} VALUES (?, ?)", obj.rows())

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        with sqlite3.connect(self._file) as database:
            rows = database.execute(f"SELECT * FROM {context.asset_key.path[-1]}").fetchall()
        return pl.DataFrame(rows, schema=["text", "label"], orient="row")


def registered(folder: Path, value: Callable[[], object], **source: Any) -> dg.ExecuteInProcessResult:
    """What comes of the value of an upstream asset that lies in a warehouse, or in no place that matters."""
    io_manager = source.pop("upstream_io", "io_manager")

    @dg.asset(io_manager_key=io_manager)
    def rows() -> Any:
        return value()

    fields: dict[str, Any] = {"dataset": Source(asset="rows", **source), "models": ["char-ngram"]}
    component = ClassificationWorkflow(**fields)
    own = dg.Definitions(
        assets=[rows], resources={"warehouse": Warehouse(folder / "warehouse.db"), "io_manager": dg.mem_io_manager}
    )
    defs = dg.Definitions.merge(own, component.definitions("tickets", folder))
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=[dg.AssetKey("rows"), dg.AssetKey(["tickets", "dataset"])], raise_on_error=False
    )


def pandas_table() -> object:
    return pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(ROWS)


def arrow_table() -> object:
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed").table(ROWS)


def pandas_with_gaps() -> object:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.DataFrame(ROWS).assign(team=["east", None] * 12)
    return table.rename(columns={"label": 7})


def labels_in_lists() -> pl.DataFrame:
    return pl.DataFrame(ROWS).with_columns(label=pl.concat_list("label"))


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (pandas_table, {}),
        (pandas_with_gaps, {"group": "team", "label": "7"}),
        (arrow_table, {}),
        (labels_in_lists, {"label": "label"}),
        (lambda: pl.DataFrame(ROWS), {"upstream_io": "warehouse"}),
        (lambda: pl.DataFrame(ROWS), {"upstream_io": "warehouse", "io_manager": "warehouse"}),
    ],
)
def test_a_table_of_any_kind_is_registered(value: Callable[[], object], source: dict[str, Any], tmp_path: Path) -> None:
    table = value()  # here, where a test may be skipped
    assert registered(tmp_path, lambda: table, **source).success
    store = Workspace(str(tmp_path / "workspace" / "tickets"))
    assert store.require("registration", "tickets", Registration).files


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: None, "expected a table of polars, pandas or pyarrow"),
        (lambda: pl.DataFrame(ROWS).clear(), "has no rows"),
        (lambda: "not/there.csv", "not/there.csv"),
    ],
)
def test_what_is_no_table_fails_with_a_sentence(
    value: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = registered(tmp_path, value)
    assert not done.success
    (event,) = done.get_step_failure_events()
    data = event.step_failure_data.user_failure_data
    assert data is not None, "a failure that Dagster tries again, or a bug"
    assert message in (data.description or "")


def test_a_partitioned_asset_gives_the_partitions_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-11-01", end_date="2026-11-06"))
    def days() -> pl.DataFrame:
        return pl.DataFrame(ROWS).filter(pl.lit(dg.AssetExecutionContext.get().partition_key != "2026-11-02"))

    fields: dict[str, Any] = {"dataset": Source(asset="days"), "models": ["char-ngram"]}
    component = ClassificationWorkflow(**fields)
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path / "values"))}
    own = dg.Definitions(assets=[days], resources=resources)
    defs = dg.Definitions.merge(own, component.definitions("tickets", tmp_path))
    job, table = defs.resolve_job_def("tickets_register_dataset"), tmp_path / "workspace" / "tickets"
    with dg.DagsterInstance.ephemeral() as instance:
        none = job.execute_in_process(instance=instance, raise_on_error=False)
        (event,) = none.get_step_failure_events()
        failure = event.step_failure_data.user_failure_data
        assert failure is not None
        assert "none of its partitions has been materialized" in (failure.description or "")
        for day in ("2026-11-01", "2026-11-02", "2026-11-04"):
            dg.materialize([days], instance=instance, partition_key=day, resources=resources)
        assert job.execute_in_process(instance=instance).success
    (file,) = table.rglob("tickets.parquet")
    assert pl.read_parquet(file).height == 2 * len(ROWS["text"])


def test_an_asset_that_is_observed_alone_is_registered_when_it_has_changed(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"dataset": Source(asset="warehouse/rows"), "models": ["char-ngram"]}
    component = ClassificationWorkflow(**fields)
    own = dg.Definitions(assets=[dg.AssetSpec(["warehouse", "rows"])])
    defs = dg.Definitions.merge(own, component.definitions("tickets", tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = ProjectDaemon(defs, instance)
        ticks = []
        for version in (None, "1", "1", "2"):
            if version is not None:
                tags = {"dagster/data_version": version}
                instance.report_runless_asset_event(dg.AssetObservation(["warehouse", "rows"], tags=tags))
            ticks.append(len(daemon.tick("tickets_dataset")))
    assert ticks == [0, 1, 0, 1]


def test_a_reloaded_location_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path, rows=48)
    columns = "  text_column: body\n  label_column: queue\n"
    write_project(tmp_path, tickets=f"{HEAD}  dataset: rows.parquet\n  mode: benchmark\n{columns}")
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = ProjectDaemon(load(tmp_path, monkeypatch), instance)
        (request,) = daemon.tick("tickets_dataset")
        again = ProjectDaemon(load(tmp_path, monkeypatch), instance)
        again.execute("tickets_register_dataset", request)
        again.settle("tickets_dataset", "tickets_phases")
        assert "waits for approval" in again.skipped["tickets_phases"]
