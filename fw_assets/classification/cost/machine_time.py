"""Machine time: minutes of a language model's jobs and answers, by rows x tokens at the speed of the machine."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.classification.catalogue.model_speed import ModelSpeed
from fw_assets.classification.cost.ranges import Range, longest, total
from fw_assets.classification.cost.text_volumes import TextVolume
from fw_assets.classification.cost.token_estimates import TokenRatio
from fw_assets.classification.values import Frozen

_START_SECONDS = Range(low=3, expected=8, high=30)
"""Until a process has loaded the model."""
_SPREAD = {
    "jobs": Range(low=0.7, expected=1.0, high=1.6),
    "benchmark": Range(low=0.6, expected=1.0, high=2.0),
    "device": Range(low=0.5, expected=1.0, high=3.0),
}
"""Factors on a duration, by what the speed rests on; other programs on the machine are in the high ones."""


class Pace(Frozen):
    """Rows that a model answered, and the seconds that it took for them."""

    rows: int = 0
    seconds: float = 0.0

    def __add__(self, other: Pace) -> Pace:
        return Pace(rows=self.rows + other.rows, seconds=self.seconds + other.seconds)


NO_PACE = Pace()


def training_minutes(
    speed: ModelSpeed, ratio: TokenRatio, train: TextVolume, validation: TextVolume, epochs: int, *, chooses: bool
) -> Range:
    """Minutes of one job, which reads the validation rows after each epoch.

    Args:
        chooses: whether a job may choose how its labels are read.
    """
    trial = chooses and speed.rows_for_trial is not None and validation.rows >= speed.rows_for_trial
    passes = epochs + trial
    tokens = _row_tokens(ratio, train, whole=speed.trains_on_instructions)
    evaluated = _row_tokens(ratio, validation, whole=False)
    seconds = passes * (tokens / speed.trained_tokens + evaluated / speed.scored_tokens)
    return _minutes(seconds, speed)


def scoring_minutes(speed: ModelSpeed, ratio: TokenRatio, volume: TextVolume) -> Range:
    """Minutes of the answers to all rows, whose instructions are read once."""
    return _minutes(_row_tokens(ratio, volume, whole=False) / speed.scored_tokens, speed)


def measured_speed(speed: ModelSpeed, ratio: TokenRatio, volume: TextVolume, pace: Pace) -> ModelSpeed:
    """The speed after the base model has answered rows of `volume` at a pace.

    Training is as much faster or slower than foreseen as answering was, unless former jobs tell its speed.
    """
    if not pace.rows or not pace.seconds or not volume.rows:
        return speed
    scored = _row_tokens(ratio, volume, whole=False) / volume.rows * pace.rows / pace.seconds
    factor = 1.0 if speed.basis == "jobs" else scored / speed.scored_tokens
    changes = {"scored_tokens": scored, "trained_tokens": speed.trained_tokens * factor}
    return speed.model_copy(update=changes | {"basis": "jobs" if speed.basis == "jobs" else "benchmark"})


def side_by_side(jobs: Sequence[Range], parallel: int) -> Range:
    """Minutes of jobs that share a machine, of which so many go on at once."""
    return longest([*jobs, total(jobs).times(1 / parallel)])


def _row_tokens(ratio: TokenRatio, volume: TextVolume, *, whole: bool) -> float:
    tokens = ratio.training_tokens(volume).expected
    return tokens if whole else max(0.0, tokens - volume.system_tokens * ratio.scale)


def _minutes(seconds: float, speed: ModelSpeed) -> Range:
    spread = _SPREAD[speed.basis]
    return (_START_SECONDS + spread.times(seconds)).times(1 / 60)
