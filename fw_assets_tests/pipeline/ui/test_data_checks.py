from __future__ import annotations

from fw_assets.classification.labels.label_noise import LabelSuspects, Suspect
from fw_assets.classification.values import Interval
from fw_assets.pipeline.ui.data_checks import noise_check, suspect_rows, wrong_labels
from fw_assets.pipeline.ui.metadata import table


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


def test_long_labels_of_doubted_rows_are_shown_whole() -> None:
    label, other = "wrong_exchange_rate", "pending_card_payment"
    suspect = Suspect(
        part="train", rank=1, id="train:1435", labels=(label,), suggested=other, margin=2.0, text="Where is my cash now"
    )
    doubted = LabelSuspects(judged=9, not_judged=0, doubted_train=1, doubted_test=0, wrong=None, suspects=(suspect,))
    (row,) = table(suspect_rows(doubted)).records
    assert row.data["label or other, and text"] == f"{label} or {other}? “Where is my cash now”"
