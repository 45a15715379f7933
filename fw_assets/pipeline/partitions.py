"""Partitions of the assets: datasets, and cells of a dataset and a candidate model. Both grow while the graph runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import dagster as dg
from sqlalchemy.exc import IntegrityError

from fw_assets.pipeline.workflow.instance import OWN, WorkflowInstance

Dimension = Literal["datasets", "models"]
MAX_COLLISIONS = 20


def datasets(workflow: WorkflowInstance) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=workflow.named("datasets"))


def cells(workflow: WorkflowInstance) -> dg.MultiPartitionsDefinition:
    models = dg.DynamicPartitionsDefinition(name=workflow.named("models"))
    return dg.MultiPartitionsDefinition({"dataset": datasets(workflow), "model": models})


def add_partitions(
    instance: dg.DagsterInstance, dimension: Dimension, keys: Sequence[str], workflow: WorkflowInstance = OWN
) -> None:
    """Add the partitions that are not there yet.

    Dagster looks first and inserts then, which fails where another process has inserted one in between: that one is
    seen at the next look.
    """
    definition = workflow.named(dimension)
    for _ in range(MAX_COLLISIONS):
        try:
            instance.add_dynamic_partitions(definition, list(keys))
        except IntegrityError:
            continue
        return
    instance.add_dynamic_partitions(definition, list(keys))


def dataset_partitions(instance: dg.DagsterInstance, workflow: WorkflowInstance) -> set[str]:
    return set(instance.get_dynamic_partitions(workflow.named("datasets")))


def remove_partition(instance: dg.DagsterInstance, dataset: str) -> None:
    """Remove a dataset's partition; its runs and their logs stay."""
    instance.delete_dynamic_partition(OWN.named("datasets"), dataset)


def cell(dataset: str, model: str) -> dg.MultiPartitionKey:
    """The partition key of one model in one dataset. Neither name may hold a `|`, Dagster's separator."""
    return dg.MultiPartitionKey({"dataset": dataset, "model": model})


def partition_key(dataset: str, model: str | None) -> str:
    """The partition of a model in a dataset, or of the dataset itself."""
    return dataset if model is None else cell(dataset, model)


def asset_name(context: dg.AssetExecutionContext) -> str:
    """The name of the asset that is being materialized, without the prefix of its instance."""
    return str(context.asset_key.path[-1])


def dataset_and_model(context: dg.AssetExecutionContext) -> tuple[str, str]:
    """The dataset and the model of the cell that is being materialized."""
    key = context.partition_key
    if not isinstance(key, dg.MultiPartitionKey):
        raise TypeError(f"{key!r} is not a cell of dataset and model")
    return key.keys_by_dimension["dataset"], key.keys_by_dimension["model"]
