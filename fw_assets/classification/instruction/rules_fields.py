"""Phrase rules for the fields of answers that are JSON objects."""

from __future__ import annotations

from fw_assets.classification.instruction.rules import PhraseRule, constant, from_all

_NAME = r"(?<![\w.\-])(?!(?:and|or)\b)[\"'`]?[A-Za-z_][\w.-]*\w[\"'`]?"
_ASK = r"(?:extract|predict|keep|learn|return|fill|train on|ask for|output)"
_OF = r"(?:(?:json|answer|output|response)(?:'s|s)?\s+)?"

FIELD_RULES: tuple[PhraseRule, ...] = (
    (
        "fields",
        rf"\b{_ASK}\s+(?:all(?:\s+of)?(?:\s+the)?|every)\s+{_OF}fields?(?:\s+(?:of|in)\s+(?:the\s+)?"
        r"(?:answers?|objects?|json))?\b(?!\s*[:=])",
        constant(("*",)),
    ),
    (
        "fields",
        rf"\b(?:{_ASK}\s+)?(?:the\s+)?{_OF}fields(?:\s+(?:of\s+the\s+answers?\s+)?are)?\s*[:=]?\s+"
        rf"({_NAME}(?:\s*,\s*(?!and\b){_NAME})*\s*,?\s*(?:and|,)\s*{_NAME})",
        from_all(_NAME, lambda text: text.strip("\"'`")),
    ),
)
