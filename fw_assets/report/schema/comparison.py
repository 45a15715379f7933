"""Paired comparisons in report.json: fine-tuned and base, a model and a baseline, candidates against each other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.selection.verdict import Verdict
from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds

Kind = Literal["base", "tuned", "baseline", "cascade"]


class Flip(Frozen):
    """A test row on which base and tuned disagree in being right."""

    id: str
    direction: Literal["gained", "lost"]
    text: str
    gold: tuple[str, ...]
    base: tuple[str, ...]
    tuned: tuple[str, ...]


class LabelDifference(Frozen):
    """What tuning did to one label: rows gained and lost, and the difference of its accuracies.

    `groups`: distinct rows of the label. `loss_p_value`: of a loss of its F1, adjusted for all labels; null where it is
    not checked. `seen_loss`: the smallest loss of recall that the check would have seen in 80 of 100 cases; null where
    it would have seen none.
    """

    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    groups: int | None = None
    loss_p_value: float | None = None
    seen_loss: float | None = None


class ComparisonResult(Frozen):
    """Tuned against base on the same test rows.

    `groups` of the rows are distinct. The interval inverts the test at the level `level`, which is what the adjustment
    for comparisons made together leaves of 0.05: it excludes 0 exactly where the adjusted p-value is below 0.05.
    `margin`: the loss that does not matter, on which the verdict "as good" rests.
    """

    gained: int
    lost: int
    p_value: float
    verdict: Verdict
    rows: int
    difference: float
    interval: Bounds
    adjusted_p_value: float | None = None
    mid_p_value: float | None = None
    macro_f1_difference: float | None = None
    macro_f1_interval: Bounds | None = None
    per_label: dict[str, LabelDifference] = Field(default_factory=dict)
    flips: tuple[Flip, ...] = ()
    groups: int | None = None
    level: float = 0.05
    margin: float | None = None

    @property
    def judged_p(self) -> float:
        """The p-value that the verdict goes by: adjusted where several comparisons were made."""
        return self.p_value if self.adjusted_p_value is None else self.adjusted_p_value


class PairResult(Frozen):
    """Two candidates on the same test rows: the second against the first, figures as in ComparisonResult.

    `gained`: rows that only the second gets right. `effective_groups`: groups of equal size that these are worth (Kish
    1965).
    """

    first: str
    first_kind: Kind
    second: str
    second_kind: Kind
    rows: int
    groups: int | None
    gained: int
    lost: int
    difference: float
    interval: Bounds
    level: float
    p_value: float
    adjusted_p_value: float
    margin: float
    verdict: Verdict
    effective_groups: float | None = None


class TiedGroup(Frozen):
    """Candidates of which no two were shown to differ on the test rows, the most accurate first."""

    candidates: tuple[tuple[str, Kind], ...]


class BaselineComparison(Frozen):
    """The model that is kept against a baseline, on the same test rows.

    `needed`: "yes" if the model is shown to be better in accuracy or macro-F1 and worse in neither; "no" if it is shown
    to be ahead by less than `margin` in both, if at all; "depends" if it is shown to be better in one and worse in the
    other ("cannot be told" in reports of before). The two tests are adjusted together (Holm), and the interval
    of the accuracy with them. Null in reports of before version 2. `macro_f1_interval` is the bootstrap's 95 %
    interval, on which "no" rests; `macro_f1_p_value` is of the randomisation test, on which "yes" rests: neither
    inverts the other.
    """

    model: str
    gained: int
    lost: int
    difference: float
    interval: Bounds
    p_value: float
    verdict: Verdict
    kind: Kind | None = None
    rows: int | None = None
    groups: int | None = None
    level: float = 0.05
    margin: float | None = None
    adjusted_p_value: float | None = None
    macro_f1_difference: float | None = None
    macro_f1_interval: Bounds | None = None
    macro_f1_p_value: float | None = None
    needed: Literal["yes", "no", "depends", "cannot be told"] | None = None
    validation_accuracy: float | None = None
    """Of the model, on the validation rows; null in reports of earlier versions."""


class BaselineResult(Frozen):
    """A classifier that needs no language model, on the same test rows.

    `versus` is set for the one that is best on the validation rows.
    """

    name: str
    method: str
    accuracy: float
    interval: Bounds
    macro_f1: float | None
    balanced_accuracy: float | None
    validation_accuracy: float
    macro_f1_interval: Bounds | None = None
    balanced_accuracy_interval: Bounds | None = None
    versus: BaselineComparison | None = None
    latency: Latency | None = None
    """Of one row at a time on the machine that scored it; null in reports of earlier versions."""
    label: str | None = None
    """The one that it always gives; None where it learns more, where rows may have several, and in earlier versions."""
