"""Choosing finalists and the winner, from validation figures alone: a `Candidate` has no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.values import Frozen, Interval

ModelKind = Literal["base", "tuned"]


class Candidate(Frozen):
    """One model's headline figure on the validation rows.

    Attributes:
        price: what using it costs, in any unit that is the same for all; None when unknown.
        complete: every validation row was answered.
    """

    model: str
    kind: ModelKind = "base"
    validation: Interval
    price: float | None = None
    complete: bool = True


class Ranked(Frozen):
    """A model's place in a choice, and why it has it."""

    model: str
    kind: ModelKind
    validation: Interval
    why: str


class Finalists(Frozen):
    """The base models that go on to fine-tuning, best first, and every model's place."""

    chosen: tuple[str, ...]
    ranked: tuple[Ranked, ...]


class Winner(Frozen):
    """The model that is best on the validation rows, and every model's place."""

    model: str
    kind: ModelKind
    why: str
    ranked: tuple[Ranked, ...]


def choose_finalists(standings: Sequence[Candidate], count: int) -> Finalists:
    """The best `count` models on the validation rows.

    Each place goes to the best figure left; models whose figure lies within that one's interval are tied with
    it, and the cheapest of them takes the place (a known price before an unknown one, then the higher
    figure, then the name). Incomplete models come last and are not chosen.

    Raises:
        ValueError: no standing is complete, or `count` is below 1.
    """
    if count < 1:
        raise ValueError("at least one finalist is needed")
    left = sorted((standing for standing in standings if standing.complete), key=_by_figure)
    if not left:
        raise ValueError("no model has a complete validation result")
    ranked: list[Ranked] = []
    while left:
        best = left[0]
        tied = [standing for standing in left if standing.validation.value >= best.validation.low]
        taken = min(tied, key=lambda standing: (_price(standing), *_by_figure(standing)))
        if taken is best:
            why = "best on validation" if not ranked else "best on validation of the rest"
        else:
            why = f"tied with {best.model} on validation (within its interval) and cheaper"
        ranked.append(_ranked(taken, why))
        left.remove(taken)
    chosen = tuple(item.model for item in ranked[:count])
    unanswered = sorted((standing for standing in standings if not standing.complete), key=_by_figure)
    ranked += [_ranked(standing, "not every validation row was answered") for standing in unanswered]
    return Finalists(chosen=chosen, ranked=tuple(ranked))


def choose_winner(standings: Sequence[Candidate]) -> Winner:
    """The model with the highest validation figure among tuned and base models.

    Equal figures go to the base model, then to the cheaper one, then by name. Incomplete models cannot win.

    Raises:
        ValueError: no standing is complete.
    """
    complete = sorted((standing for standing in standings if standing.complete), key=_for_winning)
    if not complete:
        raise ValueError("no model has a complete validation result")
    best = complete[0]
    why = f"best on validation: {percent(best.validation.value)}"
    if len(complete) > 1:
        second = complete[1]
        why += f", before {second.model} ({second.kind}) with {percent(second.validation.value)}"
    ranked = [_ranked(standing, "on validation") for standing in complete]
    ranked += [
        _ranked(standing, "not every validation row was answered")
        for standing in sorted(standings, key=_for_winning)
        if not standing.complete
    ]
    return Winner(model=best.model, kind=best.kind, why=why, ranked=tuple(ranked))


def _ranked(standing: Candidate, why: str) -> Ranked:
    return Ranked(model=standing.model, kind=standing.kind, validation=standing.validation, why=why)


def _by_figure(standing: Candidate) -> tuple[float, float, str]:
    return (-standing.validation.value, _price(standing), standing.model)


def _for_winning(standing: Candidate) -> tuple[float, bool, float, str]:
    return (-standing.validation.value, standing.kind != "base", _price(standing), standing.model)


def _price(standing: Candidate) -> float:
    return float("inf") if standing.price is None else standing.price


def percent(share: float) -> str:
    """A share for a sentence: `93.1 %`."""
    return f"{share * 100:.1f} %"
