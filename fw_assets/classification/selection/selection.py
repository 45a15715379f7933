"""Selection of finalists and winner, from validation scores alone: a `Candidate` has no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.values import Frozen, Interval

ModelKind = Literal["base", "tuned"]


class Candidate(Frozen):
    """One model's accuracy on the validation rows.

    Attributes:
        price: the cost of choosing it, in any unit that is the same for all; None when unknown.
        complete: every validation row was answered.
    """

    model: str
    kind: ModelKind = "base"
    validation: Interval
    price: float | None = None
    complete: bool = True


class RankedCandidate(Frozen):
    """A model in a ranking, with the reason for its rank."""

    model: str
    kind: ModelKind
    validation: Interval
    why: str


class Finalists(Frozen):
    """The base models that are fine-tuned, best first, and the ranking of all of them."""

    chosen: tuple[str, ...]
    ranked: tuple[RankedCandidate, ...]


class Winner(Frozen):
    """The model that is best on the validation rows, and the ranking of all of them."""

    model: str
    kind: ModelKind
    why: str
    ranked: tuple[RankedCandidate, ...]


def choose_finalists(candidates: Sequence[Candidate], count: int) -> Finalists:
    """The best `count` models on the validation rows.

    Each rank goes to the highest accuracy left; models whose accuracy is within that model's interval are tied with
    it, and the cheapest of them takes the rank (a known price before an unknown one, then the higher accuracy, then
    the name). Incomplete models come last and are not chosen.

    Raises:
        ValueError: no candidate is complete, or `count` is below 1.
    """
    if count < 1:
        raise ValueError("at least one finalist is needed")
    remaining = sorted((candidate for candidate in candidates if candidate.complete), key=_by_accuracy)
    if not remaining:
        raise ValueError("no model has a complete validation result")
    ranked: list[RankedCandidate] = []
    while remaining:
        best = remaining[0]
        tied = [candidate for candidate in remaining if candidate.validation.value >= best.validation.low]
        cheapest = min(tied, key=lambda candidate: (_price(candidate), *_by_accuracy(candidate)))
        if cheapest is best:
            why = "best on validation" if not ranked else "best on validation of the rest"
        else:
            why = f"tied with {best.model} on validation (within its interval) and cheaper"
        ranked.append(_ranked(cheapest, why))
        remaining.remove(cheapest)
    finalists = tuple(item.model for item in ranked[:count])
    unanswered = sorted((candidate for candidate in candidates if not candidate.complete), key=_by_accuracy)
    ranked += [_ranked(candidate, "not every validation row was answered") for candidate in unanswered]
    return Finalists(chosen=finalists, ranked=tuple(ranked))


def choose_winner(candidates: Sequence[Candidate]) -> Winner:
    """The model with the highest validation accuracy among tuned and base models.

    Ties go to the base model, then to the cheaper one, then to the first by name. Incomplete models cannot win.

    Raises:
        ValueError: no candidate is complete.
    """
    complete = sorted((candidate for candidate in candidates if candidate.complete), key=_winner_order)
    if not complete:
        raise ValueError("no model has a complete validation result")
    best = complete[0]
    why = f"best on validation: {percent(best.validation.value)}"
    if len(complete) > 1:
        second = complete[1]
        why += f", before {second.model} ({second.kind}) with {percent(second.validation.value)}"
    ranked = [_ranked(candidate, "on validation") for candidate in complete]
    ranked += [
        _ranked(candidate, "not every validation row was answered")
        for candidate in sorted(candidates, key=_winner_order)
        if not candidate.complete
    ]
    return Winner(model=best.model, kind=best.kind, why=why, ranked=tuple(ranked))


def _ranked(candidate: Candidate, why: str) -> RankedCandidate:
    return RankedCandidate(model=candidate.model, kind=candidate.kind, validation=candidate.validation, why=why)


def _by_accuracy(candidate: Candidate) -> tuple[float, float, str]:
    return (-candidate.validation.value, _price(candidate), candidate.model)


def _winner_order(candidate: Candidate) -> tuple[float, bool, float, str]:
    return (-candidate.validation.value, candidate.kind != "base", _price(candidate), candidate.model)


def _price(candidate: Candidate) -> float:
    return float("inf") if candidate.price is None else candidate.price


def percent(share: float) -> str:
    """A share for a sentence: `93.1 %`."""
    return f"{share * 100:.1f} %"
