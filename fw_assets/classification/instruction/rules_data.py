"""Phrase rules for rows, labels and extraction, and for words that change nothing."""

from __future__ import annotations

from fw_assets.classification.instruction.numbers import COUNT, NUMBER, count, number
from fw_assets.classification.instruction.rules import EQUALS, PhraseRule, constant, from_group

_BY_MEANS = (
    r"\b(?:(?:mitigate|handle|address|fix|solve|treat|counter)\s+(?:the\s+|any\s+)?(?:class\s+|label\s+)?(?:imbalance\s+)?"
    r"(?:with|by|through)\s+(?:using\s+)?|(?:for|as)\s+(?:a\s+|the\s+)?mitigation,?\s+|mitigation\s*[:=]\s*)?"
    r"(?:use\s+|try\s+|take\s+|choose\s+|pick\s+|prefer\s+|apply\s+|(?:go|work)\s+(?:with|for)\s+|with\s+)?"
)
_CANDIDATES = r"(?:(?:candidate|label|class|category|intent)\s+){0,1}(?:candidate|label|class|category|intent)"
_LABELS = r"(?:candidate\s+)?(?:labels|classes|categories|intents|candidates)"
_FREQUENT = r"(?:(?:most\s+)?(?:frequent|common))\s+(?:labels|classes|categories|intents|candidates|ones)\b"
_NOT_MODELS = r"(?!\s+(?:of\s+)?models)"
_AS_MITIGATION = (
    r"(?:\s+option)?(?:\s+(?:as|for)\s+(?:a\s+|the\s+)?(?:mitigation|imbalance)\b"
    r"|\s+for\s+(?:the\s+)?rare\s+(?:labels|classes)\b)?"
)
_SMALLER = r"(?:smaller|reduced|narrower|shorter|trimmed|pruned|limited|compact)"
"""Parts of the phrases for a smaller candidate set."""

ROW_RULES: tuple[PhraseRule, ...] = (
    (
        "bad_rows",
        r"\b(?:skip|ignore|quarantine|drop|discard|set aside|leave out|remove|throw away|"
        r"put aside)\s+(?:(?:the|any|all)\s+)?(?:bad|malformed|broken|invalid|corrupt(?:ed)?|"
        r"unreadable|faulty)\s+(?:rows|lines|records|samples|examples|entries)\b"
        r"|\bbad[_ ]rows\s*[:=]\s*quarantine\b",
        constant("quarantine"),
    ),
    (
        "bad_rows",
        r"\b(?:fail|stop|abort)\s+(?:on|at|if there are)\s+(?:(?:the|any|a)\s+)?(?:first\s+)?(?:bad"
        r"|malformed|broken|invalid)\s+(?:rows?|lines?|records?)\b|\bbad[_ ]rows\s*[:=]\s*fail"
        r"\b",
        constant("fail"),
    ),
    (
        "mitigation",
        r"\bre-?balanc(?:e|ing)\b(?:\s+(?:the\s+)?(?:classes|labels|data(?:set)?|"
        r"training (?:data|rows|set)|class distribution))?|\bover-?sampl(?:e|ing)\b(?:\s+(?:the"
        r"\s+)?(?:rare|minority)\s+(?:classes|labels|class))?|\bmitigation\s*[:=]\s*rebalance"
        r"\b",
        constant("rebalance"),
    ),
    (
        "mitigation",
        r"\b(?:class|label)[- ]weight(?:s|ing|ed)?\b(?:\s+(?:training|loss))?|\bweighted\s+(?:training"
        r"|loss|fine-tuning)\b|\b(?:weight|reweight)\s+(?:the\s+|rare\s+)?(?:classes|labels|"
        r"rows)(?:\s+(?:by|according to)\s+(?:inverse\s+)?frequency)?\b|\bmitigation\s*[:=]\s*weight"
        r"\b",
        constant("weight"),
    ),
    (
        "mitigation",
        r"\b(?:drop|remove|exclude|discard|leave out|ignore)\s+(?:the\s+|all\s+|any\s+)?(?:(?:very "
        r"|too )?(?:rare|rarest|infrequent)\s+(?:labels|classes|categories)|(?:labels|classes)"
        r"\s+(?:that|which)\s+are\s+(?:too\s+|very\s+)?(?:rare|infrequent))\b|\bmitigation\s*[:=]"
        r"\s*drop-rare\b",
        constant("drop-rare"),
    ),
    (
        # The vendor's third mitigation, in its words and others': the rare labels are no candidates any more.
        "mitigation",
        rf"{_BY_MEANS}(?:a\s+|the\s+)?(?:more\s+compact|{_SMALLER})\s+"
        rf"(?:{_CANDIDATES}\s+(?:set|list|space|pool)|(?:set|list|pool|group|number)\s+of\s+{_LABELS})\b"
        rf"{_NOT_MODELS}{_AS_MITIGATION}"
        rf"|\b(?:reduce|shrink|narrow(?:\s+down)?|trim|prune|cut(?:\s+down)?|restrict|limit)\s+(?:the\s+)?"
        rf"(?:(?:set|list|pool|group|number)\s+of\s+{_LABELS}|{_CANDIDATES}\s+(?:set|list|space|pool)|{_LABELS})"
        rf"(?:\s+down)?\b{_NOT_MODELS}(?:\s+to\s+(?:the\s+)?{_FREQUENT})?{_AS_MITIGATION}"
        rf"|{_BY_MEANS}fewer\s+{_LABELS}\b{_NOT_MODELS}{_AS_MITIGATION}"
        rf"|\b(?:keep|make)\s+(?:the\s+)?(?:{_CANDIDATES}\s+(?:set|list|pool)|set\s+of\s+{_LABELS})\s+small(?:er)?\b"
        rf"|\b(?:the\s+)?(?:{_CANDIDATES}\s+(?:set|list|pool)|(?:set|list)\s+of\s+{_LABELS})\s+"
        rf"(?:should|must|has\s+to|needs\s+to|can)\s+be\s+{_SMALLER}\b"
        rf"|\b(?:only\s+keep|keep\s+only|only\s+use|use\s+only)\s+(?:the\s+)?{_FREQUENT}",
        constant("drop-rare"),
    ),
    (
        "imbalance_threshold",
        rf"\b(?:class\s+|label\s+)?imbalance(?:[- _]ratio)?(?:[- _](?:threshold|limit))?\b(?:\s+(?:of"
        rf"|is|to|at|above|over|exceeds?|beyond|greater than|more than|larger than|higher than|"
        rf"if it is|ratio|ratios|threshold|override|set|only)){{0,10}}\s*[:=]?\s*({NUMBER})(?:\s?(?::"
        rf"\s?1\b|x\b|to\s+(?:1|one)\b))?(?!\s?%)",
        from_group(number),
    ),
    (
        "imbalance_threshold",
        rf"\b(?:threshold|ratio)\s+(?:of\s+|to\s+|is\s+|at\s+)?({NUMBER})(?:\s?:\s?1)?\s+(?:for"
        rf"|on)\s+(?:the\s+)?(?:class\s+|label\s+)?imbalance\b(?:\s+(?:warning|check|ratio))?",
        from_group(number),
    ),
    ("seed", rf"\b(?:random\s+)?seed(?:{EQUALS})(?:number\s+|value\s+)?({COUNT})", from_group(count)),
)
EXTRACTION_RULES: tuple[PhraseRule, ...] = (
    (
        "extraction",
        r"\b(?:the\s+)?(?:answers?|labels?|class)\s+(?:is|are|stands?|comes?)\s+(?:on\s+|in\s+"
        r"|at\s+|always\s+){0,10}(?:the\s+)?last line(?:\s+of\s+(?:each\s+|every\s+|the\s+)?(?:final"
        r"\s+|last\s+)?(?:assistant\s+)?(?:message|turn|answer|reply|response)s?)?",
        constant("last_line"),
    ),
    (
        "extraction",
        r"\b(?:the\s+)?(?:answers?|labels?|class)\s+(?:is|are)\s+(?:always\s+)?(?:the\s+)?first word(?:"
        r"\s+of\s+(?:each\s+|every\s+|the\s+)?(?:final\s+|last\s+)?(?:assistant\s+)?(?:message"
        r"|turn|answer|reply|response)s?)?",
        constant("first_word"),
    ),
    (
        "extraction",
        r"\b(?:the\s+)?(?:answers?|labels?|class)\s+(?:is|are)\s+(?:always\s+)?(?:the\s+)?(?:whole"
        r"|entire|complete)\s+(?:final\s+|last\s+)?(?:assistant\s+)?(?:message|turn|answer|"
        r"reply|response)",
        constant("whole_message"),
    ),
    (
        "extraction",
        r"\b(?:(?:the\s+)?(?:answers?|labels?|class)\s+(?:is|are)\s+(?:in\s+)?|(?:use|read|"
        r"take)\s+(?:the\s+)?(?:labels?\s+(?:from|in)\s+)?)(?:the\s+)?[\"'`]?ground[_ ]truth["
        r"\"'`]?(?:\s+(?:field|column|key))?(?:\s+(?:as|for)\s+(?:the\s+)?labels?)?",
        constant("ground_truth"),
    ),
)
SILENT_RULES: tuple[PhraseRule, ...] = (
    # Defaults, and steps that are part of every run.
    (None, r"\bskip\s+the\s+base[- ]vs\.?[- ]?\s?base\s+comparison\b", constant(None)),
    (
        None,
        r"\b(?:infer|derive|find|work out|figure out|detect|determine)\s+(?:the\s+)?(?:labels?"
        r"|classes|label set)(?:\s+(?:yourself|automatically|from the (?:data(?:set)?|rows|"
        r"file))){0,10}\b|\blabels?\s+(?:should|can|may|must|are to|will)\s+be\s+(?:inferred|"
        r"derived|taken|read)(?:\s+from\s+(?:the\s+)?(?:data(?:set)?|rows|file))?",
        constant(None),
    ),
    (
        None,
        r"\b(?:the\s+)?(?:defaults?|standard|usual)\s+(?:(?:tuning|hyper-?parameter|sweep|"
        r"hyper parameter)\s+)?(?:grid|settings|everything|values|hyper-?parameters|options)\b"
        r"|\bdefaults\b|\bend[- ]to[- ]end\b",
        constant(None),
    ),
    (
        None,
        r"\b(?:on|with|against|using)\s+(?:a\s+|the\s+)?held[- ]?out\s+(?:test\s+)?(?:split|"
        r"set|rows|data|part)\b|\bbase(?:line)?\s+(?:vs\.?|versus|against|and|with|to)\s+(?:the"
        r"\s+)?(?:fine-)?tuned(?:\s+models?|\s+accuracy|\s+versions?)?\b|\bbase models?\b|\b"
        r"per[- ]label\b",
        constant(None),
    ),
    (
        None,
        r"\b(?:write|give|show|send|produce|make|create|print)\s+(?:me\s+|us\s+)?(?:a|the)\s+(?:final"
        r"\s+|comparison\s+|short\s+){0,10}report\b(?!\s+(?:in|to|as|by|into))|\b(?:wait for|"
        r"ask for)\s+my approval\b|\bask me before (?:spending|you spend)(?: anything|"
        r" any money)?\b",
        constant(None),
    ),
)
