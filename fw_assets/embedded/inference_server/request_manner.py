"""Manner of asking: how a server is told the choices, and what it takes of the rest; its answers show both.

Servers differ, and many ignore what they do not know: vLLM has `structured_outputs`, before 0.12 `guided_choice`;
SGLang `regex`, llama.cpp `grammar`, and others a JSON schema alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Constraint = Literal["structured_outputs", "guided_choice", "regex", "grammar", "json_schema"]
CONSTRAINTS: tuple[Constraint, ...] = get_args(Constraint)
TOP_LOGPROBS, FEW_TOP_LOGPROBS = 20, 5
_OPTIONAL = ("chat_template_kwargs", "seed", "stop", "logprobs")
"""Fields that a server may refuse; those of the choices aside."""
_KEY = "label"


@dataclass(frozen=True)
class Manner:
    """One manner of asking.

    Attributes:
        tokens: whether prompts are sent as tokens, where they are known.
        without: the optional fields that are left out.
        top: alternatives that are asked for with each token.
    """

    tokens: bool = True
    constraint: Constraint = CONSTRAINTS[0]
    without: frozenset[str] = frozenset()
    top: int = TOP_LOGPROBS

    def fields(self, body: Mapping[str, Any], choices: Sequence[str] | None) -> dict[str, Any]:
        """The body of a request with its choices, if it has any, and without what is left out."""
        kept = {name: value for name, value in body.items() if name not in self.without}
        if "logprobs" in self.without:
            kept.pop("top_logprobs", None)
        elif "prompt" in kept:
            # Completions have the number of alternatives where chats have whether there are any.
            kept["logprobs"] = self.top if kept.pop("top_logprobs", None) else 0
        elif "top_logprobs" in kept:
            kept["top_logprobs"] = self.top
        return kept if choices is None else kept | self._constraint(choices)

    def answer(self, text: str) -> str:
        """What was chosen, of the text of an answer to a request with choices."""
        if self.constraint != "json_schema":
            return text
        try:
            return str(json.loads(text)[_KEY])
        except (ValueError, KeyError, TypeError):
            return text

    @property
    def weaker(self) -> Manner | None:
        """The next way to tell the choices; None where there is none."""
        after = CONSTRAINTS.index(self.constraint) + 1
        return replace(self, constraint=CONSTRAINTS[after]) if after < len(CONSTRAINTS) else None

    def others(self, refusal: str, *, choices: bool, tokens: bool) -> Iterator[Manner]:
        """The manners that a refusal leaves to be tried, the likeliest first.

        Args:
            choices, tokens: whether the request had choices, and was sent as tokens.
        """
        if tokens:
            yield replace(self, tokens=False)
        if "logprobs" in refusal and "logprobs" not in self.without and self.top > FEW_TOP_LOGPROBS:
            yield replace(self, top=FEW_TOP_LOGPROBS)
        named = [name for name in _OPTIONAL if name in refusal and name not in self.without]
        for name in named:
            yield replace(self, without=self.without | {name})
        if choices and self.weaker is not None:
            yield self.weaker
        if not named and not self.without.issuperset(_OPTIONAL):
            yield replace(self, without=frozenset(_OPTIONAL))

    def _constraint(self, choices: Sequence[str]) -> dict[str, Any]:
        match self.constraint:
            case "structured_outputs":
                return {"structured_outputs": {"choice": list(choices)}}
            case "guided_choice":
                return {"guided_choice": list(choices)}
            case "regex":
                return {"regex": f"({'|'.join(map(re.escape, choices))})"}
            case "grammar":
                return {"grammar": f"root ::= {' | '.join(json.dumps(choice) for choice in choices)}"}
            case "json_schema":
                return {"response_format": json_schema({_KEY: {"type": "string", "enum": list(choices)}})}


def json_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` of objects with exactly these properties."""
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
