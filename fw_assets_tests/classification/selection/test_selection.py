from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw_assets.classification.intervals import wilson
from fw_assets.classification.selection.selection import Candidate, ModelKind, choose_finalists, choose_winner
from fw_assets.classification.values import Interval


def candidate(
    model: str, right: int, *, price: float | None = None, kind: ModelKind = "base", rows: int = 200
) -> Candidate:
    return Candidate(model=model, kind=kind, validation=wilson(right, rows), price=price)


def costing(model: str, right: int, cost: float, kind: ModelKind = "base", price: float | None = None) -> Candidate:
    """A candidate whose mistakes cost this much for a row, with an interval of a tenth each way."""
    interval = Interval(value=cost, low=cost * 0.9, high=cost * 1.1)
    return candidate(model, right, kind=kind, price=price).model_copy(update={"cost": interval})


def test_the_best_go_on() -> None:
    finalists = choose_finalists([candidate("a", 100), candidate("b", 190), candidate("c", 150)], 2)
    assert finalists.chosen == ("b", "c")
    assert [item.model for item in finalists.ranked] == ["b", "c", "a"]


def test_among_ties_the_cheaper_goes_first() -> None:
    candidates = [
        candidate("dear", 181, price=3.0),
        candidate("cheap", 179, price=1.0),
        candidate("unpriced", 180),
    ]
    finalists = choose_finalists(candidates, 2)
    assert finalists.chosen == ("cheap", "dear")
    assert "tied with dear" in finalists.ranked[0].why


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ((181, 1.0), (179, 3.0), "cheaper"),
        ((181, None), (179, None), "taken for its figure, which is the higher one"),
        ((180, None), (180, None), "taken by the order of price, figure, validation loss and name"),
    ],
)
def test_ties_among_finalists_are_called_ties(
    first: tuple[int, float | None], second: tuple[int, float | None], reason: str
) -> None:
    ranked = choose_finalists(
        [candidate("a", first[0], price=first[1]), candidate("b", second[0], price=second[1])], 2
    ).ranked
    assert ranked[0].model == "a"
    assert ranked[0].why == f"tied with b on validation (within its interval) and {reason}"
    assert ranked[1].why == "best on validation of the rest"


def test_a_lower_loss_breaks_a_tie_and_many_ties_are_counted() -> None:
    low = candidate("z", 180).model_copy(update={"loss": 0.1})
    many = [candidate(name, 180).model_copy(update={"loss": 0.2}) for name in "abcde"]
    assert choose_finalists([*many, low], 1).ranked[0].why == (
        "tied with a, b, c and 2 more on validation (within its interval) and taken for its lower validation loss"
    )
    apart = choose_finalists([candidate("a", 190), candidate("b", 100)], 1).ranked
    assert [item.why for item in apart] == ["best on validation", "best on validation of the rest"]


def test_a_cheap_model_outside_the_interval_does_not_pass() -> None:
    assert choose_finalists([candidate("dear", 180, price=9.0), candidate("cheap", 140, price=0.1)], 1).chosen == (
        "dear",
    )


def test_without_prices_the_figure_decides() -> None:
    assert choose_finalists([candidate("a", 179), candidate("b", 181), candidate("c", 180)], 3).chosen == (
        "b",
        "c",
        "a",
    )


def test_incomplete_models_are_listed_and_not_chosen() -> None:
    broken = candidate("broken", 200).model_copy(update={"complete": False})
    finalists = choose_finalists([broken, candidate("a", 10)], 2)
    assert finalists.chosen == ("a",)
    assert finalists.ranked[-1].why == "not every validation row was answered"
    with pytest.raises(ValueError, match="no model"):
        choose_finalists([broken], 1)
    with pytest.raises(ValueError, match="no model"):
        choose_winner([broken])


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from([None, 1.0, 2.0])), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_choices_do_not_depend_on_the_order_given(figures: list[tuple[int, float | None]], count: int) -> None:
    candidates = [candidate(f"m{i}", right, price=price, rows=50) for i, (right, price) in enumerate(figures)]
    finalists = choose_finalists(candidates, count)
    assert choose_finalists(candidates[::-1], count) == finalists
    assert len(finalists.chosen) == min(count, len(candidates))
    assert sorted(item.model for item in finalists.ranked) == sorted(item.model for item in candidates)
    assert choose_winner(candidates[::-1]) == choose_winner(candidates)


def test_the_winner_is_the_best_on_validation() -> None:
    winner = choose_winner([candidate("a", 150), candidate("a", 180, kind="tuned"), candidate("b", 170, kind="tuned")])
    assert (winner.model, winner.kind) == ("a", "tuned")
    assert "90.0 %" in winner.why
    assert "b (fine-tuned) with 85.0 %" in winner.why


def test_equal_figures_keep_the_base_model() -> None:
    assert choose_winner([candidate("a", 150, kind="tuned"), candidate("a", 150)]).kind == "base"


def test_the_reported_winner_is_not_flattered_by_being_chosen() -> None:
    """12 equally good candidates, chosen on validation, reported on test: no better than they are."""
    truth, rows, seeds = 0.85, 200, 200
    chosen_on, reported_on = [], []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        validation = random.binomial(rows, truth, 12)
        test = random.binomial(rows, truth, 12)
        candidates = [candidate(f"m{index:02}", int(right), rows=rows) for index, right in enumerate(validation)]
        winner = choose_winner(candidates)
        chosen_on.append(max(validation) / rows)
        reported_on.append(test[int(winner.model[1:])] / rows)
    error = np.sqrt(truth * (1 - truth) / rows)
    assert abs(np.mean(reported_on) - truth) < error / 5
    assert np.mean(chosen_on) - truth > error


def test_ties_go_to_the_lower_loss_where_all_have_one() -> None:
    base, after = candidate("a", 150), candidate("a", 150, kind="tuned")
    losses = [base.model_copy(update={"loss": 0.5}), after.model_copy(update={"loss": 0.2})]
    winner = choose_winner(losses)
    assert (winner.kind, winner.untuned) == ("tuned", "a")
    assert winner.why == (
        "tied on validation with a (base) at 75.0 %, and taken because its validation loss is lower (0.2000 against "
        "0.5000)"
    )
    unknown = choose_winner([losses[1], base])
    assert unknown.kind == "base"
    assert "tied on validation with a (fine-tuned)" in unknown.why
    assert unknown.why.endswith("it needs no fine-tuning")


def test_then_to_the_cheaper_one_and_a_name_is_no_reason() -> None:
    cheap, dear = candidate("z", 150, price=1.0), candidate("a", 150, price=2.0)
    assert choose_winner([cheap, dear]).why.endswith("it is cheaper")
    assert choose_winner([candidate("a", 150), candidate("b", 150)]).why.endswith("for want of any difference")


def test_a_lead_within_the_error_of_the_validation_rows_is_called_so() -> None:
    near, far = (choose_winner([candidate("a", 150), candidate("b", right)]) for right in (149, 100))
    assert near.why.endswith("these rows are too few to tell the two apart")
    assert "too few" not in far.why


def test_where_costs_are_known_the_cheapest_mistakes_win() -> None:
    right, cheap = costing("right", 190, 0.5), costing("cheap", 150, 0.2, kind="tuned")
    winner = choose_winner([right, cheap])
    assert (winner.model, winner.untuned, winner.challenger) == ("cheap", "right", "cheap")
    assert winner.why == (
        "best on validation: mistakes that cost 200 for 1,000 rows, before right (base) with mistakes that cost 500 "
        "for 1,000 rows"
    )
    assert choose_winner([costing("a", 150, 0.2), costing("b", 150, 0.21)]).why.endswith("tell the two apart")
    tied = choose_winner([costing("a", 190, 0.2, kind="tuned"), costing("b", 150, 0.2)])
    assert tied.model == "b"
    assert "tied on validation with a (fine-tuned) at mistakes that cost 200" in tied.why
    unknown = candidate("unknown", 195)
    assert choose_winner([right, cheap, unknown]).model == "unknown", "accuracy decides unless all costs are known"


def test_where_costs_are_known_the_cheapest_mistakes_go_on() -> None:
    right, cheap, dear = costing("right", 190, 0.5), costing("cheap", 150, 0.2), costing("dear", 170, 0.9)
    finalists = choose_finalists([right, dear, cheap], 2)
    assert finalists.chosen == ("cheap", "right")
    assert [item.why for item in finalists.ranked] == [
        "best on validation: mistakes that cost 200 for 1,000 rows",
        "best on validation of the rest: mistakes that cost 500 for 1,000 rows",
        "best on validation of the rest: mistakes that cost 900 for 1,000 rows",
    ]
    unknown = candidate("unknown", 195)
    assert choose_finalists([right, cheap, unknown], 1).chosen == ("unknown",), "accuracy decides unless all are known"
    broken = unknown.model_copy(update={"complete": False})
    assert choose_finalists([right, cheap, broken], 1).chosen == ("cheap",)


def test_a_tie_of_costs_goes_to_the_cheaper_model_whatever_its_accuracy() -> None:
    first, near, far = (
        costing("first", 150, 0.2, price=3.0),
        costing("near", 100, 0.21, price=1.0),
        costing("far", 190, 0.25, price=0.5),
    )
    finalists = choose_finalists([first, near, far], 3)
    assert finalists.chosen == ("near", "first", "far")
    assert finalists.ranked[0].why == (
        "tied with first on validation (within its interval) and cheaper: mistakes that cost 210 for 1,000 rows"
    )


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 20)), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_finalists_and_winner_go_by_one_criterion(figures: list[tuple[int, int | None]], random: Random) -> None:
    def exact(value: float) -> Interval:
        return Interval(value=value, low=value, high=value)

    candidates = [
        Candidate(model=f"m{i}", validation=exact(right / 50), cost=None if cost is None else exact(cost / 20))
        for i, (right, cost) in enumerate(figures)
    ]
    shuffled = random.sample(candidates, len(candidates))
    assert choose_finalists(shuffled, 1).chosen == (choose_winner(candidates).model,)


def test_an_adapter_that_exists_is_ranked_and_never_goes_on() -> None:
    adapter = candidate("mine", 195).model_copy(update={"adapter": True, "tunable": False})
    finalists = choose_finalists([adapter, candidate("a", 190), candidate("b", 150)], 2)
    assert finalists.chosen == ("a", "b")
    assert finalists.ranked[0].model == "mine"
    assert "only evaluated: an adapter that exists" in finalists.ranked[0].why


def test_an_adapter_counts_among_what_needs_no_tuning() -> None:
    adapter = candidate("mine", 180).model_copy(update={"adapter": True})
    tuned = choose_winner([adapter, candidate("m", 150), candidate("m", 190, kind="tuned")])
    assert (tuned.model, tuned.untuned, tuned.against, tuned.kept) == ("m", "mine", "mine", "mine")
    won = choose_winner([adapter, candidate("m", 150), candidate("n", 160), candidate("m", 170, kind="tuned")])
    assert (won.model, won.kind, won.adapter, won.untuned) == ("mine", "base", True, "mine")
    assert (won.against, won.kept, won.challenger) == ("n", "n", "m"), "it has to beat the best base model"
