"""Decision arms of models that are fine-tuned: what is trained is asked for texts, and for decisions beside them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.session import Session


def decision_arms(models: Sequence[PlannedModel], session: Session) -> dict[str, PlannedModel]:
    """The arms `decision`, by the id of the model that has them and can be fine-tuned."""
    if session.mode != "fine-tune":
        return {}
    tunable = {model.slug for model in models if model.tunable}
    return {
        slug: model
        for model in models
        if model.arm is not None and model.arm.kind == "decision" and (slug := without_arm(model.slug)) in tunable
    }
