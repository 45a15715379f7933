"""Settings in an instruction: every field that is a number, a choice or a switch, by the phrase rules."""

from __future__ import annotations

import re

from fw_assets.classification.instruction.annotated_text import MODEL, AnnotatedText
from fw_assets.classification.instruction.rules import FINE_TUNE
from fw_assets.classification.instruction.rules_budget import BUDGET_RULES
from fw_assets.classification.instruction.rules_data import EXTRACTION_RULES, ROW_RULES, SILENT_RULES
from fw_assets.classification.instruction.rules_deployment import DEPLOY_RULES
from fw_assets.classification.instruction.rules_fields import FIELD_RULES
from fw_assets.classification.instruction.rules_tuning import FINALIST_RULES, GRID_RULES, MODE_RULES

# Earlier rules win on the same words: "skip the full-data training" must come before "skip the training".
_RULES = (
    *BUDGET_RULES,
    *MODE_RULES,
    *DEPLOY_RULES,
    *ROW_RULES,
    *GRID_RULES,
    *FINALIST_RULES,
    *EXTRACTION_RULES,
    *FIELD_RULES,
    *SILENT_RULES,
)
_COMPILED = tuple((field, re.compile(pattern), value_of) for field, pattern, value_of in _RULES)


def annotate_settings(annotated: AnnotatedText) -> None:
    """Assign the fields of all phrase rules, in order; each rule sees only words that none before it explained."""
    for field, pattern, value_of in _COMPILED:
        for match in list(pattern.finditer(annotated.masked)):
            if match.start() == match.end():
                continue
            if field is None:
                annotated.mark(match.start(), match.end())
            else:
                annotated.assign(field, value_of(match), match.start(), match.end())


def annotate_single_candidate(annotated: AnnotatedText, models: frozenset[str]) -> None:
    """Explain `only fine-tune A` where A is the only model; with several, a session cannot express it."""
    pattern = rf"\b(?:(?:only|just)\s+{FINE_TUNE}|{FINE_TUNE}\s+(?:only|just))\s+(?={MODEL})"
    for match in list(re.finditer(pattern, annotated.masked)):
        if len(models) > 1:
            annotated.reject(match.start(), match.end())
        else:
            annotated.mark(match.start(), match.end())
