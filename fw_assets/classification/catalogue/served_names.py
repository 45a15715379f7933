"""Names of what serves models already: a deployment, a model on a deployment, and a router.

Requests take them in their `model` field as they take a model's.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DEPLOYMENT = re.compile(
    r"(?:(?P<model>accounts/[^/#\s]+/models/[^/#\s]+)#)?(?P<deployment>accounts/[^/#\s]+/deployments/[^/#\s]+)"
)
_ROUTER = re.compile(r"accounts/[^/#\s]+/routers/[^/#\s]+")


class DeploymentName(NamedTuple):
    """The full name of a deployment, and of the model that is asked on it; empty for the deployment's own."""

    deployment: str
    model: str


def read_deployment_name(name: str) -> DeploymentName | None:
    """`accounts/A/deployments/D` and `accounts/B/models/M#accounts/A/deployments/D`; None for any other name."""
    found = _DEPLOYMENT.fullmatch(name)
    return DeploymentName(found["deployment"], found["model"] or "") if found else None


def is_router_name(name: str) -> bool:
    """Whether a name is `accounts/A/routers/R`."""
    return _ROUTER.fullmatch(name) is not None


def is_served_name(name: str) -> bool:
    """Whether a name is that of a deployment, of a model on one, or of a router."""
    return is_router_name(name) or read_deployment_name(name) is not None
