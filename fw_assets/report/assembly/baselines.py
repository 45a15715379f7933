"""The baselines as report.json has them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.metrics.baselines import BaselineScores
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.report.schema.bounds import bounds
from fw_assets.report.schema.comparison import BaselineComparison, BaselineResult


def best_baseline(baselines: Sequence[BaselineScores]) -> BaselineScores | None:
    """The baseline with the highest accuracy on the validation rows."""
    return max(baselines, key=lambda item: item.validation.headline.value, default=None)


def baseline_results(
    baselines: Sequence[BaselineScores], model: str | None, versus: Comparison | None
) -> tuple[BaselineResult, ...]:
    """The baselines, best first; `versus` is `model` against the best of them."""
    best = best_baseline(baselines)
    comparison = None
    if versus is not None and model is not None:
        comparison = BaselineComparison(
            model=model,
            gained=versus.gained,
            lost=versus.lost,
            difference=versus.difference.value,
            interval=bounds(versus.difference),
            p_value=versus.p_value,
            verdict=versus.verdict,
        )
    return tuple(
        BaselineResult(
            name=item.name,
            method=item.method,
            accuracy=item.test.headline.value,
            interval=bounds(item.test.headline),
            macro_f1=item.test.macro_f1,
            balanced_accuracy=item.test.balanced_accuracy,
            validation_accuracy=item.validation.headline.value,
            versus=comparison if item is best else None,
        )
        for item in sorted(baselines, key=lambda item: -item.validation.headline.value)
    )
