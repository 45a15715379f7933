"""Check of the models that a plan asks for decisions: a small request to each tells whether it answers, and among how
many options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.plan.left_out_arm import LeftOutArm
from fw_assets.classification.prompting.prompt import Prompt
from fw_assets.classification.session import Session
from fw_assets.fireworks import MAX_OPTIONS, Choice, Fireworks, addresses
from fw_assets.pipeline.platform.endpoint_chat import route_endpoint
from fw_assets.pipeline.platform.platform import Platform

FEWEST_OPTIONS = 26
"""Options that a server takes which reads one letter for each."""
_MAX_TRIED = 3
_NUMBER = re.compile(r"\d+")


class DecisionCheck(NamedTuple):
    """Attributes:
    left_out: the arms of models that answer no decisions, or would need shortlists that cannot be made.
    options: by the id of the row, how many options it takes where there are more labels.
    asked: ids of the rows on deployments that answered, since these were up.
    """

    left_out: tuple[LeftOutArm, ...]
    options: dict[str, int]
    asked: tuple[str, ...]


class _Answer(NamedTuple):
    """The platform's refusal, None where there is none, and the options that are taken."""

    refusal: str | None
    options: int = MAX_OPTIONS


def check_decisions(
    platform: Platform, session: Session, models: Sequence[CatalogueModel], prompt: Prompt
) -> DecisionCheck:
    """Which models answer decisions; a deployment that is not up is asked once it is, and never woken by a plan.

    Raises:
        InputError: the session asks for decisions alone; naming each model, with the platform's words.
    """
    deciding = [
        model for model in models if session.inference == "decision" or (model.arm and model.arm.kind == "decision")
    ]
    served = [model for model in deciding if _is_served(model, session)]
    asked = [model for model in deciding if model.asked_by(session.inference) == "decision"] + served
    found = platform.call(lambda client: _answers(client, asked, session, prompt)) if asked else {}
    labels, missing = len(prompt.labels), platform.missing_encoder
    left_out, options, problems = [], dict[str, int](), []
    for model in deciding:
        refusal, most = found.get(model.name, _Answer(None))
        lacks_shortlist = refusal is None and not prompt.multi_label and most < labels
        if lacks_shortlist and missing:
            takes = f"it takes {most:,} of the {labels:,} labels at once"
            refusal = f"{takes}, and no shortlist of them is made without the sentence encoder: {missing}"
        if refusal is None:
            if lacks_shortlist:
                options[model.slug] = most
        elif model.arm is None:
            said = refusal if lacks_shortlist else f"answers no decisions: {refusal}"
            problems.append(Problem(kind="model", field="models", message=f"{model.slug} {said.removeprefix('it ')}"))
        else:
            left_out.append(
                LeftOutArm(
                    name=model.name,
                    model=without_arm(model.slug),
                    arm=str(model.arm),
                    why=refusal,
                    lacks="shortlist" if lacks_shortlist else "decisions",
                )
            )
    if problems:
        raise InputError(
            problems, advice="Nothing was paid. Name a decision model, or leave decisions out of `inference`."
        )
    gone = {arm.name for arm in left_out}
    answering = tuple(model.slug for model in served if model.name in found and model.name not in gone)
    return DecisionCheck(tuple(left_out), options, answering)


def _is_served(model: CatalogueModel, session: Session) -> bool:
    """Whether it answers on a deployment that exists."""
    return bool(model.deployment) and model.asked_by(session.inference) == "deployment"


def probe_question(prompt: Prompt, options: int = MAX_OPTIONS) -> Choice | None:
    """A choice among the labels, as servers differ in how many options they take; None of several labels."""
    return None if prompt.multi_label else Choice("Which of the options is it?", prompt.labels[:options])


async def _answers(
    client: Fireworks, models: Sequence[CatalogueModel], session: Session, prompt: Prompt
) -> dict[str, _Answer]:
    """What each model says, by its name; none of a deployment that a request would wake."""
    answers = {}
    for model in models:
        asked = without_arm(model.name)
        if model.endpoint is not None:
            route_endpoint(client, without_arm(model.slug), model.endpoint)
            answers[model.name] = await _server_answer(client, model.endpoint.address, prompt)
        elif _is_served(model, session):
            deployment = await client.deployment(model.deployment)
            if deployment.is_up:
                answers[model.name] = await _deployed_answer(client, addresses(deployment, asked), prompt)
        else:
            answers[model.name] = _Answer(await client.decision_refusal(asked))
    return answers


async def _deployed_answer(client: Fireworks, forms: Sequence[str], prompt: Prompt) -> _Answer:
    """The answer under the first form of address that has one; else the refusal under the most reliable form."""
    answers = []
    for address in forms:
        answers.append(await _server_answer(client, address, prompt))
        if answers[-1].refusal is None:
            return answers[-1]
    return answers[0]


async def _server_answer(client: Fireworks, address: str, prompt: Prompt) -> _Answer:
    """A server's answer; where it refuses so many options, with the most that its refusal names and it takes."""
    most = min(MAX_OPTIONS, len(prompt.labels))
    refusal = await client.decision_refusal(address, probe_question(prompt))
    if refusal is None or prompt.multi_label:
        return _Answer(refusal)
    named = {int(number) for number in _NUMBER.findall(refusal) if len(number) < 4} | {FEWEST_OPTIONS}
    for number in sorted((n for n in named if 2 <= n < most), reverse=True)[:_MAX_TRIED]:
        if await client.decision_refusal(address, probe_question(prompt, number)) is None:
            return _Answer(None, number)
    return _Answer(refusal)
