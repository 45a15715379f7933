"""Request forms: a request as an OpenAI-compatible server accepts it, and its answer in the form that was asked for.

Servers differ in how they hold an answer to the labels: by `response_format` with a JSON schema (OpenAI, Ollama,
llama.cpp), by `structured_outputs` (vLLM), or not at all. Some refuse single fields.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fw_assets.classification.prompting.response_format import grammar_answers, schema_format
from fw_assets.classification.values import Frozen

KEY = "label"
"""Of the object that holds an answer whose own form is plain text."""
OBJECT_TOKENS = 16
"""Room for the braces, the key and the quotes of that object."""
Constraint = Literal["json_schema", "structured_outputs", "none"]
CONSTRAINTS: tuple[Constraint, ...] = ("json_schema", "structured_outputs", "none")
_FIELDS = ("logprobs", "seed", "temperature", "max_tokens")
"""Fields that a server may refuse by name; each goes, but for `max_tokens`, which has another name."""
_CONSTRAINED = re.compile(r"response_?format|json_?schema|structured|choice|guided|grammar|schema|strict|enum", re.I)


class RequestForm(Frozen):
    """What a server accepts, as far as it is known.

    Attributes:
        without: the fields among `_FIELDS` that it refuses.
    """

    constraint: Constraint = "json_schema"
    without: tuple[str, ...] = ()

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A chat request of `prompt.request` in this form."""
        sent = {name: value for name, value in body.items() if name != "response_format"}
        sent |= self._constrained(body)
        if self._wraps(body):
            sent["max_tokens"] = sent["max_tokens"] + OBJECT_TOKENS
        for name in self.without:
            value = sent.pop(name, None)
            if name == "logprobs":
                sent.pop("top_logprobs", None)
            elif name == "max_tokens" and value is not None:
                sent["max_completion_tokens"] = value
        return sent

    def text(self, body: Mapping[str, Any], text: str) -> str | None:
        """The answer to a request in the form that it was meant to have; None where the server held to no constraint.

        Args:
            body: the request before it was put into this form.
        """
        if self.constraint == "none" or "response_format" not in body:
            return text
        answers = grammar_answers(body["response_format"])
        if answers is not None and not self._wraps(body):
            return text if text.strip() in answers else None
        try:
            found = json.loads(text)
        except ValueError:
            return None
        if not isinstance(found, dict):
            return None
        if answers is not None:
            return found[KEY] if found.get(KEY) in answers else None
        return text if set(_schema(body["response_format"]).get("required", ())) <= set(found) else None

    def others(self, body: Mapping[str, Any], message: str) -> Iterator[RequestForm]:
        """The forms to try after a refusal, the likeliest first.

        Args:
            message: what the server said.
        """
        constrained = "response_format" in body
        named = [name for name in _FIELDS if name in message and name in body and name not in self.without]
        for name in named:
            yield self.model_copy(update={"without": (*self.without, name)})
        if constrained and (not named or _CONSTRAINED.search(message)):
            for constraint in CONSTRAINTS[CONSTRAINTS.index(self.constraint) + 1 :]:
                yield self.model_copy(update={"constraint": constraint})
        if not named and "logprobs" in body and "logprobs" not in self.without:
            yield self.model_copy(update={"without": (*self.without, "logprobs")})

    def weaker(self) -> RequestForm:
        """The form that is tried where a server takes a constraint and does not hold to it."""
        at = CONSTRAINTS.index(self.constraint)
        return self.model_copy(update={"constraint": CONSTRAINTS[min(at + 1, len(CONSTRAINTS) - 1)]})

    def _wraps(self, body: Mapping[str, Any]) -> bool:
        """Whether a plain answer is asked for as an object."""
        return self.constraint == "json_schema" and grammar_answers(body.get("response_format") or {}) is not None

    def _constrained(self, body: Mapping[str, Any]) -> dict[str, Any]:
        wanted = body.get("response_format")
        if wanted is None or self.constraint == "none":
            return {}
        answers = grammar_answers(wanted)
        if self.constraint == "structured_outputs":
            schema = _schema(wanted)
            choice = list(answers) if answers is not None else _choices(schema)
            return {"structured_outputs": {"choice": choice} if choice else {"json": schema}}
        asked = wanted if answers is None else schema_format(answers, KEY, multi_label=False)
        return {"response_format": {**asked, "json_schema": {**asked["json_schema"], "strict": True}}}


def _schema(response_format: Mapping[str, Any]) -> dict[str, Any]:
    return dict((response_format.get("json_schema") or {}).get("schema") or {})


def _choices(schema: Mapping[str, Any]) -> list[str]:
    """The texts of an object whose one field has one of several texts; none for any other schema."""
    properties = schema.get("properties", {})
    if len(properties) != 1:
        return []
    ((key, value),) = properties.items()
    return [json.dumps({key: label}, ensure_ascii=False) for label in value.get("enum", ())]
