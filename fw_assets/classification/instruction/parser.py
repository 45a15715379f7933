"""Instruction parser: session fields from plain English, deterministically, and the clauses that set none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fw_assets.classification.errors import input_error
from fw_assets.classification.session import MAX_INSTRUCTION, Session
from fw_assets.classification.values import Frozen


class ParsedInstruction(Frozen):
    """The session fields that an instruction sets, and the rest of it.

    `fields` are session fields as plain values, without defaults. `unused` are the clauses, as written, that contain
    a word without explanation or say more than a session can hold; a field that a negation or a condition concerns
    is not set, and its clause is unused.
    """

    fields: dict[str, Any]
    unused: tuple[str, ...] = ()


def parse_instruction(text: str, models: Sequence[str] = ()) -> ParsedInstruction:
    """The session fields that `text` states.

    A field is set only by words that state it; two different values for one field set none.

    Args:
        models: ids or full names of the catalogue, which are recognised in any spelling. Other names of known model
            families are returned as written, so that resolving them can refuse them.

    Raises:
        InputError: the text has more than `MAX_INSTRUCTION`.
    """
    if len(text) > MAX_INSTRUCTION:
        message = f"has {len(text):,} characters, and at most {MAX_INSTRUCTION:,} are read"
        advice = "Say it more briefly, or write what is long as session fields."
        raise input_error(message, field="instruction", advice=advice)
    # Imported here because the patterns take a fifth of a second to compile, and most sessions have no instruction.
    from fw_assets.classification.instruction.annotated_text import AnnotatedText
    from fw_assets.classification.instruction.datasets import annotate_datasets
    from fw_assets.classification.instruction.labels import annotate_labels
    from fw_assets.classification.instruction.models import annotate_models
    from fw_assets.classification.instruction.settings import annotate_settings, annotate_single_candidate
    from fw_assets.classification.instruction.splits import annotate_splits

    annotated = AnnotatedText(text)
    annotate_datasets(annotated)
    mentions = annotate_models(annotated, models)
    annotate_labels(annotated)
    annotate_single_candidate(annotated, mentions)
    annotate_splits(annotated)
    annotate_settings(annotated)
    annotated.withdraw_negated()
    annotated.withdraw_unexplained()
    annotated.withdraw_conflicts()
    return ParsedInstruction(fields=annotated.fields(), unused=annotated.unused())


def suggest(clause: str) -> str:
    """A sentence on how to set the field that a clause is probably about, else the list of all fields."""
    lowered = clause.lower()
    for pattern, field, example in _HINTS:
        if re.search(pattern, lowered):
            return f"set `{field}` explicitly, e.g. `{field}: {example}`"
    return f"this is no session field; the fields are {', '.join(Session.model_fields)}"


# (pattern of a clause, field, example of a value); the first that matches is suggested.
_HINTS = (
    (r"accounts/[^/]+/datasets|\.jsonl?\b|\bdatasets?\b|\bfiles?\b", "dataset", "support.jsonl"),
    (r"\bimbalance|\bratio\b", "imbalance_threshold", "20"),
    (r"\bvalidation\b", "validation_fraction", "0.1"),
    (r"\bsplit\b|%|\bhold\b|\btest(?:ing)?\b|\bhalf\b|\bthird\b", "train_fraction", "0.8"),
    (r"\bepochs?\b|\bpass(?:es)?\b", "epochs", "3"),
    (r"\branks?\b", "lora_ranks", "[8, 16]"),
    (r"\blearning|\brates?\b|\blr\b", "learning_rates", "[1.0e-4]"),
    (r"\bparallel|\bconcurren|\bat once\b|\bwaves?\b", "max_parallel_jobs", "6"),
    (r"\bsweep|\btuning\b|\bsamples?\b", "sweep_rows", "1000"),
    (r"\bapprov|\bask\b", "auto_approve_up_to_usd", "5"),
    (r"\bbudget\b|\bspend|\bcosts?\b|\$|\bdollars?\b|\busd\b|€|£", "max_spend_usd", "20"),
    (r"\bdeploy", "deploy", "never"),
    (r"\bbalanc|\bweight|\brare\b", "mitigation", "weight"),
    (r"(?!.*\bmodels?\b).*\b(?:candidates?|labels|classes|categories|intents)\b", "mitigation", "drop-rare"),
    (r"\bbroken\b|\bmalformed\b|\bbad\b|\binvalid\b", "bad_rows", "quarantine"),
    (r"\bseed\b|\brandom", "seed", "42"),
    (r"\bfinalists?\b|\bbest\b|\bstrongest\b|\btop\b", "finalists", "2"),
    (r"\blabels?\b|\bclass(?:es)?\b|\bcategor", "labels", "[billing, sales]"),
    (r"\bbenchmark|\bfine-?tun|\btrain", "mode", "benchmark"),
    (r"\bmodels?\b|\bcandidates?\b|\d+b\b", "models", "[qwen3-8b]"),
)
