"""Metrics of base models, fine-tuned models and baselines, and the usage that is paid for."""

from __future__ import annotations

from fw_assets.classification.arms.contextual_calibration import ContextualCalibration
from fw_assets.classification.baselines.baselines import BaselineScores
from fw_assets.classification.cost.machine_time import Pace
from fw_assets.classification.label_thresholds import LabelThresholds
from fw_assets.classification.metrics.confidence import ModelConfidence
from fw_assets.classification.metrics.latency import Latency
from fw_assets.classification.metrics.scores import Scores
from fw_assets.classification.request_form import RequestForm
from fw_assets.classification.selection.comparison import Comparison
from fw_assets.classification.values import Frozen
from fw_assets.pipeline.values.serving_path import ServingPath


class Usage(Frozen):
    """Requests and tokens of an evaluation; answers of an earlier run count, since they were paid for then."""

    requests: int
    prompt_tokens: int
    completion_tokens: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            requests=self.requests + other.requests,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


NO_USAGE = Usage(requests=0, prompt_tokens=0, completion_tokens=0)


class UnconstrainedSample(Frozen):
    """A few test rows asked without constrained decoding, and the same rows as they were evaluated.

    Attributes:
        supported: false if the platform refuses such requests for this model; `why` is its message.
        free: scores without constrained decoding.
    """

    rows: int
    supported: bool
    why: str = ""
    free: Scores | None = None
    constrained: Scores | None = None


class OrderControl(Frozen):
    """A few test rows asked as decisions a second time, with the labels in reverse order.

    Attributes:
        flipped: how many were answered otherwise.
    """

    rows: int
    flipped: int


class Baselines(Frozen):
    """Scores without a language model.

    Attributes:
        left_out: why the sentence encoder is none of them; empty where it is, and in values of earlier versions.
    """

    found: tuple[BaselineScores, ...]
    left_out: str = ""


class BaseMetrics(Frozen):
    """A base model, or an adapter that existed before, on the validation rows, which every choice reads, and on the
    test rows, which none does.

    Attributes:
        address: the `model` field of requests to it.
        path: how a deployment of its own serves it; None where it has none, or an earlier version made it.
        free: without constrained decoding.
        null_control: the model against itself on the test rows, the noise floor of comparisons.
        form: how an endpoint's server was asked; None for models of the platform.
        latency: of the test rows' requests, as they were asked; None in batch jobs and in values of earlier versions.
        pace: of the answers that came one by one; None from an earlier version.
        examples: how many each row had before it; None without.
        tried: the part of `usage` with other numbers of examples.
        thresholds: of decisions about several labels; None of other answers, and from an earlier version.
        calibration: whether the answers are calibrated, as the validation rows say; None of a model that publishes no
            calibration, and from an earlier version, where every language model's were.
    """

    model: str
    address: str
    deployment: str | None
    validation: Scores
    test: Scores
    usage: Usage
    trust: ModelConfidence | None = None
    free: UnconstrainedSample | None = None
    null_control: Comparison | None = None
    path: ServingPath | None = None
    order: OrderControl | None = None
    form: RequestForm | None = None
    latency: Latency | None = None
    pace: Pace | None = None
    examples: int | None = None
    tried: Usage = NO_USAGE
    calibration: ContextualCalibration | None = None
    thresholds: LabelThresholds | None = None


class TunedMetrics(Frozen):
    """A fine-tuned model on the same rows as its base, and the two compared on the test rows.

    `path` is how its deployment serves it; None where an earlier version deployed it, or nothing has. `thresholds` are
    those of decisions about several labels.
    """

    model: str
    tuned_model: str
    deployment: str
    address: str
    validation: Scores
    test: Scores
    comparison: Comparison
    usage: Usage
    trust: ModelConfidence | None = None
    free: UnconstrainedSample | None = None
    path: ServingPath | None = None
    order: OrderControl | None = None
    latency: Latency | None = None
    thresholds: LabelThresholds | None = None


class CurvePoint(Frozen):
    """The test scores after training on a share of the training rows."""

    share: float
    rows: int
    test: Scores
    model: str


def prediction_kind(share: float) -> str:
    """The kind under which the predictions of a model are stored that was trained on a share of the training rows."""
    return "tuned" if share == 1 else f"tuned-on-{round(100 * share)}pct"


class LearningCurve(Frozen):
    """Smallest share first; the last point is the finalist itself."""

    points: tuple[CurvePoint, ...]
