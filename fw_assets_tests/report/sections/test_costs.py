from __future__ import annotations

from typing import Any

import pytest

from fw_assets.classification.cost.ledger import DATASET_COUNT, NO_QUANTITY, PLATFORM_ESTIMATE
from fw_assets.report.rendering.html import render_html
from fw_assets.report.rendering.markdown import render_markdown
from fw_assets.report.schema.cost import BilledItem, Billing, Cost, CostEntry, CostPoint
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.costs import cost_basis, cost_notes, is_free, spending
from fw_assets_tests.report.samples import sample_report


def test_unknown_prices_are_never_zero() -> None:
    report = sample_report(
        cost=Cost(
            lines=(CostEntry(line="a", stage="sweep", estimated_usd=None, actual_usd=None),),
            estimated_usd=0.0,
            actual_usd=0.0,
            estimated_complete=False,
            actual_complete=False,
        )
    )
    assert spending(report).startswith("$0.00 or more (a price is unknown); the plan said $0.00 or more.")
    assert "| `a` |  | unknown | unknown | unknown | unknown |" in render_markdown(report)


def test_the_bill_of_the_platform_stands_beside_the_ledger() -> None:
    report = sample_report()
    item = BilledItem(category="Fine-Tuning", name="char-ngram", quantity=167_808, usd=0.084)
    billed = Billing(first_day="2026-11-26", last_day="2026-11-27", usd=0.084, items=(item,))
    told = report.model_copy(update={"cost": report.cost.model_copy(update={"billed": billed})})
    for text in (render_markdown(told), render_html(told)):
        assert "own bill of the account for 2026-11-26 to 2026-11-27 (UTC) says $0.08" in text.replace("&#39;", "'")
        assert "167,808" in text
    assert Report.model_validate_json(told.model_dump_json()).cost.billed == billed
    for text in (render_markdown(report), render_html(report)):
        assert "own bill of the account" not in text


def test_an_amount_that_is_no_count_at_its_price_is_named() -> None:
    entry = CostEntry(line="sweep/m", stage="sweep", estimated_usd=1.0, actual_usd=2.0)
    told = entry.model_copy(update={"note": f"{PLATFORM_ESTIMATE}; {DATASET_COUNT}"})
    silent = entry.model_copy(update={"note": NO_QUANTITY, "quantity_estimated": True})
    notes = cost_notes(sample_report(cost=Cost(lines=(told, entry), estimated_usd=2.0, actual_usd=4.0)))
    assert [str(note) for note in notes] == [
        "Paid at the platform's own estimate, above the price of the tokens: sweep/m.",
        "Paid at the platform's count of the dataset's tokens, times the epochs: sweep/m.",
    ]
    (note,) = cost_notes(sample_report(cost=Cost(lines=(silent,), estimated_usd=1.0, actual_usd=2.0)))
    assert "did not say how many tokens it trained on" in note


@pytest.mark.parametrize(("traffic", "said"), [(1_000, "$0.0040"), (1, "$4.0000"), (250_000, "under $0.0001")])
def test_a_deployment_has_a_price_at_the_traffic_of_the_session(traffic: int, said: str) -> None:
    report = sample_report()
    deployment = report.deployment.model_copy(update={"decision": "deployed", "usd_per_hour": 0.004})
    asked = report.asked.model_copy(update={"traffic": traffic})
    text = spending(report.model_copy(update={"deployment": deployment, "asked": asked}))
    rows = "1 row" if traffic == 1 else f"{traffic:,} rows"
    assert f"({said} for 1,000 answers at {rows} an hour)" in text


@pytest.mark.parametrize("rate", [None, 4.0])
@pytest.mark.parametrize("adopted", [False, True])
def test_a_deployment_of_somebody_elses_making_is_not_said_to_scale_to_zero(rate: float | None, adopted: bool) -> None:
    report = sample_report()
    update = {"decision": "deployed", "usd_per_hour": rate, "adopted": adopted}
    text = spending(report.model_copy(update={"deployment": report.deployment.model_copy(update=update)}))
    assert "while it runs" in text
    assert text.endswith(".")
    assert ("scales to zero when idle" in text) != adopted


def test_the_table_of_costs_says_its_traffic() -> None:
    point = CostPoint(
        name="m", kind="tuned", accuracy=0.9, interval=(0.8, 1.0), usd_per_1000=0.08, rows_per_hour=50_000.0
    )
    assert "by its hours at 50,000 rows an hour; others" in cost_basis(sample_report(costs=(point,)))
    assert cost_basis(sample_report()).startswith("All are priced by")


def test_nothing_is_said_of_money_where_everything_is_free() -> None:
    free = CostPoint(name="m", kind="tuned", accuracy=0.9, interval=(0.8, 1.0), usd_per_1000=0.0)
    report = sample_report(costs=(free, free))
    assert is_free(report)
    for text in (render_markdown(report), render_html(report).split("<main")[1].split("<script")[0]):
        said = text.lower()
        for word in ("$0", "cost against accuracy", "what did it cost", "dominated", ">cost<", "## cost", "priced"):
            assert word not in said


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_price": 1.0},
        {"costs": (CostPoint(name="m", kind="tuned", accuracy=0.9, interval=(0.8, 1.0), usd_per_1000=0.08),)},
        {"costs": (CostPoint(name="m", kind="tuned", accuracy=0.9, interval=(0.8, 1.0), usd_per_1000=None),)},
        {"cost": Cost(lines=(), estimated_usd=0.0, actual_usd=0.0, actual_complete=False)},
    ],
)
def test_whatever_may_cost_something_is_shown(changes: dict[str, Any]) -> None:
    report = sample_report(**changes)
    assert not is_free(report)
    assert "What did it cost?" in render_markdown(report)
    assert "## Cost" in render_markdown(report)
    assert 'id="cost"' in render_html(report)
