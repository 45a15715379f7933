from __future__ import annotations

import pytest

from fw_assets.report import formatting


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.percent(0.583), "58.3%"),
        (formatting.percent(None), "n/a"),
        (formatting.percent_range((0.566, 0.6014)), "56.6–60.1%"),
        (formatting.points(0.332), "+33.2"),
        (formatting.points(-0.041), "−4.1"),
        (formatting.points(-0.0001), "0.0"),
        (formatting.points_range((-0.012, 0.034)), "−1.2 to +3.4"),
        (formatting.p_value(1e-12), "p < 0.0001"),
        (formatting.p_value(0.0132), "p = 0.01"),
        (formatting.p_value(0.0042), "p = 0.0042"),
        (formatting.p_value(1.0), "p = 1"),
        (formatting.usd(1234.5), "$1,234.50"),
        (formatting.usd(-0.343, 4), "−$0.3430"),
        (formatting.usd(None), "unknown"),
        (formatting.usd_roughly(0.0042), "$0.0042"),
        (formatting.usd_roughly(0.0), "$0.00"),
        (formatting.learning_rate(1.5e-4), "1.5e-4"),
        (formatting.learning_rate(5e-05), "5e-5"),
        (formatting.plural(1, "row"), "1 row"),
        (formatting.plural(3080, "row"), "3,080 rows"),
        (formatting.short("accounts/fireworks/models/qwen3-8b"), "qwen3-8b"),
        (formatting.clip("one\ntwo three", 8), "one two…"),
    ],
)
def test_how_figures_are_written(written: str, expected: str) -> None:
    assert written == expected


def test_money_shows_cents_only_when_they_are_whole() -> None:
    assert formatting.usd_digits([0.5, None, 1.25]) == 2
    assert formatting.usd_digits([0.5, 0.0021]) == 4


def test_long_lists_are_cut() -> None:
    assert formatting.listing(["a"]) == "a"
    assert formatting.listing(["a", "b", "c"]) == "a, b and c"
    assert formatting.listing(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_sentences_are_written_as_the_report_writes_figures() -> None:
    assert formatting.typeset("down -3.2 points, 95 % interval -4.0 to -1 (qwen3-8b)") == (
        "down −3.2 points, 95% interval −4.0 to −1 (qwen3-8b)"
    )
    assert formatting.typeset("a\ud800b") == "a?b"
