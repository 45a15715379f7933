"""Lines of a program that returns None where its model is not sure enough."""

from __future__ import annotations

from typing import NamedTuple

from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.scope.abstention import Abstention, abstention
from fw_assets.report.formatting import percent
from fw_assets.report.schema.confidence import ConfidenceResult


class Selective(NamedTuple):
    """When a program returns None: `wanted` is the precision that its threshold is for, None where it is for scope."""

    abstention: Abstention
    wanted: float | None


def selective_of(confidence: ConfidenceResult | None, scope_cutoff: float | None) -> Selective | None:
    """The program's threshold; None without any."""
    calibration, precise_from = None, None
    if confidence is not None:
        precise_from = confidence.threshold
        if confidence.helps:
            scale = {"temperature": confidence.temperature, "shift": confidence.shift}
            calibration = Calibration(**scale, rows=confidence.validation_rows, loss_before=0.0, loss_after=0.0)
    found = abstention(calibration, precise_from, scope_cutoff)
    if found.threshold is None:
        return None
    return Selective(found, None if found.of_scope or confidence is None else confidence.wanted_precision)


def return_none_below_threshold(selective: Selective) -> list[str]:
    """The lines after a chat `reply` whose tokens tell their log probabilities."""
    return none_below(selective, "sum(token.logprob for token in reply.choices[0].logprobs.content)")


def none_below(selective: Selective, logprob: str) -> list[str]:
    """The lines that return None, by the calibration of `classification/metrics/calibration.py`.

    Args:
        logprob: the expression for the answer's log probability; empty where the program has it as `logprob`.
    """
    calibrated = [
        "    raw = min(max(math.exp(logprob), 1e-6), 1 - 1e-6)",
        "    confidence = 1 / (1 + math.exp(-(math.log(raw / (1 - raw)) / TEMPERATURE + SHIFT)))",
    ]
    return [
        *([f"    logprob = {logprob}"] if logprob else []),
        *(calibrated if selective.abstention.calibration else ["    confidence = math.exp(logprob)"]),
        "    if confidence < THRESHOLD:",
        "        return None",
    ]


def threshold_lines(selective: Selective) -> list[str]:
    """The program's constants."""
    if selective.wanted is None:
        why = "# Below this confidence a text is taken to belong to no label, as the validation rows show."
    else:
        precision = percent(selective.wanted, 0)
        why = f"# From this confidence on, at least {precision} of the answers are right, as the validation rows show."
    scale, threshold = selective.abstention.calibration, selective.abstention.threshold
    if scale is None:
        return [why, f"THRESHOLD = {threshold:.6g}"]
    values = f"{scale.temperature:.6g}, {scale.shift:.6g}, {threshold:.6g}"
    return [why, f"TEMPERATURE, SHIFT, THRESHOLD = {values}"]
