"""Deployments: created to scale to zero, adopted when they exist, trusted once they have answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from ._ensure import ensure, unequal_fields
from ._errors import DeploymentFailed
from ._http import Wire
from ._names import check_id, full_name, resource_path
from ._retry import log
from ._values import Resource, Spec, Value, read

COLLECTION = "deployments"
GONE = ("FAILED", "DELETING", "DELETED")


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


class ReplicaStats(Value):
    """Replicas by what they are doing."""

    pending_scheduling_replica_count: int = 0
    downloading_model_replica_count: int = 0
    initializing_replica_count: int = 0
    ready_replica_count: int = 0


class Deployment(Resource):
    """A deployment. READY does not mean that it answers: it may be scaled to zero, or not routed yet."""

    base_model: str = ""
    deployment_shape: str = ""
    enable_addons: bool = False
    min_replica_count: int = 0
    max_replica_count: int = 0
    replica_count: int = 0
    desired_replica_count: int = 0
    replica_stats: ReplicaStats = ReplicaStats()
    accelerator_type: str = ""
    accelerator_count: int = 0

    @property
    def gone(self) -> bool:
        """Whether it will never answer."""
        return self.state in GONE


async def get_deployment(wire: Wire, account: str, name: str) -> Deployment:
    """One deployment."""
    return read(Deployment, await wire.get(resource_path(full_name(name, account, COLLECTION))))


async def list_deployments(wire: Wire, account: str) -> list[Deployment]:
    """Every deployment that is not deleted. The platform cannot filter them by base model."""
    found = await wire.pages(f"/v1/accounts/{account}/{COLLECTION}", COLLECTION, {"showDeleted": False})
    return [read(Deployment, item) for item in found]


async def ensure_deployment(wire: Wire, account: str, deployment_id: str, spec: DeploymentSpec) -> Deployment:
    """The deployment of this id with this specification, created when there is none.

    Replica counts and windows may have been changed by their owner since, and are not compared.

    Raises:
        DeploymentFailed: it exists, but failed or was deleted.
    """
    check_id(deployment_id)
    body = spec.body()

    async def create() -> Deployment:
        path = f"/v1/accounts/{account}/{COLLECTION}"
        return read(Deployment, await wire.post(path, body, {"deploymentId": deployment_id}))

    def differences(found: Deployment) -> Mapping[str, tuple[Any, Any]]:
        asked = {
            "baseModel": spec.base_model,
            "enableAddons": spec.enable_addons,
            "precision": spec.precision,
        }
        unequal = unequal_fields(asked, found.raw, ("baseModel", "enableAddons"))
        if spec.deployment_shape != "default" and not _same_shape(spec.deployment_shape, found.deployment_shape):
            unequal["deploymentShape"] = (spec.deployment_shape, found.deployment_shape)
        return unequal

    found = await ensure(
        f"deployment {deployment_id}",
        fetch=lambda: get_deployment(wire, account, deployment_id),
        create=create,
        differences=differences,
        clock=wire.clock,
        patience=wire.patience,
    )
    if found.gone:
        raise DeploymentFailed(
            f"{found.name} is {found.state}: {found.status.message or 'no reason given'}. Use another id."
        )
    if found.min_replica_count > spec.min_replica_count:
        log.warning("%s keeps %d replicas running: it does not scale to zero", found.name, found.min_replica_count)
    return found


async def match_shapes(wire: Wire, account: str, base_model: str, enable_addons: bool) -> tuple[str, ...]:
    """The names of the shape versions on which a model can be deployed, the platform's choice first."""
    deployment = {"baseModel": base_model, "enableAddons": enable_addons}
    body = {"createDeploymentRequest": {"parent": f"accounts/{account}", "deployment": deployment}}
    answer = await wire.post(f"/v1/accounts/{account}/deploymentShapeVersions:match", body, safe=True)
    versions = answer.get("deploymentShapeVersions") or []
    return tuple(name for item in versions if (name := (item.get("snapshot") or {}).get("name") or item.get("name")))


def _same_shape(asked: str, found: str) -> bool:
    """A shape equals each of its versions."""
    return asked == found or found.startswith(f"{asked}/versions/") or asked.startswith(f"{found}/versions/")
