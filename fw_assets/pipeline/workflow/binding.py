"""Binding of the functions of assets, sensors, schedules and ops to one workflow instance.

They take `workspace` and `platform`, which Dagster finds by the name of the parameter: each instance has resources of
its own, under names of its own. A parameter of the type `WorkflowInstance` is the instance itself, which Dagster never
sees.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from fw_assets.pipeline.workflow.instance import WorkflowInstance

RESOURCES = ("workspace", "platform")


def bound(function: Callable[..., Any], workflow: WorkflowInstance) -> Callable[..., Any]:
    """The function as Dagster calls it for this instance."""
    signature = inspect.signature(function)
    own = {name: workflow for name, item in signature.parameters.items() if item.annotation is WorkflowInstance}
    renamed = {workflow.named(name): name for name in RESOURCES if name in signature.parameters}

    @wraps(function)
    def call(*context: Any, **arguments: Any) -> Any:
        return function(*context, **own, **{renamed.get(name, name): value for name, value in arguments.items()})

    names = {old: new for new, old in renamed.items()}
    parameters = [
        item.replace(name=names.get(name, name)) for name, item in signature.parameters.items() if name not in own
    ]
    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return call
