"""Words and severity of the nightly checks."""

from __future__ import annotations

import dagster as dg
import pytest

from fw_assets.classification.selection.nightly_checks import NightlyChecks, check_nights
from fw_assets.pipeline.ui.regression_checks import regression_checks
from fw_assets.pipeline.values.regression import Regression, ServedModel
from fw_assets.report.plots.nights import nights_chart
from fw_assets_tests.classification.selection.test_nightly_checks import Change, check, frame, usual

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def results(checks: NightlyChecks, *changes: str) -> dict[str, dg.AssetCheckResult]:
    result = Regression(
        date=checks.nights[-1].date,
        deployment="accounts/me/deployments/one",
        predictions=("tickets", "predictions", "regression.parquet"),
        checks=checks,
        served=ServedModel(model="one"),
        served_since="2026-03-01",
        served_changes=changes,
    )
    return {str(item.check_name): item for item in regression_checks("tickets", result)}


def lost(row: int, gold: str, generator: object) -> str | None:
    return "returns" if gold != "returns" and row % 10 == 0 else gold


def test_everything_passes_where_nothing_changed() -> None:
    told = results(check(usual))
    assert all(item.passed for item in told.values())
    assert "8 nights since 2026-03-01" in str(told["regression"].description)
    assert "No loss of more than 0.25 points shown" in str(told["regression"].description)
    assert told["served_model"].description == "tickets: one, as on 2026-03-01."


def test_a_loss_is_an_error_that_says_since_when_how_much_how_sure_and_what_to_do() -> None:
    def worse(row: int, gold: str, generator: object) -> str | None:
        return "returns" if row % 10 == 0 and gold != "returns" else usual(row, gold, generator)  # type: ignore[arg-type]

    told = results(check(worse))["regression"]
    assert (told.passed, told.severity) == (False, ERROR)
    for part in (
        "points",
        "A loss is shown since 2026-03-0",
        "fewer than 4% of the deployments",
        "send no traffic there",
    ):
        assert part in str(told.description)


@pytest.mark.parametrize("change", [lambda row, gold, generator: gold, lost])
def test_no_change_for_the_better_is_an_error(change: Change) -> None:
    """The second loses a tenth of one kind of rows and gains more of another."""
    for item in results(check(change), "model one -> two").values():
        assert item.passed or item.severity == WARN, item


def test_lost_coverage_is_an_error_unless_more_rows_are_right_all_the_same() -> None:
    worse = results(check(lambda row, gold, chance: None if row % 25 == 0 else usual(row, gold, chance)))["coverage"]
    assert (worse.passed, worse.severity) == (False, ERROR)
    better = results(check(lambda row, gold, generator: None if row % 25 == 0 else gold))["coverage"]
    assert (better.passed, better.severity) == (False, WARN)


def test_another_model_warns() -> None:
    told = results(check(usual), "model one -> two")["served_model"]
    assert (told.passed, told.severity) == (False, WARN)
    assert "served is something else than on 2026-03-01: model one -> two" in str(told.description)


def test_the_chart_shows_every_night_and_the_accepted_accuracy() -> None:
    checks = check(usual, nights=5)
    chart = nights_chart(checks.right, checks.nights)
    assert chart.count("<circle") == 5
    assert "accepted:" in chart
    assert "2026-03-05: " in chart
    one = check_nights(frame(usual, 0), [("2026-03-01", frame(usual, 1))])  # type: ignore[list-item]
    assert nights_chart(one.right, one.nights).count("<circle") == 1
