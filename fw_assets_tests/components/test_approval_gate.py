"""A gate before an asset of a project: what depends on it runs while a person's yes is to the newest version."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

import fw_assets
from fw_assets.components import ApprovalGate
from fw_assets_tests.components.shop import load, write_project


@dg.asset(key=["raw", "prices"])
def prices(context: dg.AssetExecutionContext) -> dg.MaterializeResult[float]:
    value = float(context.run.tags["price"])
    return dg.MaterializeResult(value=value, metadata={"digest": f"d{value:g}"})


@dg.asset(ins={"yes": dg.AssetIn(["raw", "prices_approval"]), "price": dg.AssetIn(["raw", "prices"])})
def published(yes: fw_assets.GateApproval, price: float) -> str:
    return f"{price:g} by {yes.approved_by}: {yes.digest}"


class Shop:
    """A project with a gate."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        own = dg.Definitions(assets=[prices, published])
        self.defs = dg.Definitions.merge(own, ApprovalGate(asset="raw/prices").definitions(folder))
        self.instance = instance

    def make(
        self, *keys: str, price: float = 0, fails: bool = False, answer: Mapping[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
            run_config={"ops": {"raw__prices_approval": {"config": dict(answer)}}} if answer else {},
            tags={"price": str(price)},
            raise_on_error=not fails,
        )

    def waits(self) -> str:
        (sensor,) = self.defs.get_repository_def().sensor_defs
        reason = sensor(dg.build_sensor_context(instance=self.instance))
        assert isinstance(reason, dg.SkipReason)
        return str(reason.skip_message)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Shop(tmp_path, instance)


def why(result: dg.ExecuteInProcessResult) -> str:
    return " ".join(str(event.event_specific_data) for event in result.all_events if event.is_failure)


def test_what_depends_on_the_gate_waits_for_a_yes_to_the_newest_version(shop: Shop, tmp_path: Path) -> None:
    assert shop.waits() == "raw/prices has not been materialized yet"
    shop.make("raw/prices", price=1)
    assert "raw/prices d1 is not approved" in shop.waits()
    assert "is not approved" in why(shop.make("published", fails=True))
    shop.make("raw/prices_approval", answer={"approved_by": "ann", "digest": "d1", "note": "looks right"})
    assert shop.waits() == "raw/prices d1 is approved by ann"
    assert shop.make("published").output_for_node("published") == "1 by ann: d1"

    shop.make("raw/prices", price=2)
    assert "raw/prices d2 is not approved" in why(shop.make("published", fails=True)), "the yes was to another"
    no = {"approved_by": "bob", "digest": "d2", "decision": "reject"}
    assert not shop.make("raw/prices_approval", fails=True, answer=no).success
    assert "d2 was rejected by bob" in why(shop.make("published", fails=True))
    trail = (tmp_path / "workspace/approvals/raw__prices_approval/approvals.jsonl").read_text("utf-8")
    assert [name in line for name, line in zip(("ann", "bob"), trail.splitlines(), strict=True)] == [True, True]
    assert "looks right" in trail


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"approved_by": "ann", "digest": ""}, "names its digest"),
        ({"approved_by": "ann", "digest": "d7"}, "raw/prices is now d1, not d7"),
        ({"approved_by": " ", "digest": "d1"}, "say who answers"),
        ({"approved_by": "ann", "digest": " "}, "names its digest"),
        (
            {"approved_by": "ann", "digest": "d1", "partition": "x"},
            "raw/prices x has no version that could be answered",
        ),
    ],
)
def test_what_is_no_answer_is_refused(shop: Shop, config: dict[str, str], message: str, tmp_path: Path) -> None:
    shop.make("raw/prices", price=1)
    assert message in why(shop.make("raw/prices_approval", fails=True, answer=config))
    assert not (tmp_path / "workspace").exists()


def test_a_no_stops_what_follows_in_the_same_run(shop: Shop) -> None:
    shop.make("raw/prices", price=1)
    answer = {"approved_by": "ann", "digest": "d1", "decision": "reject"}
    done = shop.make("raw/prices_approval", "published", fails=True, answer=answer)
    assert not done.success
    assert not any(event.is_successful_output and event.step_key == "published" for event in done.all_events)


DAYS = dg.StaticPartitionsDefinition(["monday", "tuesday"])


@dg.asset(partitions_def=DAYS)
def sales(context: dg.AssetExecutionContext) -> dg.MaterializeResult[str]:
    return dg.MaterializeResult(value="", metadata={"digest": f"d-{context.partition_key}"})


@pytest.mark.parametrize(
    ("gated", "answers", "allowed"),
    [
        ("sales", {"digest": "d-monday", "partition": "monday"}, {"monday": True, "tuesday": False}),
        ("raw/prices", {"digest": " d1\n"}, {"monday": True, "tuesday": True}),
        ("observed/by_hand.csv", {"digest": "seen"}, {"monday": True, "tuesday": True}),
    ],
)
def test_partitions_that_take_the_gate_have_the_answer_to_theirs_or_to_the_whole(
    gated: str, answers: dict[str, str], allowed: dict[str, bool], tmp_path: Path
) -> None:
    gate = ApprovalGate(asset=gated, key="gate").definitions(tmp_path)

    @dg.asset(ins={"yes": dg.AssetIn("gate")}, partitions_def=DAYS)
    def daily(yes: fw_assets.GateApproval) -> str:
        return yes.digest

    key = gated.split("/")
    made: list[dg.AssetsDefinition | dg.AssetSpec] = [sales, prices, daily]
    made += [dg.AssetSpec(key)] if key[0] == "observed" else []
    defs = dg.Definitions.merge(dg.Definitions(assets=made), gate)
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for day in allowed:
            dg.materialize([sales], instance=instance, partition_key=day)
        dg.materialize([prices], instance=instance, tags={"price": "1"})
        seen = dg.AssetObservation(["observed", "by_hand.csv"], tags={"dagster/data_version": "seen"})
        instance.report_runless_asset_event(seen)
        job.execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("gate")],
            run_config={"ops": {"gate": {"config": {"approved_by": "ann", **answers}}}},
        )
        runs = {
            day: job.execute_in_process(
                instance=instance, asset_selection=[daily.key], partition_key=day, raise_on_error=False
            ).success
            for day in allowed
        }
    assert runs == allowed


def test_an_asset_of_any_name_has_a_gate(tmp_path: Path) -> None:
    defs = ApprovalGate(asset="raw/tickets.csv").definitions(tmp_path)
    (sensor,) = defs.get_repository_def().sensor_defs
    assert sensor.name == "raw__tickets_csv_approval_waits"


def test_it_loads_from_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = "{asset: raw/prices, key: [gates, prices], owners: ['team:shop']}"
    write_project(tmp_path, gate=f"type: fw_assets.ApprovalGate\nattributes: {attributes}\n")
    graph = load(tmp_path, monkeypatch).resolve_asset_graph()
    node = graph.get(dg.AssetKey(["gates", "prices"]))
    assert (node.owners, node.group_name) == (["team:shop"], "approvals")
    assert node.parent_keys == {dg.AssetKey(["raw", "prices"])}
