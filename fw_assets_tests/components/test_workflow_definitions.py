"""Several workflows in one deployment: each has names, partitions, pools and resources of its own."""

from __future__ import annotations

import dagster as dg

from fw_assets.components.workflow_definitions import workflow_definitions
from fw_assets.pipeline.workflow.instance import OWN, WorkflowInstance

TICKETS = WorkflowInstance(name="tickets", key_prefix=("tickets",), group_prefix="tickets_", owners=("team:support",))
REVIEWS = WorkflowInstance(name="reviews", key_prefix=("shop", "reviews"), group_prefix="reviews_")


def names(defs: dg.Definitions) -> dict[str, set[str]]:
    """All that a deployment knows by a name."""
    repository, graph = defs.get_repository_def(), defs.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    found = {
        "assets": {node.key.to_user_string() for node in nodes},
        "groups": {node.group_name or "" for node in nodes},
        "pools": {pool for node in nodes for pool in node.pools or ()},
        "jobs": {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")},
        "ops": {op.name for job in repository.get_all_jobs() for op in job.all_node_defs},
        "sensors": {sensor.name for sensor in repository.sensor_defs},
        "schedules": {schedule.name for schedule in repository.schedule_defs},
        "resources": set(repository.get_top_level_resources()),
    }
    partitions = [node.partitions_def for node in nodes]
    single = [item for item in partitions if isinstance(item, dg.DynamicPartitionsDefinition)]
    both = [item for item in partitions if isinstance(item, dg.MultiPartitionsDefinition)]
    dimensions = [dimension.partitions_def for item in both for dimension in item.partitions_defs]
    return found | {"partitions": {str(item.name) for item in (*single, *dimensions)}}  # type: ignore[attr-defined]


def test_nothing_has_the_same_name_in_two_workflows_of_a_deployment() -> None:
    parts = {workflow.name: workflow_definitions(workflow) for workflow in (OWN, TICKETS, REVIEWS)}
    whole = names(dg.Definitions.merge(*parts.values()))
    of_each = {name: names(defs) for name, defs in parts.items()}
    for kind, merged in whole.items():
        assert sum(len(each[kind]) for each in of_each.values()) == len(merged), kind
        assert all(each[kind] for each in of_each.values()), kind


def test_every_name_of_an_instance_begins_with_its_own() -> None:
    for kind, found in names(workflow_definitions(TICKETS)).items():
        assert {name for name in found if not name.startswith("tickets")} == set(), kind


def test_descriptions_name_what_is_there() -> None:
    repository = workflow_definitions(TICKETS).get_repository_def()
    jobs = {job.name: job.description or "" for job in repository.get_all_jobs()}
    assert "by the sensor tickets_phases" in jobs["tickets_evaluate_base_model"]
    assert not any("{" in text for text in jobs.values())


def test_dependencies_and_checks_are_those_of_the_instance() -> None:
    graph = dg.Definitions.merge(workflow_definitions(OWN), workflow_definitions(REVIEWS)).resolve_asset_graph()
    report = graph.get(dg.AssetKey(["shop", "reviews", "report"]))
    assert {key.path[:-1] and tuple(key.path[:-1]) for key in report.parent_keys} == {("shop", "reviews")}
    assert {key.asset_key for key in report.check_keys} == {report.key}
    assert {key.path[0] for key in graph.get(dg.AssetKey("report")).parent_keys} == {"deployment", "baselines"}
