"""Schemas of the bodies of decision requests, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fw_assets.embedded.decisions.question import MAX_QUESTIONS

_TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "array"}]}
SYSTEMONE: dict[str, Any] = {
    "type": "object",
    "required": ["model", "state", "questions"],
    "properties": {
        "model": {"type": "string"},
        "state": _TEXT,
        "questions": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": MAX_QUESTIONS,
            "additionalProperties": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {"enum": ["noul", "choice", "score"]},
                    "instructions": _TEXT,
                    "criteria": {"anyOf": [{"type": "object"}, {"type": "array"}]},
                },
            },
        },
    },
}
DECISIONS: dict[str, Any] = {
    "type": "object",
    "required": ["model", "input", "questions"],
    "properties": {
        "model": {"type": "string"},
        "input": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]},
        "questions": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_QUESTIONS,
            "items": {
                "type": "object",
                "required": ["type", "instructions"],
                "properties": {
                    "type": {"enum": ["predicate", "choice", "score"]},
                    "name": {"type": "string"},
                    "instructions": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]},
                    "choices": {"type": "array", "items": {"type": "object", "required": ["value"]}},
                    "levels": {"type": "array", "items": {"type": "object", "required": ["label"]}},
                },
            },
        },
    },
}
