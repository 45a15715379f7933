"""Tables of upstream assets as files of a dataset."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.session_input import make_session
from fw_assets.components.source_table import dataset_reference
from fw_assets.components.sources import Source
from fw_assets.workspace.workspace import Workspace

pd = pytest.importorskip("pandas", reason="pandas comes with statsmodels, of the dev extra")
ROWS = {
    "key": [3, 1, 2],
    "body": ["late", "twice", "broken"],
    "queue": ["delivery", "billing", "technical"],
    "part": ["Test ", "train", "dev"],
}


class Partitions(dict[str, Any]):
    """Tables by partition."""


@pytest.fixture
def store(tmp_path: Path) -> Workspace:
    return Workspace(str(tmp_path / "workspace"))


@pytest.mark.parametrize("form", [pl.DataFrame, pd.DataFrame, lambda rows: pl.DataFrame(rows).lazy()])
def test_a_table_of_any_library_is_a_file_and_equal_rows_are_the_same_file(
    form: Callable[[Any], object], store: Workspace
) -> None:
    file = Path(dataset_reference(store, "tickets", Source(asset="t"), form(ROWS)))
    assert pl.read_parquet(file).to_dict(as_series=False) == ROWS
    before = file.stat().st_mtime_ns
    assert Path(dataset_reference(store, "tickets", Source(asset="t"), form(ROWS))) == file
    assert file.stat().st_mtime_ns == before


def test_rows_with_a_key_are_the_same_version_in_any_order(store: Workspace) -> None:
    source = Source(asset="t", id="key")
    file = Path(dataset_reference(store, "tickets", source, pl.DataFrame(ROWS)))
    content = file.read_bytes()
    dataset_reference(store, "tickets", source, pl.DataFrame(ROWS).reverse())
    assert file.read_bytes() == content


def test_rows_of_one_key_are_the_same_version_in_any_order(store: Workspace) -> None:
    source, rows = Source(asset="t", id="key"), pl.DataFrame(ROWS | {"key": [1, 1, None], "tags": [["b"], ["a"], None]})
    content = Path(dataset_reference(store, "tickets", source, rows)).read_bytes()
    assert Path(dataset_reference(store, "tickets", source, rows.reverse())).read_bytes() == content


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: rows.cast({"queue": pl.Categorical}),
        lambda rows: rows.cast({"queue": pl.Enum(["technical", "billing", "delivery", "sales"])}),
        lambda rows: pl.concat([rows[:1], rows[1:]], rechunk=False),
        lambda rows: rows.to_arrow(),
        lambda rows: pd.DataFrame(rows.to_dict(as_series=False)).astype({"queue": "category"}),
    ],
)
def test_how_a_library_keeps_the_rows_is_no_content(form: Callable[[pl.DataFrame], object], store: Workspace) -> None:
    content = Path(dataset_reference(store, "tickets", Source(asset="t"), pl.DataFrame(ROWS))).read_bytes()
    file = Path(dataset_reference(store, "tickets", Source(asset="t"), form(pl.DataFrame(ROWS))))
    assert file.read_bytes() == content


@pytest.mark.parametrize("form", [pd.DataFrame, lambda rows: pl.DataFrame(rows, strict=False)])
def test_objects_of_python_are_the_text_that_they_print_as(form: Callable[[Any], object], store: Workspace) -> None:
    keys = [uuid.UUID(int=7), None]
    rows = {"body": ["late", "twice"], "key": keys, "queue": [{"delivery", "billing"}, {"billing"}]}
    read = pl.read_parquet(dataset_reference(store, "tickets", Source(asset="t"), form(rows)))
    assert read["key"].to_list() == ["00000000-0000-0000-0000-000000000007", None]
    assert read["queue"].to_list() == [["billing", "delivery"], ["billing"]]


def test_values_of_several_kinds_in_a_column_of_pandas_are_text(store: Workspace) -> None:
    table = pd.DataFrame({"body": ["late", "twice", "broken"], "code": [7, "7b", None]})
    read = pl.read_parquet(dataset_reference(store, "tickets", Source(asset="t"), table))
    assert read["code"].to_list() == ["7", "7b", None]


def test_a_split_column_makes_the_parts(store: Workspace) -> None:
    source = Source(asset="t", split="part")
    folder = Path(dataset_reference(store, "tickets", source, pl.DataFrame(ROWS)))
    parts = {file.stem: pl.read_parquet(file)["body"].to_list() for file in folder.iterdir()}
    assert parts == {"train": ["twice"], "validation": ["broken"], "test": ["late"]}
    dataset_reference(store, "tickets", source, pl.DataFrame(ROWS).filter(pl.col("key") < 3))
    assert {file.stem for file in folder.iterdir()} == {"train", "validation"}, "a part without rows has no file"


def test_partitions_of_an_asset_are_one_table(store: Workspace) -> None:
    days = {"2026-11-02": pl.DataFrame({"body": ["b"]}), "2026-11-01": pl.DataFrame({"body": ["a"], "queue": ["x"]})}
    file = dataset_reference(store, "tickets", Source(asset="t"), days)
    assert pl.read_parquet(file).to_dict(as_series=False) == {"body": ["a", "b"], "queue": ["x", None]}


def test_partitions_may_have_other_categories(store: Workspace) -> None:
    days = {day: pl.DataFrame({"queue": pl.Series([day], dtype=pl.Enum([day]))}) for day in ("a", "b")}
    file = dataset_reference(store, "tickets", Source(asset="t"), days)
    assert pl.read_parquet(file)["queue"].to_list() == ["a", "b"]


def test_a_path_is_taken_as_it_is(store: Workspace) -> None:
    assert dataset_reference(store, "tickets", Source(asset="t"), Path("/data/x.csv")) == "/data/x.csv"


@pytest.mark.parametrize(
    ("source", "table", "message"),
    [
        (Source(asset="t", text=["subject", "body"]), ROWS, "dataset.text: the table has no column 'subject'"),
        (Source(asset="t", group="customer"), ROWS, "dataset.group: the table has no column 'customer'"),
        (Source(asset="t", split="queue"), ROWS, "billing, delivery, technical; a row is of train, validation, test"),
        (Source(asset="t"), {"body": []}, "has no rows"),
        (Source(asset="t"), 7, "expected a table"),
        (Source(asset="t"), b"text,label", "expected a table of polars, pandas or pyarrow (found bytes)"),
        (Source(asset="t", split="part"), "/data/x.csv", "dataset.split: is about a table, and the asset gives a path"),
        (Source(asset="t", id="key"), Path("/data/x.csv"), "dataset.id: is about a table, and the asset gives a path"),
        (Source(asset="t", split="part"), {"part": [["test"]]}, "dataset.split: cannot cast List type"),
        (Source(asset="t"), {"a": [object()]}, "the column 'a' holds object, which no file can; leave it out"),
        (Source(asset="t"), pd.concat([pd.DataFrame(ROWS)] * 2, axis=1), "more than one column 'body'"),
        (Source(asset="t"), pd.DataFrame({7: ["a"], "7": ["b"]}), "more than one column '7'"),
        (Source(asset="t"), pd.DataFrame({("a", "b"): ["x"]}), "names of several levels"),
        (Source(asset="t"), pd.DataFrame({"q": ["a", ["b"]]}), "the column 'q' has lists beside other values"),
        (
            Source(asset="t", id="key"),
            pd.DataFrame(ROWS).set_index("key"),
            "dataset.id: 'key' is the index of the table, and none of its columns\nMake it one, by `table.reset_",
        ),
        (Source(asset="t", id="index"), pd.DataFrame(ROWS), "dataset.id: 'index' is the index of the table"),
        (
            Source(asset="t", text=["body", "part"]),
            pd.DataFrame(ROWS).set_index(["key", "part"]),
            "dataset.text: 'part' is the index of the table",
        ),
        (
            Source(asset="t", group="key"),
            Partitions(a=pd.DataFrame(ROWS).set_index("key")),
            "dataset.group: 'key' is the index of the table",
        ),
        (Source(asset="t"), Partitions(), "none of its partitions has been materialized"),
        (Source(asset="t"), Partitions(a=None, b=pl.DataFrame(ROWS)), "dataset.asset, partition a: expected a table"),
        (
            Source(asset="t"),
            Partitions(a=pl.DataFrame(ROWS), b=pl.DataFrame({"queue": [["billing"]]})),
            "dataset.asset: cannot cast List type",
        ),
    ],
)
def test_what_cannot_be_read_is_named(source: Source, table: Any, message: str, store: Workspace) -> None:
    value = pl.DataFrame(table) if type(table) is dict else table
    with pytest.raises(InputError, match=re.escape(message)):
        dataset_reference(store, "tickets", source, value)


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ({"text": "body", "label": "queue"}, {"text_column": "body", "label_column": "queue"}),
        ({"text": ["subject", "body"]}, {"text_template": "{subject}\n\n{body}"}),
        ({"text": ["a", "b"], "template": "{a}: {b}"}, {"text_template": "{a}: {b}"}),
        ({"label": "y", "label_names": ["no", "yes"]}, {"label_column": "y", "label_names": ["no", "yes"]}),
        ({"group": "customer", "weight": "w"}, {"group_field": "customer", "weight_column": "w"}),
    ],
)
def test_columns_are_fields_of_the_session(source: dict[str, Any], fields: dict[str, Any]) -> None:
    assert Source(asset="t", **source).session_fields() == fields
    assert make_session(fields)


def test_paths_by_partition_are_refused_and_not_read_as_a_table(store: Workspace) -> None:
    with pytest.raises(InputError, match=r"dataset\.asset: gives a path for each of its partitions"):
        dataset_reference(store, "tickets", Source(asset="t"), {"2026-11-01": "a.csv", "2026-11-02": "b.csv"})
