from __future__ import annotations

from fw_assets.classification.gate.label_check import LabelCheck, SeenLoss
from fw_assets.report.sections.deployment import label_check_text

SMALL = SeenLoss(label="joy", rows=88, loss=0.214)
LARGE = SeenLoss(label="fear", rows=24, loss=0.345)


def test_the_check_by_label_says_what_it_could_have_seen() -> None:
    check = LabelCheck(checked=9, left_out=2, blind=0, least=SMALL, most=LARGE)
    assert label_check_text(check) == (
        "9 labels were checked for losses of F1; 2 labels with fewer test rows were not. A loss of 21.4 points (joy, "
        "88 rows) to 34.5 points (fear, 24 rows) of recall would have been seen in each of them in 80 of 100 cases."
    )


def test_labels_in_which_no_loss_could_be_seen_are_said() -> None:
    check = LabelCheck(checked=2, left_out=0, blind=1, least=SMALL, most=SMALL)
    assert label_check_text(check) == (
        "2 labels were checked for losses of F1. A loss of 21.4 points (joy, 88 rows) of recall would have been seen "
        "in 80 of 100 cases. In 1 of them, with few rows or few right ones before, not even the loss of every right "
        "row would have been seen."
    )
    assert label_check_text(LabelCheck(checked=1, left_out=1, blind=1)) == (
        "1 label was checked for losses of F1; 1 label with fewer test rows was not. With so few rows or few right "
        "ones before, not even the loss of every right row would have been seen."
    )
    none = LabelCheck(checked=0, left_out=4, blind=0)
    assert label_check_text(none) == "No label has enough test rows to be checked for losses."
