"""Asset factory `predictions`, in a project that knows nothing of ours but that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

import fw_assets
from fw_assets_tests.project import Project, benchmarked_project

PAGE = Path(__file__).parents[2] / "docs" / "assets.md"
ROWS = pl.DataFrame({"id": [1, 2, 3], "text": ["I was charged twice", "the app crashes", "I was charged twice"]})
pd = pytest.importorskip("pandas", reason="pandas comes with statsmodels, of the dev extra")
INDEXED = pd.DataFrame({"body": ["the app crashes"], "n": [1]}).set_index("body")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with benchmarked_project(tmp_path_factory.mktemp("project")) as project:
        yield project


def materialized(table: Any, **arguments: Any) -> dg.ExecuteInProcessResult:
    @dg.asset
    def new_tickets() -> Any:
        return table

    routed = fw_assets.predictions("routed", **{"table": "new_tickets", "dataset": "tickets", **arguments})
    return dg.materialize([new_tickets, routed], raise_on_error=False)


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("routed")
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.get_step_failure_events()
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_a_table_is_labelled_with_its_counts_and_asked_for_once(project: Project) -> None:
    first = materialized(ROWS)
    labelled = first.output_for_node("routed")
    assert labelled.columns == ["id", "text", "label", "confidence", "abstained", "error"]
    assert labelled["label"][0] == labelled["label"][2]
    assert metadata(first)["requests"] == 2
    assert metadata(first)["dagster/row_count"] == 3
    assert metadata(materialized(ROWS))["requests"] == 0


def test_rows_below_the_threshold_have_no_label(project: Project) -> None:
    result = materialized(ROWS, options={"threshold": 1.0})
    assert result.output_for_node("routed")["label"].null_count() == 3
    assert metadata(result)["abstained"] == 3


def test_a_table_of_another_library_is_taken(project: Project) -> None:
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    assert materialized(arrow.table(ROWS.to_dict(as_series=False))).success


def test_the_path_of_a_file_is_its_rows(project: Project, tmp_path: Path) -> None:
    ROWS.write_csv(tmp_path / "new.csv")
    for path in (tmp_path / "new.csv", str(tmp_path / "new.csv")):
        assert materialized(path).output_for_node("routed").height == ROWS.height


def test_a_partitioned_asset_gives_the_rows_of_the_partitions_that_there_are(project: Project, tmp_path: Path) -> None:
    days = dg.StaticPartitionsDefinition(["1", "2", "3"])

    @dg.asset(partitions_def=days)
    def new_tickets() -> pl.DataFrame:
        return ROWS

    routed = fw_assets.predictions("routed", table="new_tickets", dataset="tickets")
    resources = {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path))}
    with dg.DagsterInstance.ephemeral() as instance:
        for day in ("1", "3"):
            dg.materialize([new_tickets], instance=instance, partition_key=day, resources=resources)
        run = dg.materialize([new_tickets, routed], instance=instance, selection=[routed], resources=resources)
        labelled = run.output_for_node("routed")
    assert labelled.drop("label", "confidence", "abstained", "error").equals(pl.concat([ROWS, ROWS]))


@pytest.mark.parametrize("options", [{}, {"free": True}, {"text_column": "text", "threshold": 0.9}])
def test_a_table_without_rows_is_labelled_as_one_that_has_some(project: Project, options: dict[str, Any]) -> None:
    result = materialized(ROWS.clear(), options=options)
    assert (
        result.output_for_node("routed").schema == materialized(ROWS, options=options).output_for_node("routed").schema
    )
    told = metadata(result)
    assert (told["dagster/row_count"], told["labelled"], told["requests"], told["paid_usd"]) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (ROWS, {"dataset": "invoices"}, "there: tickets"),
        (ROWS, {"options": {"text_column": "body"}}, "body"),
        (7, {}, "expected a table of polars, pandas or pyarrow"),
        (pl.DataFrame(), {}, "no rows and no columns"),
        (ROWS.clear(), {"options": {"text_column": "body"}}, "the table has no column 'body'"),
        (INDEXED, {"options": {"text_column": "body"}}, "text_column: 'body' is the index of the table"),
        (ROWS.clear(), {"options": {"threshold": 3}}, "threshold: expected a number from 0 to 1"),
        (ROWS.clear(), {"options": {"free": True, "probabilities": True}}, "the most probable alone"),
        ("not/there.csv", {}, "not/there.csv: no such file"),
        ({"monday": "a.csv"}, {}, "rows: gives a path for each of its partitions"),
    ],
)
def test_what_cannot_be_labelled_fails_the_run_with_a_sentence(
    project: Project, table: Any, arguments: dict[str, Any], message: str
) -> None:
    assert message in failure(materialized(table, **arguments))


def test_an_unknown_option_is_named_when_the_project_is_loaded() -> None:
    with pytest.raises(fw_assets.InputError, match=r"options\.temperature: is not an option"):
        fw_assets.predictions("routed", table="new_tickets", dataset="tickets", options={"temperature": 1})


def test_several_assets_lie_beside_each_other_and_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_PLATFORM", "no such platform")
    monkeypatch.chdir(tmp_path)
    assets = [
        fw_assets.predictions(
            "routed", key_prefix=team, table=["warehouse", team], dataset=team, group_name=team, owners=["team:x"]
        )
        for team in ("sales", "support")
    ]
    tables = [dg.AssetSpec(dg.AssetKey(["warehouse", team])) for team in ("sales", "support")]
    graph = dg.Definitions(assets=[*tables, *assets]).resolve_asset_graph()
    node = graph.get(dg.AssetKey(["sales", "routed"]))
    assert (node.group_name, node.owners, {key.path[-1] for key in node.parent_keys}) == (
        "sales",
        ["team:x"],
        {"sales"},
    )
    assert list(tmp_path.iterdir()) == []


def test_the_documented_project_runs(project: Project) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "definitions"}
    exec(example, names)
    defs = names["defs"]
    dg.Definitions.validate_loadable(defs)
    result = dg.materialize(list(defs.assets))
    routed = result.output_for_node("routed_tickets")
    billing = result.output_for_node("billing_tickets")
    assert billing.height == (routed["label"] == "billing").sum()
    assert json.loads(routed.select("id").write_json()) == [{"id": 1}, {"id": 2}]
