"""Phrase rules for the budget."""

from __future__ import annotations

from fw_assets.classification.instruction.numbers import MONEY, money
from fw_assets.classification.instruction.rules import AT_MOST, PhraseRule, from_group

BUDGET_RULES: tuple[PhraseRule, ...] = (
    (
        "auto_approve_up_to_usd",
        rf"\b(?:auto[- ]?approv\w*|approv\w*\s+(?:it\s+|the plan\s+|itself\s+|plans?\s+)?automatically"
        rf"|no need to ask(?: me)?"
        rf"|(?:don't|do not) ask(?: me)?|without asking(?: me)?)\b"
        rf"(?:\s+(?:anything|a plan|any plan|plans?|the plan|it|runs?|if|when|as long as|costs?"
        rf"|costing|is|are|that|the|estimate|for|when)){{0,10}}"
        rf"\s*[:=]?\s*{AT_MOST}({MONEY})(?:\s+or less)?",
        from_group(money),
    ),
    (
        "max_spend_usd",
        rf"(?:\b(?:(?:don't|do not|never|please|total|max(?:imum)?|hard)\s+){{0,10}}(?:budget|"
        rf"spend(?:ing)?|costs?|price|ceiling|cap(?:ped)?|limit|pay)\b"
        rf"(?:\s+(?:ceiling|cap|limit|is|of|must|should|may|can|not|exceed|a total|a|us)){{0,10}}\s*[:=]?"
        rf"\s*{AT_MOST}"
        rf"|\b(?:keep|stay|remain|do)\s+(?:it|this|the cost|the total|costs|everything|"
        rf"the whole thing)?\s*(?:under|below|within|for less than|at most)\s+"
        rf"|\b(?:for\s+)?(?:at most|no more than|not more than|less than|under|up to)\s+)"
        rf"({MONEY})(?:\s+(?:or less|at most|max(?:imum)?|in total|total|budget|overall|all in)){{0,10}}",
        from_group(money),
    ),
    (
        "max_spend_usd",
        rf"\b(?:total|bill|whole thing|run|it|this|everything)\s+(?:must|should|may|can)\s?(?:not"
        rf"|n't)\s+(?:exceed|cost|go over|be over|be)(?:\s+(?:more than|above|over))?\s+("
        rf"{MONEY})",
        from_group(money),
    ),
    (
        "max_spend_usd",
        rf"({MONEY})\s+(?:budget|limit|ceiling|cap|max(?:imum)?|at most|or less)",
        from_group(money),
    ),
)
