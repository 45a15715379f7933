"""Majority line of the gate: no model is recommended that is not shown to be better than one constant answer.

The constant answer is the most frequent label, or set of labels, of the training rows: one that could have been chosen
without the test rows.
"""

from __future__ import annotations

from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.selection.pair_comparison import PairComparison, compare_accuracy
from fw_assets.classification.selection.paired_counts import Frames
from fw_assets.classification.selection.selection import percent
from fw_assets.classification.values import Frozen


class MajorityLine(Frozen):
    """A model against always giving the most frequent label of the training rows, on the test rows.

    Attributes:
        comparison: of the model with the constant answer, which comes first.
    """

    scores: Scores
    comparison: PairComparison

    @property
    def constant(self) -> float:
        """The accuracy of the constant answer."""
        return self.scores.accuracy.value - self.comparison.difference.value


def majority_line(scores: Scores, model: Frames, constant: Frames) -> MajorityLine:
    """The line for a model with these scores and predictions.

    Raises:
        ValueError: the predictions are not about the same rows.
    """
    return MajorityLine(scores=scores, comparison=compare_accuracy(constant, model))


def not_above(line: MajorityLine) -> bool:
    """Whether the model is worse than the constant answer, or `learned_nothing`."""
    return line.comparison.rows > 0 and (line.comparison.verdict == "worse" or learned_nothing(line))


def learned_nothing(line: MajorityLine) -> bool:
    """Neither shown to be better than the constant answer, nor to find labels more often than it does.

    A constant answer has a balanced accuracy of one over the number of labels. A model below the line may be far above
    that, where it finds the rows of rare labels.
    """
    if not line.comparison.rows or line.comparison.verdict == "better":
        return False
    scores = line.scores
    labels, balanced = sum(1 for item in scores.per_label if item.support), scores.balanced_accuracy_interval
    return scores.multi is not None or balanced is None or balanced.low <= 1 / max(labels, 1)


def below_text(model: str, line: MajorityLine) -> str:
    """That a model is not above the line, as a sentence without its end."""
    relation = "worse" if line.comparison.verdict == "worse" else "not shown to be better"
    return (
        f"{model} has {percent(line.scores.accuracy.value)} of the test rows right, which is {relation} than always "
        f"answering the most frequent label of the training rows ({percent(line.constant)})"
    )
