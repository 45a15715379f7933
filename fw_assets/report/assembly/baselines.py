"""The baselines as report.json has them, and whether a language model is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.selection.paired_tests import holm, holm_levels
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult, Kind
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult

Need = Literal["yes", "no", "depends", "cannot be told"]


def best_baseline(baselines: Sequence[BaselineScores]) -> BaselineScores | None:
    """The baseline with the highest accuracy on the validation rows, of equal ones that with the highest macro-F1."""
    return max(
        baselines, key=lambda item: (item.validation.headline.value, item.validation.macro_f1 or 0.0), default=None
    )


def need(accuracy: Comparison) -> Need:
    """Whether a model is needed where a baseline is free, by accuracy and macro-F1 of the model against it.

    Accuracy alone would say of a baseline that finds no row of a rare label that it does as well, and so would
    macro-F1 where the few rows of a rare label happen to be alike. That macro-F1 differs is shown by its test alone,
    that it is not ahead by the margin by its interval alone: a bootstrap's interval inverts no test. Where one is shown
    to be better and the other to be worse, it depends on which of the two matters.
    """
    margin, f1, p_value = accuracy.margin, accuracy.macro_f1_difference, accuracy.macro_f1_p
    if f1 is None:
        return "cannot be told"
    if accuracy.difference.high < margin and f1.value + math.hypot(f1.high - f1.value, _unseen(accuracy)) < margin:
        return "no"
    shown = p_value is not None and p_value < accuracy.alpha
    better = accuracy.verdict == "better" or (shown and f1.value > 0)
    worse = accuracy.verdict == "worse" or (shown and f1.value < 0)
    if better and worse:
        return "depends"
    return "yes" if better else "cannot be told"


def _unseen(accuracy: Comparison) -> float:
    """How much macro-F1 may differ by labels on whose rows the two models did not differ at all.

    A bootstrap draws from the differences that were seen. The bounds of those labels' recall, which shrink with their
    rows, are combined in squares.
    """
    bounds = [change.difference.high for change in accuracy.per_label if not change.gained + change.lost]
    return math.hypot(*bounds) / max(1, len(accuracy.per_label))


def _constant(baseline: BaselineScores) -> str | None:
    """The label of the baseline that has one answer."""
    if baseline.name != "majority" or baseline.test.multi is not None:
        return None
    return next((item.label for item in baseline.test.per_label if item.predicted), None)


def at_majority(
    candidates: Sequence[CandidateResult], baselines: Sequence[BaselineResult]
) -> tuple[CandidateResult, ...]:
    """The candidates with the accuracy of the most frequent label of the training rows, which no test row chose."""
    line = next((item.accuracy for item in baselines if item.name == "majority"), None)
    if line is None:
        return tuple(candidates)

    def held(result: ModelResult | None) -> ModelResult | None:
        return result and result.model_copy(update={"majority_accuracy": line})

    return tuple(item.model_copy(update={"base": held(item.base), "tuned": held(item.tuned)}) for item in candidates)


def baseline_results(
    baselines: Sequence[BaselineScores],
    model: str | None,
    kind: Kind | None,
    versus: Comparison | None,
    validation: float | None = None,
) -> tuple[BaselineResult, ...]:
    """The baselines, best first; `versus` is `model` against the best of them, with its macro-F1 tested.

    Args:
        validation: the model's accuracy on the validation rows.
    """
    best = best_baseline(baselines)
    comparison = None
    if versus is not None and model is not None:
        comparison = _comparison(model, kind, versus).model_copy(update={"validation_accuracy": validation})
    return tuple(
        BaselineResult(
            name=item.name,
            method=item.method,
            label=_constant(item),
            accuracy=item.test.headline.value,
            interval=bounds(item.test.headline),
            macro_f1=item.test.macro_f1,
            balanced_accuracy=item.test.balanced_accuracy,
            validation_accuracy=item.validation.headline.value,
            macro_f1_interval=item.test.macro_f1_interval and bounds(item.test.macro_f1_interval),
            balanced_accuracy_interval=item.test.balanced_accuracy_interval
            and bounds(item.test.balanced_accuracy_interval),
            versus=comparison if item is best else None,
            latency=item.latency,
        )
        for item in sorted(baselines, key=lambda item: -item.validation.headline.value)
    )


def _comparison(model: str, kind: Kind | None, versus: Comparison) -> BaselineComparison:
    p_values = [versus.p_value] + ([] if versus.macro_f1_p is None else [versus.macro_f1_p])
    adjusted = holm(p_values)
    judged = versus.at_level(holm_levels(p_values)[0], adjusted[0])
    judged = judged.model_copy(update={"macro_f1_p": adjusted[1] if len(adjusted) > 1 else None})
    f1 = judged.macro_f1_difference
    return BaselineComparison(
        model=model,
        kind=kind,
        rows=judged.rows,
        groups=judged.groups,
        gained=judged.gained,
        lost=judged.lost,
        difference=judged.difference.value,
        interval=bounds(judged.difference),
        level=judged.level,
        margin=judged.margin,
        p_value=judged.p_value,
        adjusted_p_value=judged.adjusted_p,
        verdict=judged.verdict,
        macro_f1_difference=f1.value if f1 else None,
        macro_f1_interval=bounds(f1) if f1 else None,
        macro_f1_p_value=judged.macro_f1_p,
        needed=need(judged),
    )
