"""A plain-English instruction as session fields: deterministic, and honest about what is not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fw_assets.classification.session import Session
from fw_assets.classification.values import Frozen


class Parsed(Frozen):
    """What an instruction says.

    `fields` are session fields as plain values, without defaults. `unused` are the clauses, as written, with
    a word that nothing explains, or that say more than a session can hold; what a negation or a condition
    touches is in them and not in `fields`.
    """

    fields: dict[str, Any]
    unused: tuple[str, ...] = ()

    @property
    def suggestions(self) -> tuple[tuple[str, str], ...]:
        """Each unused clause with what to write instead."""
        return tuple((clause, suggest(clause)) for clause in self.unused)


def parse_instruction(text: str, models: Sequence[str] = ()) -> Parsed:
    """The session fields that `text` states.

    The same text always gives the same fields. A field is set only by words that say it; two different values
    for one field set none. Models are those of the catalogue `models` (ids or full names) in any spelling;
    other names of known model families are returned as written, so that resolving them can refuse them.
    """
    # Here, because its patterns take a fifth of a second to compile, and most sessions have no instruction.
    from fw_assets.classification.instruction.annotated_text import AnnotatedText
    from fw_assets.classification.instruction.datasets import read_datasets
    from fw_assets.classification.instruction.labels import read_labels
    from fw_assets.classification.instruction.models import read_models
    from fw_assets.classification.instruction.settings import read_settings, read_single_candidate
    from fw_assets.classification.instruction.splits import read_splits

    reading = AnnotatedText(text)
    read_datasets(reading)
    mentions = read_models(reading, models)
    read_labels(reading)
    read_single_candidate(reading, mentions)
    read_splits(reading)
    read_settings(reading)
    reading.withdraw_doubtful()
    reading.withdraw_unclear()
    reading.withdraw_conflicts()
    return Parsed(fields=reading.fields(), unused=reading.unused())


def suggest(clause: str) -> str:
    """The session field that a clause probably is about, and how to give it; else which fields there are."""
    lowered = clause.lower()
    for pattern, field, example in _HINTS:
        if re.search(pattern, lowered):
            return f"set `{field}` explicitly, e.g. `{field}: {example}`"
    return f"this is no session field; the fields are {', '.join(Session.model_fields)}"


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
    (r"\bbroken\b|\bmalformed\b|\bbad\b|\binvalid\b", "bad_rows", "quarantine"),
    (r"\bseed\b|\brandom", "seed", "42"),
    (r"\bfinalists?\b|\bbest\b|\bstrongest\b|\btop\b", "finalists", "2"),
    (r"\blabels?\b|\bclass(?:es)?\b|\bcategor", "labels", "[billing, sales]"),
    (r"\bbenchmark|\bfine-?tun|\btrain", "mode", "benchmark"),
    (r"\bmodels?\b|\bcandidates?\b|\d+b\b", "models", "[qwen3-8b]"),
)
