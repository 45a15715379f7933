"""Cascades in report.json: a free model first, and another where the free one is not sure enough."""

from __future__ import annotations

from fw_assets.classification.values import Frozen
from fw_assets.report.schema.bounds import Bounds
from fw_assets.report.schema.comparison import Kind, PairResult


class CascadePoint(Frozen):
    """The share of the test rows that the other model is asked, and the accuracy then."""

    asked: float
    accuracy: float


class CascadeResult(Frozen):
    """A free model that answers where its confidence is `threshold` or more, and another model that answers the rest.

    The threshold is the cheapest of those that are shown on the validation rows to lose less than the session's margin
    against the other model alone, and are within that margin of the most accurate of them; null where there is none,
    and every figure below it then is too. The other figures are on the test
    rows. A cascade costs what the other model costs for the rows that it is asked; one on a deployment costs its hours,
    whoever answers.

    Attributes:
        alpha: the chance of a threshold that loses the margin or more, which is 5% for all cascades together.
        in_use: whether the other model is the one in use, which `fw-assets predict NAME --cascade` asks.
        validation_share: of the validation rows, those that the free model answers.
        asked: of the test rows, those that the other model is asked.
        against_model, against_free: the cascade against the other model, and against the free one, adjusted together.
        recommended: it costs less than the other model with no loss beyond the margin, and is better than the free one.
    """

    free: str
    model: str
    kind: Kind
    in_use: bool
    alpha: float
    model_accuracy: float
    free_accuracy: float
    model_usd_per_1000: float | None
    threshold: float | None = None
    validation_share: float | None = None
    asked: float | None = None
    asked_interval: Bounds | None = None
    accuracy: float | None = None
    interval: Bounds | None = None
    usd_per_1000: float | None = None
    usd_interval: Bounds | None = None
    against_model: PairResult | None = None
    against_free: PairResult | None = None
    curve: tuple[CascadePoint, ...] = ()
    recommended: bool = False

    @property
    def free_alone(self) -> bool:
        """Whether the free model answered every validation row, so that the cascade is that model."""
        return self.validation_share == 1.0
