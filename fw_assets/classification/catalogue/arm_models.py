"""Models of a session under its arms: each base model again, asked in another way and never trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fw_assets.classification.arm import ZERO_SHOT, Arm, arm_name, read_arm
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.session import Session


def with_arms(models: Sequence[CatalogueModel], session: Session) -> tuple[CatalogueModel, ...]:
    """The models, each followed by itself under the session's arms.

    Adapters, and deployments of them, have learned one way of being asked, and have no arm but `decision`, which asks
    no other text.
    """
    arms = [read_arm(name) for name in session.arms if name != ZERO_SHOT]
    return tuple(entry for model in models for entry in (model, *_under_arms(model, arms)))


def _under_arms(model: CatalogueModel, arms: Sequence[Arm]) -> Iterator[CatalogueModel]:
    for arm in arms:
        if model.is_trained and arm.kind != "decision":
            continue
        yield model.model_copy(update={"name": arm_name(model.name, arm), "tunable": False})
