"""Every setting that is a number, a choice or a switch, found by the rules."""

from __future__ import annotations

import re

from fw_assets.classification.instruction.annotated_text import MODEL, AnnotatedText
from fw_assets.classification.instruction.rules import TUNE
from fw_assets.classification.instruction.rules_budget import MONEY_RULES
from fw_assets.classification.instruction.rules_data import EXTRACTION_RULES, ROW_RULES, SILENT_RULES
from fw_assets.classification.instruction.rules_deployment import DEPLOY_RULES
from fw_assets.classification.instruction.rules_tuning import FINALIST_RULES, GRID_RULES, MODE_RULES

# Earlier rules win on the same words: "skip the full-data training" comes before "skip the training".
_RULES = (
    *MONEY_RULES,
    *MODE_RULES,
    *DEPLOY_RULES,
    *ROW_RULES,
    *GRID_RULES,
    *FINALIST_RULES,
    *EXTRACTION_RULES,
    *SILENT_RULES,
)
_COMPILED = tuple((field, re.compile(pattern), value) for field, pattern, value in _RULES)


def read_settings(reading: AnnotatedText) -> None:
    """Claim what the patterns find, in order; each looks only at words that none before it explained."""
    for field, pattern, value in _COMPILED:
        for found in list(pattern.finditer(reading.work)):
            if found.start() == found.end():
                continue
            if field is None:
                reading.take(found.start(), found.end())
            else:
                reading.claim(field, value(found), found.start(), found.end())


def read_single_candidate(reading: AnnotatedText, models: frozenset[str]) -> None:
    """`Only fine-tune A` adds nothing when A is the only model; else it is more than a session can hold."""
    pattern = rf"\b(?:(?:only|just)\s+{TUNE}|{TUNE}\s+(?:only|just))\s+(?={MODEL})"
    for found in list(re.finditer(pattern, reading.work)):
        if len(models) > 1:
            reading.reject(found.start(), found.end())
        else:
            reading.take(found.start(), found.end())
