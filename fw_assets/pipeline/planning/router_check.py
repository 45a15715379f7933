"""Check of the routers that a plan asks for texts: nothing can be read of them, so each answers one small chat."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fw_assets.classification.arm import without_arm
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.errors import InputError, Problem
from fw_assets.classification.prompting.prompt import Prompt, request
from fw_assets.classification.session import Session
from fw_assets.fireworks import Fireworks
from fw_assets.pipeline.platform.platform import Platform

_TEXT = json.dumps([{"role": "user", "content": "Is it raining?"}])
"""No row of the data: none is sent before an approval."""


def check_routers(platform: Platform, session: Session, models: Sequence[CatalogueModel], prompt: Prompt) -> None:
    """Refuse routers that answer no chats where they would be asked for texts.

    Raises:
        InputError: naming each, with the platform's words.
    """
    asked = [model for model in models if model.is_router and model.asked_by(session.inference) != "decision"]
    names = list(dict.fromkeys(without_arm(model.name) for model in asked))
    probe = request(prompt, _TEXT)
    problems = platform.call(lambda client: _problems(client, names, probe)) if names else []
    if problems:
        raise InputError(
            problems,
            advice="Nothing was paid. Correct the name, or ask a router of decision models by `inference: decision`.",
        )


async def _problems(client: Fireworks, names: Sequence[str], probe: Mapping[str, Any]) -> list[Problem]:
    refusals = {name: await client.chat_refusal(name, probe) for name in names}
    return [
        Problem(kind="model", field="models", message=f"the router {name} answers no chats: {refusal}")
        for name, refusal in refusals.items()
        if refusal is not None
    ]
