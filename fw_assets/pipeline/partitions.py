"""Partitions of the assets: datasets, and cells of a dataset and a candidate model. Both grow while the graph runs."""

from __future__ import annotations

import dagster as dg

datasets = dg.DynamicPartitionsDefinition(name="datasets")
models = dg.DynamicPartitionsDefinition(name="models")
cells = dg.MultiPartitionsDefinition({"dataset": datasets, "model": models})


def cell(dataset: str, model: str) -> dg.MultiPartitionKey:
    """The partition key of one model in one dataset. Neither name may hold a `|`, Dagster's separator."""
    return dg.MultiPartitionKey({"dataset": dataset, "model": model})


def partition_key(dataset: str, model: str | None) -> str:
    """The partition of a model in a dataset, or of the dataset itself."""
    return dataset if model is None else cell(dataset, model)


def dataset_and_model(context: dg.AssetExecutionContext) -> tuple[str, str]:
    """The dataset and the model of the cell that is being materialized."""
    key = context.partition_key
    if not isinstance(key, dg.MultiPartitionKey):
        raise TypeError(f"{key!r} is not a cell of dataset and model")
    return key.keys_by_dimension["dataset"], key.keys_by_dimension["model"]
