from __future__ import annotations

from fw_assets.classification.labels.label_noise import LabelSuspects
from fw_assets.classification.values import Interval
from fw_assets.pipeline.ui.data_checks import noise_check, wrong_labels


def test_an_estimate_that_holds_the_models_own_mistakes_is_called_an_upper_figure() -> None:
    suspects = LabelSuspects(
        judged=4000,
        not_judged=0,
        doubted_train=1600,
        doubted_test=438,
        wrong=Interval(value=0.5095, low=0.495, high=0.52425),
        suspects=(),
    )
    said = wrong_labels(suspects)
    assert said == (
        "at most about 2,038 (1,980 to 2,097) of 4,000 labels are wrong, by a model of the other rows, whose own "
        "mistakes are in that figure"
    )
    check = noise_check("d", suspects)
    assert not check.passed
    assert "own mistakes" in str(check.description)
