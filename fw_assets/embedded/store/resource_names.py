"""Resource names, `accounts/{account}/{collection}/{id}`, with the accounts and collections that exist."""

from __future__ import annotations

import re
import secrets

from fw_assets.embedded.errors import invalid

ACCOUNT = "local"
"""The one account of an embedded platform."""

PUBLISHER = "fireworks"
"""The account that owns the base models; every key reads it, none writes to it."""

DATASETS = "datasets"
MODELS = "models"
DEPLOYMENTS = "deployments"
DEPLOYED_MODELS = "deployedModels"
DEPLOYMENT_SHAPES = "deploymentShapes"
FINE_TUNING_JOBS = "supervisedFineTuningJobs"
BATCH_JOBS = "batchInferenceJobs"

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"accounts/([^/]+)/([A-Za-z]+)/([^/#]+)")


def check_id(value: object, field: str) -> str:
    """`value` as a resource id: 1-63 of a-z, 0-9 and hyphen, first a letter, last no hyphen.

    Raises:
        RpcError: INVALID_ARGUMENT.
    """
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise invalid(
            f"{field}: {value!r} is not a valid id; use 1-63 characters of a-z, 0-9 and '-', "
            "starting with a letter and not ending with '-'",
            field,
        )
    return value


def new_id(prefix: str) -> str:
    """A random id for a resource that was created without one."""
    return f"{prefix}-{secrets.token_hex(4)}"


def resource_name(account: str, collection: str, id: str) -> str:
    return f"accounts/{account}/{collection}/{id}"


def short_id(name: str) -> str:
    """The last part of a resource name."""
    return name.rsplit("/", 1)[-1]


def split_name(value: object, collection: str, field: str) -> tuple[str, str]:
    """(account, id) of a full resource name in `collection`.

    Raises:
        RpcError: INVALID_ARGUMENT, for a short id too.
    """
    match = _NAME.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] != collection:
        raise invalid(f"{field}: {value!r} is not of the form accounts/ACCOUNT/{collection}/ID", field)
    return match[1], match[3]
