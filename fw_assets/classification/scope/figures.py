"""Figures of rejecting rows that belong to no label: by the reject label, and by a threshold from validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from fw_assets.classification.clusters import ClusterCounter
from fw_assets.classification.intervals import normal_quantile, wilson
from fw_assets.classification.scope.auroc import auroc
from fw_assets.classification.scope.scope_rows import SCORES, Flags, ScopeRows, Values
from fw_assets.classification.values import Frozen, Interval

Way = Literal["reject-label", "threshold"]
WAYS: tuple[Way, ...] = get_args(Way)
FOLDS = 5
FALSE_REJECTS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of in-scope validation rows that thresholds of the curve reject."""


class RejectRates(Frozen):
    """Share of the out-of-scope rows that are rejected, and of the in-scope rows that are, wrongly."""

    recall: Interval
    false_rejects: Interval


class RejectThreshold(Frozen):
    """A confidence below which rows are rejected, and what that does to test rows; `wanted`: of a point of the curve,
    the share of the in-scope validation rows that it rejects."""

    threshold: float
    test: RejectRates
    wanted: float | None = None


class ConfidenceAuroc(Frozen):
    """The AUROC of one confidence (`SCORES`) on test rows."""

    score: str
    auroc: Interval


class ScopeFigures(Frozen):
    """How well one model tells rows that belong to no label.

    Attributes:
        validation_rows, test_rows: in-scope and out-of-scope rows.
        aurocs: of each confidence, on the test rows.
        threshold: with the best balanced accuracy on the validation rows; None without confidences or without such
            rows. Confidences are the model's own, not calibrated.
        curve: thresholds that reject given shares of the in-scope validation rows.
        reject_label: what the answers do to the test rows where a label stands for none; None where there is none.
        validation: each way on the validation rows, the threshold on folds that it was not chosen on.
        difference: balanced accuracy on the validation rows, threshold minus reject label.
        better: the way that is chosen; None where there is no way.
    """

    validation_rows: tuple[int, int]
    test_rows: tuple[int, int]
    aurocs: tuple[ConfidenceAuroc, ...] = ()
    threshold: RejectThreshold | None = None
    curve: tuple[RejectThreshold, ...] = ()
    reject_label: RejectRates | None = None
    validation: dict[Way, RejectRates]
    difference: Interval | None = None
    better: Way | None = None

    @property
    def cutoff(self) -> float | None:
        """The confidence below which a row is rejected, where that is what was chosen."""
        return self.threshold.threshold if self.threshold is not None and self.better == "threshold" else None


def scope_figures(validation: ScopeRows, test: ScopeRows, *, has_reject_label: bool) -> ScopeFigures | None:
    """The figures of one model; None where neither part has an out-of-scope row."""
    if not validation.is_out.any() and not test.is_out.any():
        return None
    ways: dict[Way, Flags] = {}
    if _both_kinds(validation):
        if has_reject_label:
            ways["reject-label"] = validation.says_none
        if (crossed := _cross_fitted(validation)) is not None:
            ways["threshold"] = crossed
    chosen = None
    if "threshold" in ways:
        level = best_threshold(validation.scores["label"], validation.is_out)
        chosen = RejectThreshold(threshold=level, test=_rates(test, _below(test, level)))
    difference = _difference(validation, ways) if len(ways) == len(WAYS) else None
    better: Way | None = next(iter(ways), None)
    if difference is not None:
        better = "threshold" if difference.value > 0 else "reject-label"
    return ScopeFigures(
        validation_rows=_sizes(validation),
        test_rows=_sizes(test),
        aurocs=_aurocs(test),
        threshold=chosen,
        curve=_curve(validation, test) if chosen else (),
        reject_label=_rates(test, test.says_none) if has_reject_label else None,
        validation={way: _rates(validation, rejected) for way, rejected in ways.items()},
        difference=difference,
        better=better,
    )


def best_threshold(score: Values, is_out: Flags) -> float:
    """The threshold with the best mean of recall and of in-scope rows kept; of equal ones the one that rejects least.

    Rows without a score are left out; there have to be rows of both kinds with one.
    """
    usable = ~np.isnan(score)
    score, is_out = score[usable], is_out[usable]
    levels = np.unique(score)
    edges = np.concatenate([levels[:1], (levels[1:] + levels[:-1]) / 2])
    out, within = np.sort(score[is_out]), np.sort(score[~is_out])
    gain = np.searchsorted(out, edges) / out.size - np.searchsorted(within, edges) / within.size
    return float(edges[int(gain.argmax())])


def _both_kinds(rows: ScopeRows) -> bool:
    return bool(rows.is_out.any() and not rows.is_out.all())


def _below(rows: ScopeRows, threshold: float) -> Flags:
    """The rows that a threshold rejects; an answer that is no label is rejected whatever its confidence."""
    return np.asarray(~(rows.scores["label"] >= threshold))


def _cross_fitted(rows: ScopeRows) -> Flags | None:
    """What thresholds reject that were chosen on the other folds of whole groups; None where these lack a kind."""
    rejected = np.zeros(rows.is_out.size, np.bool_)
    fold = np.empty(rows.is_out.size, np.int64)
    usable = ~np.isnan(rows.scores["label"])
    for kind in (rows.is_out, ~rows.is_out):
        fold[kind] = np.unique(rows.groups[kind], return_inverse=True)[1] % FOLDS
    for number in range(FOLDS):
        held, others = fold == number, (fold != number) & usable
        if not rows.is_out[others].any() or rows.is_out[others].all():
            return None
        level = best_threshold(rows.scores["label"][others], rows.is_out[others])
        rejected[held] = ~(rows.scores["label"][held] >= level)
    return rejected


def _rates(rows: ScopeRows, rejected: Flags) -> RejectRates:
    shares = []
    for kind in (rows.is_out, ~rows.is_out):
        counter = ClusterCounter()
        counter.add(rows.groups[kind], rejected[kind])
        sums = counter.sums()
        hits, number = int(sums.hits[0]), int(sums.rows[0])
        shares.append(wilson(hits, number, design_effect=float(sums.design_effects()[0]) if number else 1.0))
    return RejectRates(recall=shares[0], false_rejects=shares[1])


def _difference(rows: ScopeRows, ways: dict[Way, Flags]) -> Interval:
    """Balanced accuracy of the threshold minus that of the reject label, row by row, with a normal interval.

    The variance of each kind is summed by group, and at least that of one more row on which the two differ.
    """
    gains = (ways["threshold"] == rows.is_out).astype(np.float64) - (ways["reject-label"] == rows.is_out)
    value, variance = 0.0, 0.0
    for kind in (rows.is_out, ~rows.is_out):
        gain = gains[kind]
        mean = float(gain.mean())
        _, unit = np.unique(rows.groups[kind], return_inverse=True)
        sums = np.bincount(unit, weights=gain - mean)
        value += mean / 2
        variance += max(float((sums**2).sum()), 1.0) / gain.size**2 / 4
    half = normal_quantile(0.95) * variance**0.5
    return Interval(value=value, low=max(-1.0, value - half), high=min(1.0, value + half))


def _aurocs(test: ScopeRows) -> tuple[ConfidenceAuroc, ...]:
    found = [(name, auroc(test.scores[name], test.is_out, test.groups)) for name in SCORES if name in test.scores]
    return tuple(ConfidenceAuroc(score=name, auroc=value) for name, value in found if value is not None)


def _curve(validation: ScopeRows, test: ScopeRows) -> tuple[RejectThreshold, ...]:
    within = validation.scores["label"][~validation.is_out]
    within = within[~np.isnan(within)]
    levels: Sequence[float] = np.quantile(within, FALSE_REJECTS, method="lower").tolist()
    return tuple(
        RejectThreshold(threshold=level, test=_rates(test, _below(test, level)), wanted=wanted)
        for wanted, level in zip(FALSE_REJECTS, levels, strict=True)
    )


def _sizes(rows: ScopeRows) -> tuple[int, int]:
    return int((~rows.is_out).sum()), int(rows.is_out.sum())
