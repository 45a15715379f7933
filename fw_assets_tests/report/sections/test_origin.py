from __future__ import annotations

import pytest

from fw_assets.classification.session import Session
from fw_assets.report.formatting import Quoted
from fw_assets.report.sections.answer import question
from fw_assets.report.sections.origin import data, provenance, settings
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


def test_the_server_that_answered_for_the_platform_is_named() -> None:
    report = sample_report()
    first, *others = report.candidates
    there = first.model_copy(update={"answered_by": "http://gpu:8000"})
    row = ("Answered by a server", Quoted(f"{first.model.rsplit('/', 1)[-1]} at http://gpu:8000"))
    assert row in provenance(report.model_copy(update={"candidates": (there, *others)})).rows
    assert row not in provenance(report).rows


def test_models_at_endpoints_are_among_the_settings_and_in_the_question() -> None:
    report = sample_report()
    fields = report.asked.model_dump(exclude_unset=True) | {
        "endpoints": {"gpt": {"url": "https://api.example/v1", "model": "gpt-small"}},
        "mode": "benchmark",
    }
    asked = report.model_copy(update={"asked": Session.model_validate(fields)})
    assert ("Endpoint", "gpt: gpt-small at https://api.example/v1") in settings(asked).rows
    assert "gpt" in question(asked)
    assert "Endpoint" not in [row[0] for row in settings(report).rows]
