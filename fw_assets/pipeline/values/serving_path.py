"""Serving path: how a deployment serves a model."""

from __future__ import annotations

from typing import Literal

from fw_assets.classification.values import Frozen

_NAMES = {"base": "as it is", "live merge": "merged into its base", "addon": "as an adapter on its base"}


class ServingPath(Frozen):
    """The way in which a model is served.

    Attributes:
        way: the base model itself, the fine-tuned model merged into its base, or its adapter loaded onto its base.
        shape: the hardware, as the deployment was created with; `default`: the platform's choice.
    """

    way: Literal["base", "live merge", "addon"]
    shape: str = "default"

    def __str__(self) -> str:
        """For people."""
        name = _NAMES[self.way]
        return name if self.shape in ("", "default") else f"{name}, on {self.shape.rsplit('/', 1)[-1]}"
