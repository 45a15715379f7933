"""Labelling of a file: the run that goes on where it was, what it may cost, and what it came to."""

from __future__ import annotations

from typing import Any

from fw_assets.classification.cost.prediction_cost import PredictionCost
from fw_assets.classification.values import Frozen


class PredictionRun(Frozen):
    """The labelling of one file into another, as the workspace keeps it.

    Attributes:
        id: digest of what its answers are bound to: the file's content, the deployed record, and the options.
        source: the file as it was given; sha256: of its content.
        record: digest of the deployed record.
        complete: whether the output was written with an answer for every text.
    """

    id: str
    out: str
    source: str
    sha256: str
    record: str
    complete: bool = False


class PaidTokens(Frozen):
    """Tokens of the answers of a run, as far as they are in the ledger."""

    prompts: int = 0
    answers: int = 0


class PredictionQuote(Frozen):
    """What labelling a file asks and may cost, before anything is asked.

    Attributes:
        rows: of the file; empty: those without a text; repeats: those whose text stands in an earlier row.
        answered: distinct texts that have an answer already; requests: those that are asked now.
        over_context: of these, how many may be longer than what the model reads, `context` tokens.
        notes: what a person should know before, one sentence each.
    """

    file: str
    read_as: str
    out: str
    model: str
    rows: int
    empty: int
    repeats: int
    answered: int
    requests: int
    over_context: int
    context: int | None
    cost: PredictionCost
    threshold: float | None
    notes: tuple[str, ...] = ()

    @property
    def needs_yes(self) -> bool:
        """Whether it may cost anything."""
        return self.requests > 0 and (self.cost.usd is None or self.cost.usd.high > 0)


class LabelledFile(Frozen):
    """What labelling a file came to.

    Attributes:
        labelled: rows with a label; abstained: rows whose answer is below the threshold; no_label: rows whose answer
            is no label; unanswered: rows whose request failed, which are asked again by the same command.
        notes: those of the quote.
        requests: that were sent now; prompt_tokens, answer_tokens, paid_usd: of these. No US dollars: no known price.
    """

    out: str
    rows: int
    labelled: int
    abstained: int
    no_label: int
    unanswered: int
    empty: int
    repeats: int
    over_context: int
    threshold: float | None
    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    paid_usd: float | None = 0.0
    model: str
    error: str = ""
    notes: tuple[str, ...] = ()


class LabelledText(Frozen):
    """What a model says of one text.

    Attributes:
        labels: none where the answer is no label, or is left to a person; fields: of answers that are objects of
            several fields, else None.
        confidence: calibrated as in the report, where that helped; None where the platform gives none.
        abstained: whether it is below the threshold, so that a person should look; `text` has the answer all the same.
        threshold: of the confidence; None: there is none.
        text: the answer itself; model: that gave it.
        systems: how many different system messages the dataset's rows begin with, of which the most frequent was used.
        notes: what a person should know of the label, one sentence each.
    """

    labels: tuple[str, ...]
    fields: dict[str, Any] | None = None
    confidence: float | None
    text: str | None
    model: str
    is_valid: bool = True
    abstained: bool = False
    threshold: float | None = None
    systems: int = 1
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """The label, or the first of several."""
        return self.labels[0] if self.labels else None
