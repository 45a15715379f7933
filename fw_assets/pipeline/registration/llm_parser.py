"""LLM parser of instructions, off by default: reads the clauses that the rule-based parser did not understand.

Its reading is a suggestion, which is used only if a person confirms every field of it.
"""

from __future__ import annotations

import json
from typing import Any

from fw_assets.classification.errors import InputError
from fw_assets.classification.session import REFERENCES, Session
from fw_assets.classification.session_input import make_session
from fw_assets.fireworks import Fireworks

UNREAD_FIELDS = frozenset({*REFERENCES, "instruction", "extraction", "auto_approve_up_to_usd"})
"""Fields that a model may not set: where the data lies, and whether anybody is asked before money is spent."""

SYSTEM = (
    "You turn one clause of an instruction for a fine-tuning workflow into settings. Answer with JSON. Fill in only "
    "what the clause says in so many words; every other field is null. If the clause sets nothing, all are null."
)


def schema() -> dict[str, Any]:
    """The JSON schema of an answer: every session field that may be read, each of them nullable."""
    properties = {}
    for name, field in Session.model_json_schema()["properties"].items():
        if name in UNREAD_FIELDS:
            continue
        kind = {key: value for key, value in field.items() if key not in ("default", "title")}
        choices = kind.pop("anyOf", None)
        description = kind.pop("description", "")
        properties[name] = {
            "description": description,
            "anyOf": choices if choices and {"type": "null"} in choices else [*(choices or [kind]), {"type": "null"}],
        }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def read_clause(client: Fireworks, model: str, clause: str) -> dict[str, Any]:
    """The session fields that `model` reads in a clause.

    Fields that the session does not accept or that are at their default are left out; an answer that is not a JSON
    object sets none.
    """
    answer = await client.chat_at_any_effort(
        {
            "model": model,
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": clause}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "session", "schema": schema()}},
            "temperature": 0,
            "max_tokens": 1000,
            "reasoning_effort": "none",
        }
    )
    try:
        values = json.loads(answer.text or "")
    except ValueError:
        return {}
    if not isinstance(values, dict):
        return {}
    defaults = Session()
    reading = {}
    for name, value in values.items():
        if name in UNREAD_FIELDS or name not in Session.model_fields or value is None:
            continue
        try:
            accepted = getattr(make_session({name: value}), name)
        except InputError:
            continue
        if accepted != getattr(defaults, name):
            reading[name] = value
    return reading
