from __future__ import annotations

import pytest

from fw_assets.classification.near_names import did_you_mean

NAMES = ("dataset", "models", "text_column", "text_template", "label_column", "max_spend_usd")


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("modles", "did you mean models?"),
        ("MODEL", "did you mean models?"),
        ("text-column", "did you mean text_column?"),
        ("text", "did you mean text_column or text_template?"),
        ("max_spend_usd_per_run", "did you mean max_spend_usd?"),
        ("", ""),
        ("-", ""),
        ("frobnicate", ""),
    ],
)
def test_the_names_meant(name: str, question: str) -> None:
    assert did_you_mean(name, NAMES) == question
