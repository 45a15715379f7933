from __future__ import annotations

import pytest

from fw_assets.classification.errors import InputError
from fw_assets.classification.mistake_costs import check_costs, cost_matrix

LABELS = ("ham", "spam", "phishing")


def test_the_matrix_has_named_costs_ones_and_a_free_diagonal() -> None:
    matrix = cost_matrix({"spam": {"ham": 5, "phishing": 0}}, LABELS)
    assert matrix.tolist() == [[0, 1, 1, 1], [5, 0, 0, 1], [1, 1, 0, 1]]


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (
            {"spm": {"ham": 5}},
            "costs.spm: 'spm' is no label of this dataset; the labels are ham, spam, phishing. Did",
        ),
        ({"spam": {"hamm": 5}}, "costs.spam: 'hamm' is no label of this dataset"),
    ],
)
def test_an_unknown_label_is_refused_by_name(costs: dict[str, dict[str, float]], message: str) -> None:
    with pytest.raises(InputError) as raised:
        check_costs(costs, LABELS, multi_label=False)
    assert message in str(raised.value)
    check_costs({"spam": {"ham": 5}}, LABELS, multi_label=False)


def test_rows_of_several_labels_have_no_costs() -> None:
    with pytest.raises(InputError, match="rows have several labels here, and costs are those of one label"):
        check_costs({"spam": {"ham": 5}}, LABELS, multi_label=True)
