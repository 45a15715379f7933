"""Check of a plan's models under `inference: decision`: one small request to each tells whether it answers."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.session import Session
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform


def require_decisions(platform: Platform, session: Session, models: Sequence[CatalogueModel]) -> None:
    """Refuse models that answer no decisions; those that answer on a deployment alone are asked once it is up.

    Raises:
        InputError: naming each, with the platform's words.
    """
    asked = [model for model in models if model.asked_by(session.inference) == "decision"]
    problems = platform.call(lambda client: _problems(client, asked)) if asked else []
    if problems:
        raise InputError(
            problems,
            advice="Nothing was paid. Name a decision model, or leave decisions out of `inference` and `arms`.",
        )


async def _problems(client: Fireworks, models: Sequence[CatalogueModel]) -> list[Problem]:
    problems = []
    for model in models:
        refusal = await client.decision_refusal(without_arm(model.name))
        if refusal is not None:
            message = f"{without_arm(model.slug)} answers no decisions: {refusal}"
            problems.append(Problem(kind="model", field="arms" if model.arm else "models", message=message))
    return problems
