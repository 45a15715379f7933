"""A gate before partitions of which several are made in one run, as backfills with a policy do."""

# No `from __future__ import annotations` here: Dagster reads an asset's annotations as they are written.

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import fw_assets
from fw_assets.components import ApprovalGate
from fw_assets_tests.components.test_approval_gate import DAYS, why

pytestmark = pytest.mark.filterwarnings("ignore:Parameter `backfill_policy`")
ANY_DAYS = dg.DynamicPartitionsDefinition(name="days")
GRID = dg.MultiPartitionsDefinition({"day": DAYS, "shop": dg.StaticPartitionsDefinition(["north"])})
RANGES = [
    (DAYS, ["monday", "tuesday"]),
    (dg.DailyPartitionsDefinition("2026-01-01"), ["2026-01-01", "2026-01-02"]),
    (ANY_DAYS, ["monday", "tuesday"]),
    (GRID, ["monday|north", "tuesday|north"]),
]
Approvals = dict[str, fw_assets.GateApproval]


Project = tuple[Path, dg.DagsterInstance]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield tmp_path, instance


class Ranges:
    """A gate before an asset, and what takes it for a range of partitions in one run."""

    def __init__(
        self, project: Project, gated: dg.AssetsDefinition, days: dg.PartitionsDefinition, kind: object
    ) -> None:
        folder, instance = project
        self.taken: list[object] = []

        def daily(yes: Any) -> None:
            self.taken.append(yes)

        daily.__annotations__["yes"] = kind
        policy = dg.BackfillPolicy.single_run()
        taker = dg.asset(ins={"yes": dg.AssetIn("gate")}, partitions_def=days, backfill_policy=policy)(daily)
        gate = ApprovalGate(asset=gated.key.to_user_string(), key="gate").definitions(folder)
        defs = dg.Definitions.merge(dg.Definitions(assets=[gated, taker]), gate)
        self.job = defs.resolve_implicit_global_asset_job_def()
        self.instance = instance
        self.instance.add_dynamic_partitions("days", ["monday", "tuesday"])

    def run(self, key: str, days: list[str], answer: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
        tags = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[-1]}
        return self.job.execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(key)],
            tags=tags if days[1:] else {},
            partition_key=None if days[1:] or answer else days[0],
            run_config={"ops": {"gate": {"config": {"approved_by": "ann", **answer}}}} if answer else {},
            raise_on_error=False,
        )

    def approve(self, digest: str, partition: str = "") -> None:
        assert self.run("gate", [""], {"digest": digest, "partition": partition}).success


def of_days(days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def orders(context: dg.AssetExecutionContext) -> None:
        for day in context.partition_keys:
            context.add_asset_metadata({"digest": f"d-{day}"}, partition_key=day)

    return orders


@pytest.mark.parametrize(("days", "keys"), RANGES, ids=lambda value: type(value).__name__)
def test_a_run_over_a_range_of_partitions_needs_the_answer_to_each(
    days: dg.PartitionsDefinition, keys: list[str], project: Project
) -> None:
    ranges = Ranges(project, of_days(days), days, Approvals)
    assert ranges.run("orders", keys).success
    event = ranges.instance.get_latest_materialization_event(dg.AssetKey("orders"))
    assert event is not None
    assert event.asset_materialization is not None
    ranges.approve(str(event.asset_materialization.metadata["digest"].value))
    refused = why(ranges.run("daily", keys))
    assert all(f"orders {key} d-{key} is not approved" in refused for key in keys), "that was to no partition"
    ranges.approve(f"d-{keys[0]}", keys[0])
    refused = why(ranges.run("daily", keys))
    assert [f"orders {key} d-{key} is not approved" in refused for key in keys] == [False, True]
    assert ranges.taken == []
    ranges.approve(f"d-{keys[-1]}", keys[-1])
    assert ranges.run("daily", keys).success
    (taken,) = ranges.taken
    assert isinstance(taken, dict)
    assert [(key, answer.digest) for key, answer in taken.items()] == [(key, f"d-{key}") for key in keys]


@pytest.mark.parametrize(
    ("kind", "whole", "one"),
    [
        (Approvals, dict, dict),
        (Any, dict, fw_assets.GateApproval),
        (fw_assets.GateApproval, None, fw_assets.GateApproval),
    ],
)
def test_what_is_taken_of_several_partitions_is_by_partition(
    kind: object, whole: type | None, one: type, project: Project
) -> None:
    days = ["monday", "tuesday"]
    ranges = Ranges(project, of_days(DAYS), DAYS, kind)
    ranges.run("orders", days)
    for day in days:
        ranges.approve(f"d-{day}", day)
    done = ranges.run("daily", days)
    if whole is None:
        assert "yes: takes one approval, and the run is about 2 partitions" in why(done)
        assert "dict[str, fw_assets.GateApproval]" in why(done)
    assert ranges.run("daily", days[:1]).success
    assert [type(taken) for taken in ranges.taken] == [kind for kind in (whole, one) if kind is not None]


def test_a_range_takes_the_one_answer_to_an_asset_without_partitions(project: Project) -> None:
    @dg.asset
    def orders() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"digest": "d1"})

    ranges = Ranges(project, orders, DAYS, fw_assets.GateApproval)
    dg.materialize([orders], instance=ranges.instance)
    ranges.approve("d1")
    assert ranges.run("daily", ["monday", "tuesday"]).success


def test_an_error_names_the_first_of_many_partitions(project: Project) -> None:
    days = dg.StaticPartitionsDefinition([f"day-{number}" for number in range(9)])
    ranges = Ranges(project, of_days(days), days, Approvals)
    refused = why(ranges.run("daily", ["day-0", "day-8"]))
    assert "orders day-2 (never materialized) is not approved" in refused
    assert "day-3" not in refused
    assert "; and 6 partitions more" in refused
