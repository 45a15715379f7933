from __future__ import annotations

import pytest

from fw_assets.report import figures


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.percent(0.583), "58.3%"),
        (figures.percent(None), "n/a"),
        (figures.percent_range((0.566, 0.6014)), "56.6–60.1%"),
        (figures.points(0.332), "+33.2"),
        (figures.points(-0.041), "−4.1"),
        (figures.points(-0.0001), "0.0"),
        (figures.points_range((-0.012, 0.034)), "−1.2 to +3.4"),
        (figures.p_value(1e-12), "p < 0.0001"),
        (figures.p_value(0.0132), "p = 0.01"),
        (figures.p_value(0.0042), "p = 0.0042"),
        (figures.p_value(1.0), "p = 1"),
        (figures.usd(1234.5), "$1,234.50"),
        (figures.usd(-0.343, 4), "−$0.3430"),
        (figures.usd(None), "unknown"),
        (figures.usd_roughly(0.0042), "$0.0042"),
        (figures.usd_roughly(0.0), "$0.00"),
        (figures.learning_rate(1.5e-4), "1.5e-4"),
        (figures.learning_rate(5e-05), "5e-5"),
        (figures.plural(1, "row"), "1 row"),
        (figures.plural(3080, "row"), "3,080 rows"),
        (figures.short("accounts/fireworks/models/qwen3-8b"), "qwen3-8b"),
        (figures.clip("one\ntwo three", 8), "one two…"),
    ],
)
def test_how_figures_are_written(written: str, expected: str) -> None:
    assert written == expected


def test_money_shows_cents_only_when_they_are_whole() -> None:
    assert figures.usd_digits([0.5, None, 1.25]) == 2
    assert figures.usd_digits([0.5, 0.0021]) == 4
