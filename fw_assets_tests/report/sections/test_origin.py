from __future__ import annotations

import pytest

from fw_assets.report.sections.origin import data
from fw_assets_tests.report.samples import sample_report


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (0, "2, each kept on one side of the split"),
        (7, "2, none in training and validation both; variants of test rows stay in training"),
    ],
)
def test_groups_are_said_to_be_on_one_side_only_where_they_are(variants: int, said: str) -> None:
    report = sample_report()
    summary = report.data.model_copy(update={"variants_in_test": variants, "variants_in_train": 2 * variants})
    table = data(report.model_copy(update={"data": summary}))
    assert ("Near-duplicate groups", said) in table.rows
