from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

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


class CountedLabels(tuple[str, ...]):
    """Labels that know how often they were gone through."""

    def __new__(cls, labels: Iterable[str]) -> Self:
        made = super().__new__(cls, labels)
        made.passes = 0
        return made

    passes: int

    def __iter__(self) -> Iterator[str]:
        self.passes += 1
        return super().__iter__()


def test_unknown_labels_are_all_counted_and_only_those_shown_are_searched_for() -> None:
    labels = CountedLabels(f"label {number}" for number in range(50))
    costs = {f"lable {true}": {f"lable {given}": 2.0 for given in range(100)} for true in range(100)}
    with pytest.raises(InputError) as raised:
        check_costs(costs, labels, multi_label=False)
    assert raised.value.total == 100 * 101
    assert "costs.lable 0: 'lable 0' is no label of this dataset" in str(raised.value)
    assert "Did you mean label 0?" in str(raised.value)
    assert "... and 10,080 more" in str(raised.value).replace("10080", "10,080")
    assert labels.passes <= 2 * InputError.MAX_SHOWN

    once = CountedLabels(labels)
    with pytest.raises(InputError):
        check_costs({f"label {number}": {"lable 7": 2.0} for number in range(20)}, once, multi_label=False)
    assert once.passes <= 4, "one label that is unknown is searched for once"


def test_rows_of_several_labels_have_no_costs() -> None:
    with pytest.raises(InputError, match="rows have several labels here, and costs are those of one label"):
        check_costs({"spam": {"ham": 5}}, LABELS, multi_label=True)
