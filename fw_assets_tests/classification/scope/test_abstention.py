"""Abstention: the higher of two thresholds on one scale, for one answer as for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw_assets.classification.errors import InputError
from fw_assets.classification.metrics.calibration import Calibration
from fw_assets.classification.scope.abstention import Abstention, abstention

shares = st.floats(0.001, 0.999)
CALIBRATION = Calibration(temperature=2.0, shift=-0.5, rows=100, loss_before=0.5, loss_after=0.4)


@given(shares, shares, shares, st.booleans())
def test_an_answer_is_left_to_a_person_where_either_threshold_leaves_it(
    confidence: float, precise_from: float, cutoff: float, fitted: bool
) -> None:
    calibration = CALIBRATION if fitted else None
    both = abstention(calibration, precise_from, cutoff)
    calibrated = both.calibrated(confidence)
    assert calibrated is not None
    assert both.apply(np.array([confidence]))[0] == calibrated
    either = [abstention(calibration, precise_from), abstention(calibration, None, cutoff)]
    assert both.abstains(calibrated) == any(one.abstains(calibrated) for one in either)
    assert either[1].abstains(calibrated) == (confidence < cutoff) or abs(confidence - cutoff) < 1e-9


def test_without_a_confidence_or_a_threshold_nothing_is_left() -> None:
    assert not Abstention().abstains(0.0)
    assert not abstention(None, 0.9).abstains(None)
    assert abstention(None, 0.9).calibrated(None) is None


def test_a_person_s_threshold_takes_the_place_of_both() -> None:
    chosen = abstention(CALIBRATION, 0.3, 0.99)
    assert chosen.of_scope
    assert chosen.at(None) == chosen
    assert chosen.at(0).threshold is None
    assert (chosen.at(0.5).threshold, chosen.at(0.5).of_scope) == (0.5, False)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="from 0 to 1"):
            chosen.at(wrong)
