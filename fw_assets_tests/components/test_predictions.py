"""Tables labelled by the winners of two workflows of a deployment, each with a workspace, a platform and a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import uvicorn

import fw_assets
from fw_assets.components.attributes import PlatformAttributes
from fw_assets.components.classification_workflow import ClassificationWorkflow
from fw_assets.embedded import api_key, counts, create_app
from fw_assets_tests.components.daemon import ProjectDaemon
from fw_assets_tests.components.shop import write_rows


@pytest.fixture
def box(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A platform that is served elsewhere: its address and its state."""
    home = tmp_path / "box"
    server = uvicorn.Server(
        uvicorn.Config(create_app(home), host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
    (address,) = server.servers[0].sockets[0].getsockname()[1:2]
    yield f"http://127.0.0.1:{address}", home
    server.should_exit = True
    thread.join()


def write_rows_of(folder: Path, name: str) -> None:
    """Rows whose labels begin with the name of their workflow."""
    write_rows(folder, rows=48)
    rows = pl.read_parquet(folder / "rows.parquet")
    rows.select(text="body", label=pl.lit(f"{name}-") + pl.col("queue")).write_csv(folder / f"{name}.csv")


def labels_of(defs: dg.Definitions, instance: dg.DagsterInstance, name: str) -> list[str]:
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["new"]), dg.AssetKey([f"labelled_{name}"])]
    done = job.execute_in_process(instance=instance, asset_selection=keys)
    return list(done.output_for_node(f"labelled_{name}")["label"])


def test_each_table_is_labelled_on_the_platform_of_its_workflow(
    box: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, home = box
    monkeypatch.setenv("FW_PLATFORM", "fireworks")  # without a key: whoever asks the environment's platform is told so
    monkeypatch.setenv("FW_WORKSPACE", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("FIREWORKS_API_KEY", raising=False)
    platforms = {
        "tickets": PlatformAttributes(home=str(tmp_path / "own")),
        "reviews": PlatformAttributes(kind="fireworks", url=url, key=api_key(home)),
    }

    @dg.asset
    def new() -> pl.DataFrame:
        return pl.DataFrame({"text": ["I was charged twice", "the app crashes"]})

    fields: dict[str, Any] = {"models": ["char-ngram"], "mode": "benchmark", "auto_approve_up_to_usd": 1.0}
    parts = []
    for name, platform in platforms.items():
        write_rows_of(tmp_path, name)
        component = ClassificationWorkflow(dataset=f"{name}.csv", platform=platform, **fields)
        parts.append(component.definitions(name, tmp_path))
    labelled = [
        fw_assets.predictions(
            f"labelled_{name}", table="new", workflow=name, max_spend_usd=1.0, options={"threshold": 0.0}
        )
        for name in platforms
    ]
    defs = dg.Definitions.merge(*parts, dg.Definitions(assets=[new, *labelled]))
    with dg.DagsterInstance.ephemeral() as instance:
        ProjectDaemon(defs, instance).settle(
            *(f"{name}_{sensor}" for name in platforms for sensor in ("dataset", "phases"))
        )
        for name, asked in (("tickets", tmp_path / "own"), ("reviews", home)):
            before = {place: counts(place)["inference_requests"] for place in (tmp_path / "own", home)}
            assert all(label.startswith(f"{name}-") for label in labels_of(defs, instance, name))
            assert [place for place in before if counts(place)["inference_requests"] > before[place]] == [asked]
    assert not (tmp_path / "elsewhere").exists()


def test_a_workflow_that_is_not_there_is_named_when_the_project_is_loaded() -> None:
    labelled = fw_assets.predictions("labelled", table="new", workflow="invoices")
    with pytest.raises(dg.DagsterInvalidDefinitionError, match="invoices_platform"):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[labelled]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "dataset: is not given"), ({"workflow": "tickets", "workspace": "w"}, "workspace: the workflow has its own")],
)
def test_what_says_too_little_or_too_much_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(fw_assets.InputError, match=message):
        fw_assets.predictions("labelled", table="new", **arguments)
