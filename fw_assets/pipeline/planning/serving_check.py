"""Check of a plan's models: nothing is trained that the platform would then not serve."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.session import Session
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.deployment_quotes import deploys_tuned
from fw_assets.pipeline.platform.platform import Platform
from fw_assets.pipeline.platform.serving_paths import own_models, tuned_serving


def require_servable(platform: Platform, session: Session, models: Sequence[CatalogueModel]) -> None:
    """Refuse models that would be fine-tuned and then served by no deployment; nothing is created to find out.

    Raises:
        InputError: naming each, with the platform's reasons.
    """
    tuned = [model for model in models if model.tunable] if deploys_tuned(session) else []
    problems = platform.call(lambda client: _problems(client, tuned)) if tuned else []
    if problems:
        raise InputError(
            problems,
            advice="Nothing was paid. Name another base model, or only benchmark this one with `--mode benchmark`.",
        )


async def _problems(client: Fireworks, models: Sequence[CatalogueModel]) -> list[Problem]:
    own, problems = await own_models(client), []
    for model in models:
        doubt = (await tuned_serving(client, model.name, merges=model.supports_lora, own=own)).doubt
        if doubt:
            message = f"{model.slug} can be fine-tuned, but no deployment would serve the result ({doubt})"
            problems.append(Problem(kind="model", field="models", message=message))
    return problems
