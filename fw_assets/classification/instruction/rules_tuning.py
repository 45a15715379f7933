"""Phrase rules for fine-tuning: mode, sweep, grid and finalists."""

from __future__ import annotations

from fw_assets.classification.instruction.numbers import COUNT, RATE, count, rate
from fw_assets.classification.instruction.rules import (
    AT_MOST,
    EQUALS,
    FINE_TUNE,
    NEGATION,
    PhraseRule,
    constant,
    from_all,
    from_group,
)

_END = (
    r"(?=\s*(?:[.,;!?)\n]|$|and\b|but\b|just\b|yet\b|now\b|please\b|at all\b|on\b|for\b|"
    r"only\b|this time\b|so\b))"
)
_LIST_END = r"(?:\s*(?:,\s*(?:and\s+|or\s+)?|and\s+|or\s+|/|&\s*|\+\s*)\s*"
_RANKS = (
    rf"\d+{_LIST_END}\d+(?![\de%]|\.\d))*+(?!\s*(?:,|and|or|/)\s*\d|\s*(?:epochs?|jobs|rows"
    rf"|samples|%|[.]\d|e-))"
)
_RATES = rf"{RATE}{_LIST_END}{RATE})*+(?!\s*(?:,|and|or|/)\s*\d)"
_ROWS = r"(?:rows|samples|examples|data ?points|records|lines|items)"
_SWEEP = r"(?:(?:hp|hyper-?\s?parameter)s?\s+)?(?:tuning(?: sweep)?|sweep(?:s|ing)?|search|grid search)"

MODE_RULES: tuple[PhraseRule, ...] = (
    (
        "full_data_run",
        rf"\b{NEGATION}\s+(?:(?:do|run|the|a|any|final|last)\s+){{0,10}}(?:full[- ]?data(?:set)?|full)(?:\s+(?:final"
        rf"|training|fine-tuning|run|job|data|retraining))+\b"
        rf"|\b{NEGATION}\s+(?:(?:do|run|the|a|any)\s+){{0,10}}final\s+(?:full[- ]data\s+)?(?:training\s+)?(?:run"
        rf"|training|retraining)\b(?:\s+on\s+(?:all|the full|the whole)\s+(?:the\s+)?(?:data(?:set)?"
        rf"|rows))?"
        rf"|\b{NEGATION}\s+(?:re)?train(?:ing)?\s+on\s+(?:the\s+)?(?:full|whole|entire|all)(?:\s+the)?"
        rf"\s+(?:data(?:set)?|rows)",
        constant(False),
    ),
    (
        "mode",
        r"\b(?:just|only)\s+(?:run\s+|do\s+|want\s+|need\s+)?(?:the\s+|a\s+)?(?:benchmark(?:ing"
        r"|s)?|baselines?)\b(?:\s+only)?"
        r"|\bbenchmark(?:ing)?[- ]only\b|\b(?:inference|baseline|evaluation|eval)[- ]only\b(?:"
        r"\s+mode)?|\bonly\s+(?:the\s+)?benchmark\b"
        r"|\bbenchmark(?=[^.;\n]{0,80},?\s+nothing (?:else|more)\b)|\bonly\s+(?:evaluate|"
        r"measure|test|score|benchmark)\s+(?:the\s+)?base\s+models?\b",
        constant("benchmark"),
    ),
    (
        "mode",
        rf"\b{NEGATION}\s+(?:(?:do|any|the|to|a|run)\s+){{0,10}}{FINE_TUNE}(?:\s+(?:phase|step|jobs?|anything|"
        rf"any|the models?|them|any models?|afterwards|is needed|needed|necessary|required|it|"
        rf"part|either|of any kind|run|runs|stage)){{0,10}}{_END}",
        constant("benchmark"),
    ),
    (
        "mode",
        r"\bmode\s*[:=]\s*benchmark\b|\bbenchmark mode\b|\binference[- ]only mode\b",
        constant("benchmark"),
    ),
    ("mode", r"\bmode\s*[:=]\s*fine[- ]?tune\b", constant("fine-tune")),
)
GRID_RULES: tuple[PhraseRule, ...] = (
    (
        "sweep_rows",
        rf"\b(?:use\s+|only\s+|on\s+|with\s+|take\s+|just\s+|limit(?: it)? to\s+){{0,10}}({COUNT})\s+(?:training"
        rf"\s+|random\s+|sampled\s+)?{_ROWS}\s+(?:(?:for|in|during|to|as)\s+)(?:the\s+|each\s+|"
        rf"a\s+|do\s+)?{_SWEEP}(?:\s+(?:phase|sample|runs?|jobs?))?\b",
        from_group(count),
    ),
    (
        "sweep_rows",
        rf"\b(?:limit\s+|cap\s+|run\s+)?(?:the\s+)?{_SWEEP}(?:[- _](?:sample|rows|subset|"
        rf"size)){{0,10}}\b(?:\s+(?:size|on|with|over|using|of|is|to|at most|up to|only|just|a|sample|"
        rf"subset|random|should|use|uses|at)){{0,10}}\s*[:=]?\s*({COUNT})(?:\s+(?:training\s+|random\s+)?"
        rf"{_ROWS}\b|(?=\s*(?:[.,;\n]|$)))",
        from_group(count),
    ),
    ("sweep_rows", rf"\b({COUNT})[- ](?:row|sample|example)\s+{_SWEEP}\b", from_group(count)),
    (
        "lora_ranks",
        rf"\b(?:lora[- ])?(?:ranks?|r)\b(?:{EQUALS}|[- ]?)(?:of\s+|either\s+|both\s+)?({_RANKS})",
        from_all(r"\d+", int),
    ),
    ("lora_ranks", r"\brank-(\d+)\b", from_all(r"\d+", int)),
    (
        "learning_rates",
        rf"\b(?:learning[- _]?rates?|lrs?|rates?)\b(?:\s*[:=]\s*|\s+(?:(?:of|is|to|at|be|either"
        rf"|both|set to|are)\s+){{0,10}})({_RATES})",
        from_all(RATE, rate),
    ),
    (
        "epochs",
        rf"(?<!up to )(?<!at most )(?<!at least )(?<!more than )(?<!less than )"
        rf"(?<!maximum of )(?<!max )(?<!to )(?<!or )(?<!between )(?<!["
        rf"\d]\s-\s)(?<![\d]-)"
        rf"\b(?:train\s+|tune\s+|run\s+|trained\s+)?(?:for\s+|exactly\s+|with\s+|use\s+){{0,10}}("
        rf"{COUNT})\s+(?:training\s+|full\s+)?(?:epochs?|passes)\b(?:\s+(?:each|of training|"
        rf"over the data|over the training (?:data|rows)|per job))?",
        from_group(count),
    ),
    (
        "epochs",
        rf"\b(?:number of\s+)?epochs?{EQUALS}({COUNT})(?!\s*(?:-|to|or|and)\s*\d|\s*,\s*\d)",
        from_group(count),
    ),
    (
        "max_parallel_jobs",
        rf"\b(?:run\s+|start\s+|allow\s+|with\s+|use\s+|have\s+){{0,10}}{AT_MOST}({COUNT})\s+(?:(?:training"
        rf"|fine-tuning|tuning|active|simultaneous|sweep)\s+){{0,10}}(?:jobs?|runs?)\s+(?:running\s+)?(?:in parallel"
        rf"|at once|at a time|concurrently|simultaneously|at the same time|side by side|"
        rf"together|in a wave|per wave)\b",
        from_group(count),
    ),
    (
        "max_parallel_jobs",
        rf"\b(?:run\s+|start\s+|allow\s+|with\s+|use\s+|have\s+){{0,10}}{AT_MOST}({COUNT})\s+(?:parallel|"
        rf"concurrent|simultaneous)\s+(?:(?:training|fine-tuning|tuning)\s+)?(?:jobs?|runs?)\b",
        from_group(count),
    ),
    (
        "max_parallel_jobs",
        rf"\b(?:max(?:imum)?[ _])?(?:number of\s+)?(?:parallel|"
        rf"concurrent)(?:[ _](?:training[ _])?jobs){EQUALS}({COUNT})|\b(?:parallelism|concurrency)"
        rf"{EQUALS}({COUNT})|\bwaves of\s+(?:at most\s+|up to\s+)?({COUNT})(?:\s+jobs)?",
        from_group(count),
    ),
    (
        "max_parallel_jobs",
        rf"\bparalleli[sz]e\s+(?:up to\s+|at most\s+)?({COUNT})\s+(?:training\s+)?jobs\b",
        from_group(count),
    ),
)
FINALIST_RULES: tuple[PhraseRule, ...] = (
    (
        "finalists",
        rf"\b(?:number of\s+)?finalists{EQUALS}({COUNT})|\b({COUNT})\s+finalists?\b",
        from_group(count),
    ),
    (
        "finalists",
        rf"\b(?:{FINE_TUNE}|promote|keep|advance)\s+(?:just\s+|only\s+)?(?:on\s+)?(?:the\s+)?(?:best"
        rf"|top|strongest|most promising|leading)[- ]({COUNT})(?:\s+(?:base\s+)?(?:models?|"
        rf"candidates?|ones|performers|of them|performing models?))?\b",
        from_group(count),
    ),
    (
        "finalists",
        rf"\b(?:{FINE_TUNE}|promote|keep|advance)\s+(?:just\s+|only\s+)?(?:the\s+)?({COUNT})\s+(?:best"
        rf"|strongest|most promising|top|leading|highest scoring)(?:\s+(?:performing\s+)?(?:base"
        rf"\s+)?(?:models?|candidates?|ones))?\b",
        from_group(count),
    ),
    (
        "finalists",
        rf"\b(?:{FINE_TUNE}|promote)\s+(?:just\s+|only\s+)?(?:the\s+)?(?:(?:single\s+)?(?:best|"
        rf"strongest|top|most promising)(?:\s+(?:one|(?:base\s+|performing\s+){{0,10}}(?:model|"
        rf"candidate)))?(?!\s+(?:models|candidates|ones|\w+\s+models))|winner)\b(?!\s+(?:candidates"
        rf"|models|ones))",
        constant(1),
    ),
)
