"""Deployments, which scale to zero by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from ._errors import DeploymentFailed
from ._get_or_create import get_or_create, unequal_fields
from ._http import HttpClient
from ._logger import log
from ._names import check_id, full_name, resource_path
from ._resources import ApiValue, Resource, Spec, parse_resource

COLLECTION = "deployments"
GONE = ("FAILED", "DELETING", "DELETED")


class Accelerators(ApiValue):
    """What a replica of a deployment runs on."""

    accelerator_type: str = ""
    accelerator_count: int = 0

    @property
    def known(self) -> bool:
        """Whether the platform says."""
        return self.accelerator_type not in ("", "ACCELERATOR_TYPE_UNSPECIFIED")

    @property
    def accelerators(self) -> str:
        """Number and type, as text."""
        return f"{max(1, self.accelerator_count)} x {self.accelerator_type}"


class DeploymentSpec(Spec):
    """What to deploy; by default one replica at most, and none after five minutes without traffic.

    `base_model` is the full name of a base model, or of an adapter that is then merged into its base.
    Windows are in seconds.
    """

    base_model: str
    deployment_shape: str = "default"
    display_name: str | None = None
    enable_addons: bool = False
    min_replica_count: int = Field(0, ge=0)
    max_replica_count: int = Field(1, ge=1)
    scale_up_window: int = Field(30, ge=0, le=3600)
    scale_down_window: int = Field(300, ge=0, le=3600)
    scale_to_zero_window: int = Field(300, ge=300)
    precision: str | None = None

    @model_validator(mode="after")
    def _replicas(self) -> Self:
        if self.max_replica_count < self.min_replica_count:
            raise ValueError("max_replica_count is below min_replica_count")
        return self

    def body(self) -> dict[str, Any]:
        """The body of the create request."""
        policy: dict[str, Any] = {
            "scaleUpWindow": f"{self.scale_up_window}s",
            "scaleDownWindow": f"{self.scale_down_window}s",
        }
        if self.min_replica_count == 0:
            policy["scaleToZeroWindow"] = f"{self.scale_to_zero_window}s"
        body: dict[str, Any] = {
            "baseModel": self.base_model,
            "deploymentShape": self.deployment_shape,
            "enableAddons": self.enable_addons,
            "minReplicaCount": self.min_replica_count,
            "maxReplicaCount": self.max_replica_count,
            "autoscalingPolicy": policy,
        }
        if self.display_name:
            body["displayName"] = self.display_name[:63]
        if self.precision:
            body["precision"] = self.precision
        return body


class ReplicaStats(ApiValue):
    """Replicas of a deployment by what they do."""

    ready_replica_count: int = 0


class Deployment(Resource, Accelerators):
    """A deployment. READY does not mean that it answers: it may be scaled to zero, or not routed yet."""

    base_model: str = ""
    deployment_shape: str = ""
    enable_addons: bool = False
    min_replica_count: int = 0
    max_replica_count: int = 0
    replica_count: int = 0
    replica_stats: ReplicaStats | None = None

    @property
    def is_up(self) -> bool:
        """Whether a replica answers now, so that a request wakes none."""
        stats = self.replica_stats
        return self.state == "READY" and (self.replica_count if stats is None else stats.ready_replica_count) > 0

    @property
    def gone(self) -> bool:
        """Whether it will never answer."""
        return self.state in GONE


async def get_deployment(http: HttpClient, account: str, name: str) -> Deployment:
    return parse_resource(Deployment, await http.get(resource_path(full_name(name, account, COLLECTION))))


async def list_deployments(http: HttpClient, account: str) -> list[Deployment]:
    """Every deployment of the account that is not deleted."""
    items = await http.pages(f"/v1/accounts/{account}/{COLLECTION}", COLLECTION)
    return [parse_resource(Deployment, item) for item in items]


async def ensure_deployment(http: HttpClient, account: str, deployment_id: str, spec: DeploymentSpec) -> Deployment:
    """The deployment of this id with this specification, created when there is none.

    Replica counts and windows may have been changed by their owner since, and are not compared.

    Raises:
        DeploymentFailed: it exists, but failed or was deleted.
    """
    check_id(deployment_id)
    body = spec.body()

    async def create() -> Deployment:
        path = f"/v1/accounts/{account}/{COLLECTION}"
        return parse_resource(Deployment, await http.post(path, body, {"deploymentId": deployment_id}))

    def differences(deployment: Deployment) -> Mapping[str, tuple[Any, Any]]:
        requested = {
            "baseModel": spec.base_model,
            "enableAddons": spec.enable_addons,
            "precision": spec.precision,
        }
        unequal = unequal_fields(requested, deployment.raw, ("baseModel", "enableAddons"))
        shape = deployment.deployment_shape
        if spec.deployment_shape != "default" and not _same_shape(spec.deployment_shape, shape):
            unequal["deploymentShape"] = (spec.deployment_shape, shape)
        return unequal

    deployment = await get_or_create(
        http,
        f"deployment {deployment_id}",
        fetch=lambda: get_deployment(http, account, deployment_id),
        create=create,
        differences=differences,
    )
    if deployment.gone:
        reason = deployment.status.message or "no reason given"
        raise DeploymentFailed(f"{deployment.name} is {deployment.state}: {reason}. Use another id.")
    if deployment.min_replica_count > spec.min_replica_count:
        running = deployment.min_replica_count
        log.warning("%s keeps %d replicas running: it does not scale to zero", deployment.name, running)
    return deployment


def _same_shape(one: str, other: str) -> bool:
    """A shape equals each of its versions."""
    return one == other or other.startswith(f"{one}/versions/") or one.startswith(f"{other}/versions/")
