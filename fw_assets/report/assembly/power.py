"""Power of the test on the test rows, at the discordance that was observed on them."""

from __future__ import annotations

from collections.abc import Sequence

from fw_assets.report.assembly.candidates import CandidateInputs, same_model
from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.schema.power import PowerResult, power_result


def observed_power(
    choice: PairResult | None, pairs: Sequence[PairResult], candidates: Sequence[CandidateInputs] = ()
) -> PowerResult | None:
    """With the discordance of the choice, or without one of the two most accurate models; None without any pair."""
    pair = choice or next(iter(pairs), None)
    if pair is None or not pair.rows:
        return None
    groups = pair.groups or pair.rows
    return power_result(
        int((pair.effective_groups or groups) + 1e-9),
        (pair.gained + pair.lost) / pair.rows,
        pair.level,
        observed=True,
        groups=groups,
        accuracy=_accuracy(pair, candidates),
    )


def _accuracy(pair: PairResult, candidates: Sequence[CandidateInputs]) -> float | None:
    """The accuracy of the first model on the test rows."""
    for item in candidates:
        scores = item.tuned_scores if pair.first_kind == "tuned" else item.base_scores
        if same_model(item.model, pair.first) and scores is not None:
            return scores.headline.value
    return None
