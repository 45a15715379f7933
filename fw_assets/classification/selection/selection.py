"""Selection of finalists and winner, from validation scores alone: a `Candidate` has no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from fw_assets.classification.arm import arm_of
from fw_assets.classification.values import Frozen, Interval

ModelKind = Literal["base", "tuned"]
_MAX_NAMED = 3
INCOMPLETE = "not every validation row was answered"


class Candidate(Frozen):
    """One model's accuracy on the validation rows.

    Attributes:
        loss: mean log loss of its confidence on them, in nats; None when the platform gave none.
        cost: what its mistakes on them cost for a row; None where the session has no costs.
        price: the cost of choosing it, in any unit that is the same for all; None when unknown.
        complete: every validation row was answered.
        adapter: it is no base model, but an adapter that was trained before, and is not trained here.
        tunable: it can become a finalist.
    """

    model: str
    kind: ModelKind = "base"
    validation: Interval
    loss: float | None = None
    cost: Interval | None = None
    price: float | None = None
    complete: bool = True
    adapter: bool = False
    tunable: bool = True


class RankedCandidate(Frozen):
    """A model in a ranking, with the reason for its rank."""

    model: str
    kind: ModelKind
    validation: Interval
    why: str
    cost: Interval | None = None


class Finalists(Frozen):
    """The base models that are fine-tuned, best first, and the ranking of all of them."""

    chosen: tuple[str, ...]
    ranked: tuple[RankedCandidate, ...]


class Winner(Frozen):
    """The model that is best on the validation rows, and the ranking of all of them.

    Attributes:
        untuned: of the models that need no tuning (base models, and adapters that exist) the best on the validation
            rows: what would be used without any fine-tuning. None if there is none, and in values that were stored
            before it was kept.
        adapter: the winner is an adapter that existed before.
        base: where it is, the base model that is best on the validation rows.
    """

    model: str
    kind: ModelKind
    why: str
    ranked: tuple[RankedCandidate, ...]
    untuned: str | None = None
    adapter: bool = False
    base: str | None = None

    @property
    def against(self) -> str | None:
        """The model that the winner has to beat: the best that needs no tuning, and of an adapter the best base."""
        return self.base if self.adapter else self.untuned

    @property
    def kept(self) -> str:
        """The model that stays in use when the winner is not deployed."""
        return self.against or self.model

    @property
    def challenger(self) -> str | None:
        """The fine-tuned model that is best on the validation rows."""
        return next((item.model for item in self.ranked if item.kind == "tuned" and item.why != INCOMPLETE), None)


def choose_finalists(candidates: Sequence[Candidate], count: int) -> Finalists:
    """The best `count` tunable models on the validation rows, and the ranking of all.

    Each rank goes to the highest accuracy left, or to the lowest cost of mistakes where that is known of all; models
    within that model's interval are tied with it, and the cheapest of them takes the rank (a known price before an
    unknown one, then the better figure, then the lower loss, then the name). Incomplete models come last and are not
    chosen.

    Raises:
        ValueError: no candidate is complete, or `count` is below 1.
    """
    if count < 1:
        raise ValueError("at least one finalist is needed")
    complete = [candidate for candidate in candidates if candidate.complete]
    if not complete:
        raise ValueError("no model has a complete validation result")
    costed = _costed(complete)
    order = partial(_merit_order, costed=costed)
    remaining, ranked = sorted(complete, key=order), list[RankedCandidate]()
    while remaining:
        best = remaining[0]
        tied = [item for item in remaining if _merit(item, costed=costed) >= _least_merit(best, costed=costed)]
        cheapest = min(tied, key=lambda candidate: (_price(candidate), *order(candidate)))
        figure = f": {_figure(cheapest, costed=costed)}" if costed else ""
        if len(tied) == 1:
            why = f"best on validation{' of the rest' if ranked else ''}{figure}"
        elif cheapest is best:
            why = f"{_tie_text(best, tied, costed=costed)}{figure}"
        else:
            why = f"tied with {best.model} on validation (within its interval) and cheaper{figure}"
        what = "an adapter that exists" if cheapest.adapter else "it cannot be fine-tuned"
        what = "a way of asking the base model" if arm_of(cheapest.model) else what
        ranked.append(_ranked(cheapest, why if cheapest.tunable else f"{why}; only evaluated: {what}"))
        remaining.remove(cheapest)
    tunable = {candidate.model for candidate in candidates if candidate.tunable}
    finalists = tuple(item.model for item in ranked if item.model in tunable)[:count]
    unanswered = sorted((candidate for candidate in candidates if not candidate.complete), key=_merit_order)
    ranked += [_ranked(candidate, INCOMPLETE) for candidate in unanswered]
    return Finalists(chosen=finalists, ranked=tuple(ranked))


def _tie_text(best: Candidate, tied: Sequence[Candidate], *, costed: bool) -> str:
    """That others are within the interval of the first of a rank, and why it has the rank all the same."""
    others = [item for item in tied if item is not best]
    names = ", ".join(item.model for item in others[:_MAX_NAMED])
    names += f" and {len(others) - _MAX_NAMED} more" if len(others) > _MAX_NAMED else ""
    loss = _merit_order(best, costed=costed)[1]
    if all(_price(best) < _price(item) for item in others):
        reason = "cheaper"
    elif all(_merit(best, costed=costed) > _merit(item, costed=costed) for item in others):
        reason = "taken for its figure, which is the higher one" if not costed else "taken for its lower cost"
    elif all(loss < _merit_order(item, costed=costed)[1] for item in others):
        reason = "taken for its lower validation loss"
    else:
        reason = "taken by the order of price, figure, validation loss and name"
    return f"tied with {names} on validation (within its interval) and {reason}"


def choose_winner(candidates: Sequence[Candidate]) -> Winner:
    """The model with the highest validation accuracy among tuned and base models, or the one whose mistakes cost least.

    Costs decide where they are known of all candidates.
    Ties go to the lower validation loss, where it is known of all that are tied, then to a base model, then to the
    cheaper one, then to the first by name. Incomplete models cannot win.

    Raises:
        ValueError: no candidate is complete.
    """
    complete = _ranking([candidate for candidate in candidates if candidate.complete])
    if not complete:
        raise ValueError("no model has a complete validation result")
    best = complete[0]
    ranked = [_ranked(candidate, "on validation") for candidate in complete]
    incomplete = _ranking([candidate for candidate in candidates if not candidate.complete])
    return Winner(
        model=best.model,
        kind=best.kind,
        why=_why_best(complete),
        ranked=(*ranked, *(_ranked(candidate, INCOMPLETE) for candidate in incomplete)),
        untuned=next((candidate.model for candidate in complete if candidate.kind == "base"), None),
        adapter=best.adapter,
        base=next((c.model for c in complete if c.kind == "base" and not c.adapter), None) if best.adapter else None,
    )


def _ranking(candidates: Sequence[Candidate]) -> list[Candidate]:
    """By validation accuracy, ties as `choose_winner` breaks them."""
    costed = _costed(candidates)
    tied: dict[float, list[Candidate]] = {}
    for candidate in candidates:
        tied.setdefault(_merit(candidate, costed=costed), []).append(candidate)
    return [
        candidate
        for merit in sorted(tied, reverse=True)
        for candidate in sorted(tied[merit], key=_tie_order(tied[merit]))
    ]


def _costed(candidates: Sequence[Candidate]) -> bool:
    return all(candidate.cost is not None for candidate in candidates)


def _merit(candidate: Candidate, *, costed: bool) -> float:
    return -candidate.cost.value if costed and candidate.cost is not None else candidate.validation.value


def _least_merit(candidate: Candidate, *, costed: bool) -> float:
    """The bound of the interval of the merit, below which another model is not tied."""
    return -candidate.cost.high if costed and candidate.cost is not None else candidate.validation.low


def _tie_order(tied: Sequence[Candidate]) -> Callable[[Candidate], tuple[float, bool, float, str]]:
    known = all(candidate.loss is not None for candidate in tied)
    return lambda candidate: (
        # To the digits that are shown: the same answers, read in two ways, differ in the last ones of a float.
        round(candidate.loss, 4) if known and candidate.loss is not None else 0.0,
        candidate.kind != "base",
        _price(candidate),
        candidate.model,
    )


def _why_best(ranked: Sequence[Candidate]) -> str:
    """Why the first of the ranking is the winner; ties are called so."""
    best, costed = ranked[0], _costed(ranked)
    share = _figure(best, costed=costed)
    if len(ranked) == 1:
        return f"best on validation: {share}"
    second = ranked[1]
    merits = [_merit(candidate, costed=costed) for candidate in ranked]
    if merits[1] < merits[0]:
        why = f"best on validation: {share}, before {_name(second)} with {_figure(second, costed=costed)}"
        apart = merits[1] < _least_merit(best, costed=costed)
        return why + ("" if apart else "; these rows are too few to tell the two apart")
    tied = [candidate for candidate, merit in zip(ranked, merits, strict=True) if merit == merits[0]]
    others = ", ".join(_name(candidate) for candidate in tied[1:])
    order = _tie_order(tied)
    if order(best)[0] != order(second)[0]:
        reason = f"its validation loss is lower ({order(best)[0]:.4f} against {order(second)[0]:.4f})"
    elif best.kind != second.kind:
        reason = "it needs no fine-tuning"
    elif _price(best) != _price(second):
        reason = "it is cheaper"
    else:
        reason = "its name comes first, for want of any difference"
    return f"tied on validation with {others} at {share}, and taken because {reason}"


def _figure(candidate: Candidate, *, costed: bool) -> str:
    if costed and candidate.cost is not None:
        return f"mistakes that cost {1000 * candidate.cost.value:,.0f} for 1,000 rows"
    return percent(candidate.validation.value)


def _name(candidate: Candidate) -> str:
    kind = "adapter" if candidate.adapter else {"tuned": "fine-tuned"}.get(candidate.kind, candidate.kind)
    if arm := arm_of(candidate.model):
        kind = arm.words
    return f"{candidate.model} ({kind})"


def _ranked(candidate: Candidate, why: str) -> RankedCandidate:
    return RankedCandidate(
        model=candidate.model, kind=candidate.kind, validation=candidate.validation, why=why, cost=candidate.cost
    )


def _merit_order(candidate: Candidate, *, costed: bool = False) -> tuple[float, float, float, str]:
    loss = float("inf") if candidate.loss is None else candidate.loss
    return (-_merit(candidate, costed=costed), loss, _price(candidate), candidate.model)


def _price(candidate: Candidate) -> float:
    return float("inf") if candidate.price is None else candidate.price


def percent(share: float) -> str:
    """A share for a sentence: `93.1 %`."""
    return f"{share * 100:.1f} %"
