"""Evaluation of one model, as it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.cost.machine_time import NO_PACE, Pace
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.request_form import RequestForm
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.pipeline.evaluation.endpoint import Endpoint
from fw_assets.pipeline.values.evaluation import NO_USAGE, OrderControl, UnconstrainedSample, Usage


@dataclass(frozen=True)
class Evaluation:
    """One model on the parts that it was asked for.

    Attributes:
        form: how an endpoint's server was asked.
        examples: how many each row had before it; None without.
        tried: the part of the usage with other numbers of examples.
        calibration: of a model that publishes one, what the validation rows say of it.
        thresholds: of several labels, where it told a probability for each.
        latency: of the requests for the last part; None where none was timed.
    """

    endpoint: Endpoint
    scores: Mapping[str, Scores]
    usage: Usage
    confidence: ModelConfidence | None = None
    unconstrained: UnconstrainedSample | None = None
    null_control: Comparison | None = None
    order: OrderControl | None = None
    form: RequestForm | None = None
    pace: Pace = NO_PACE
    examples: int | None = None
    tried: Usage = NO_USAGE
    latency: Latency | None = None
    calibration: ContextualCalibration | None = None
    thresholds: LabelThresholds | None = None

    @property
    def validation(self) -> Scores:
        """The scores on the validation rows."""
        return self.scores["validation"]

    @property
    def test(self) -> Scores:
        """The scores on the test rows."""
        return self.scores["test"]
