from __future__ import annotations

import pytest

from fw_assets.report.schema.comparison import PairResult
from fw_assets.report.sections.pairs import standing
from fw_assets_tests.report.samples import sample_report


@pytest.mark.parametrize(("others", "said"), [(1, "The other one is worse"), (2, "Every other one is worse")])
def test_a_model_that_is_ahead_of_all_others_is_said_to_be(others: int, said: str) -> None:
    report = sample_report()
    names = [item.model.rsplit("/", 1)[-1] for item in report.candidates[: others + 1]]
    pairs = tuple(
        PairResult.model_validate(
            {"first": name, "first_kind": "base", "second": names[0], "second_kind": "base", "verdict": "better"}
            | {"difference": 0.2, "interval": (0.1, 0.3), "level": 0.05, "p_value": 0.001, "adjusted_p_value": 0.001}
            | {"gained": 9, "lost": 1, "rows": 50, "groups": 50, "margin": 0.02}
        )
        for name in names[1:]
    )
    assert standing(report.model_copy(update={"pairs": pairs}), report.candidates[0]).startswith(said)
