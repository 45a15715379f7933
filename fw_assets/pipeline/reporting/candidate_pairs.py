"""Candidates of a run against each other, on the test rows that all of them answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy, compare_all
from fw_assets.classification.selection.selection import Winner
from fw_assets.report.assembly.baselines import best_baseline
from fw_assets.report.assembly.pairs import Model, pair_result, tied_groups
from fw_assets.report.schema.comparison import PairResult, TiedGroup
from fw_assets.workspace.predictions import prediction_batches
from fw_assets.workspace.workspace import Workspace


@dataclass(frozen=True)
class CandidatePairs:
    """Candidates against each other.

    Attributes:
        choice: the best fine-tuned model against the best that needs no tuning, by the validation rows. None where
            nothing was fine-tuned.
        pairs: all of them; the more accurate model is the second of each. The choice, and that fine-tuned model against
            its own base, are judged alone, since the validation rows picked them; the others are adjusted together.
    """

    choice: PairResult | None
    pairs: tuple[PairResult, ...]
    tied: tuple[TiedGroup, ...]

    def own(self, slug: str) -> PairResult | None:
        """The fine-tuned model against its own base."""
        return next((pair for pair in self.pairs if pair.first == pair.second == slug), None)


def candidate_pairs(
    store: Workspace, dataset: str, plan: Plan, winner: Winner, scores: Mapping[Model, Scores]
) -> CandidatePairs:
    """Every two candidates compared; `scores` on the test rows."""
    margin = plan.session.margin
    models = sorted(scores, key=lambda model: (-scores[model].headline.value, model))
    compared = {
        (worse, better): _compared(store, dataset, worse, better, margin) for better, worse in combinations(models, 2)
    }
    choice, alone = None, []
    if winner.challenger is not None and winner.untuned is not None:
        untuned: Model = (winner.untuned, "base")
        challenger: Model = (winner.challenger, "tuned")
        choice = pair_result(untuned, challenger, _compared(store, dataset, untuned, challenger, margin))
        picked = ({untuned, challenger}, {(winner.challenger, "base"), challenger})
        alone = [pair for pair in compared if set(pair) in picked]
    pairs = compare_all(compared, alone=alone)
    return CandidatePairs(
        choice=choice,
        pairs=tuple(pair_result(*pair, comparison) for pair, comparison in pairs.items()),
        tied=tied_groups(models, pairs),
    )


def free_pairs(
    store: Workspace, plan: Plan, baselines: Sequence[BaselineScores], kept: Model, winner: Winner
) -> tuple[PairResult, ...]:
    """The free models, each first, against the model in use and the best fine-tuned one, adjusted together.

    The best of them against the model in use is left out: it is judged by itself (`baseline_comparison`).
    """
    best = best_baseline(baselines)
    others: list[Model] = [kept]
    if winner.challenger is not None and (winner.challenger, "tuned") != kept:
        others.append((winner.challenger, "tuned"))
    compared: dict[tuple[Model, Model], PairComparison] = {
        ((item.name, "baseline"), other): _compared(
            store, plan.dataset, (item.name, "baseline"), other, plan.session.margin
        )
        for item in baselines
        for other in others
        if item is not best or other != kept
    }
    return tuple(pair_result(*pair, comparison) for pair, comparison in compare_all(compared).items())


def _compared(store: Workspace, dataset: str, first: Model, second: Model, margin: float) -> PairComparison:
    before, after = (prediction_batches(store, dataset, *model, "test") for model in (first, second))
    return compare_accuracy(before, after, margin=margin)
