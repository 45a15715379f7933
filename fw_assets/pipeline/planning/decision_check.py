"""Check of the models that a plan asks for decisions: one small request to each tells whether it answers."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.fireworks import MAX_OPTIONS, Choice, Fireworks
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.pipeline.platform.platform import Platform


def without_decisions(
    platform: Platform, session: Session, models: Sequence[CatalogueModel], prompt: Prompt
) -> tuple[LeftOutArm, ...]:
    """The arms of models that answer no decisions; those that answer on a deployment alone are asked once it is up.

    Raises:
        InputError: the session asks for decisions alone; naming each model, with the platform's words.
    """
    asked = [model for model in models if model.asked_by(session.inference) == "decision"]
    refusals = platform.call(lambda client: _refusals(client, asked, prompt)) if asked else {}
    problems = [
        Problem(kind="model", field="models", message=f"{model.slug} answers no decisions: {refusals[model.name]}")
        for model in asked
        if model.arm is None and model.name in refusals
    ]
    if problems:
        raise InputError(
            problems, advice="Nothing was paid. Name a decision model, or leave decisions out of `inference`."
        )
    return tuple(
        LeftOutArm(name=model.name, model=without_arm(model.slug), arm=str(model.arm), why=refusals[model.name])
        for model in asked
        if model.name in refusals
    )


def probe_question(prompt: Prompt) -> Choice | None:
    """A choice among the labels, as servers differ in how many options they take; None of several labels."""
    return None if prompt.multi_label else Choice("Which of the options is it?", prompt.labels[:MAX_OPTIONS])


async def _refusals(client: Fireworks, models: Sequence[CatalogueModel], prompt: Prompt) -> dict[str, str]:
    """The platform's words, by the names of the models that it refuses."""
    refusals = {}
    for model in models:
        if model.endpoint is None:
            refusals[model.name] = await client.decision_refusal(without_arm(model.name))
            continue
        route_endpoint(client, without_arm(model.slug), model.endpoint)
        refusals[model.name] = await client.decision_refusal(model.endpoint.address, probe_question(prompt))
    return {name: refusal for name, refusal in refusals.items() if refusal is not None}
