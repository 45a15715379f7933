"""Majority line of the gate: no model is recommended that does worse than one constant answer."""

from __future__ import annotations

from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.selection import percent


def below_majority(scores: Scores | None) -> bool:
    """Whether always giving the most frequent label, or set of labels, is right more often."""
    return scores is not None and scores.scored > 0 and scores.accuracy.value < scores.majority_accuracy


def learned_nothing(scores: Scores | None) -> bool:
    """Not above the majority line, and not shown to find labels more often than one constant answer does.

    A constant answer has a balanced accuracy of one over the number of labels. One below the line may be far above
    that, where it finds the rows of rare labels.
    """
    if scores is None or not scores.scored or scores.accuracy.value > scores.majority_accuracy:
        return False
    labels, balanced = sum(1 for item in scores.per_label if item.support), scores.balanced_accuracy_interval
    return scores.multi is not None or balanced is None or balanced.low <= 1 / max(labels, 1)


def below_text(model: str, scores: Scores) -> str:
    """That a model is below the line, as a sentence without its end."""
    fewer = "fewer" if below_majority(scores) else "no more"
    return (
        f"{model} has {percent(scores.accuracy.value)} of the test rows right, {fewer} than always answering the most "
        f"frequent label ({percent(scores.majority_accuracy)})"
    )
