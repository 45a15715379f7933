"""Deployment shapes: the hardware that the platform would serve a model on."""

from __future__ import annotations

from ._deployments import Accelerators
from ._http import HttpClient
from ._names import full_name
from ._resources import ApiValue, parse_value


class Shape(Accelerators):
    """A shape: `name` is what a deployment is created with."""

    name: str = ""
    precision: str = ""
    preset_type: str = ""

    @property
    def takes_adapters(self) -> bool:
        """Whether adapters that are loaded onto it are served: others accept them, and answer 404."""
        return self.precision.upper() in ("BF16", "FP16", "")


class _Version(ApiValue):
    name: str = ""
    snapshot: Shape = Shape()


async def match_shapes(http: HttpClient, account: str, model: str, *, enable_addons: bool) -> list[Shape]:
    """The shapes that fit a deployment of `model`, in the platform's order, each once."""
    deployment = {"baseModel": full_name(model, account, "models"), "enableAddons": enable_addons}
    body = {"createDeploymentRequest": {"parent": f"accounts/{account}", "deployment": deployment}}
    path = f"/v1/accounts/{account}/deploymentShapeVersions:match"
    response = await http.post(path, body, idempotent=True)
    versions = [parse_value(_Version, item) for item in response.get("deploymentShapeVersions") or []]
    shapes: dict[str, Shape] = {}
    for version in versions:
        name = version.snapshot.name or version.name.partition("/versions/")[0]
        if name:
            shapes.setdefault(name, version.snapshot.model_copy(update={"name": name}))
    return list(shapes.values())
