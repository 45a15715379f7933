"""Phrase rules for the deployment of the winner."""

from __future__ import annotations

from fw_assets.classification.instruction.rules import ANY_MODEL, NEGATION, PhraseRule, constant

DEPLOY_RULES: tuple[PhraseRule, ...] = (
    (
        "deploy",
        rf"\balways\s+deploy\b(?:\s+{ANY_MODEL})?|\bdeploy\b(?:\s+{ANY_MODEL})?,?\s*(?:(?:no matter (?:what"
        rf"|how)|regardless|anyway|in any case|either way|always|whatever happens|"
        rf"unconditionally)\b(?:\s+of\s+(?:the\s+)?(?:result|outcome|score|accuracy)s?|\s+it (?:does"
        rf"|scores|performs|compares))?)|\bdeploy\s*[:=]\s*always\b",
        constant("always"),
    ),
    (
        "deploy",
        rf"\b(?:only\s+)?deploy\b(?:\s+{ANY_MODEL})?,?\s*(?:only\s+)?(?:if|when)\s+(?:it|"
        rf"the (?:tuned|fine-tuned|winner|winning|new|best)(?: model)?|fine-tuning|tuning)?\s*(?:(?:is"
        rf"|'s|does|has|was|really|actually|clearly|significantly|performs|did|it's)\s+){{0,10}}(?:better"
        rf"|improve[sd]?|wins?|won|helps?|helped|beats?|improvement|an improvement|"
        rf"outperforms?)(?:\s+(?:than|on|over)?\s*(?:(?:the|its)\s+)?(?:base(?:line)?)(?:\s+model)?"
        rf"|\s+on it)?\b"
        rf"|\bdeploy\s*[:=]\s*if-better\b|\bdeploy\b(?:\s+{ANY_MODEL})?\s+(?:only\s+)?if better"
        rf"\b|\bdeploy\s+only\s+(?:an\s+)?improvements?\b",
        constant("if-better"),
    ),
    (
        "deploy",
        rf"\b{NEGATION}\s+(?:to\s+|any\s+|the\s+|a\s+)?deploy(?:ing|ments?|ed)?\b(?:\s+(?:"
        rf"{ANY_MODEL}|is needed|needed|step|phase|afterwards|at the end|required|necessary|yet"
        rf"|at all|to production)){{0,10}}|\bdeploy\s*[:=]\s*never\b|\bdeploy\s+nothing\b|\bnothing\s+(?:should"
        rf"|is to|needs to|must)\s+be deployed\b",
        constant("never"),
    ),
    (
        "deploy",
        r"\bdeploy\s+(?:the\s+)?(?:winner|best(?: one| model)?|winning model|better one)\b(?!"
        r"\s*(?:,\s*)?(?:if|when|unless|only|once|to|on|after|in))",
        constant("if-better"),
    ),
)
