"""Cost of 1,000 answers: a deployment's hours at a stated traffic, or what the requests of an evaluation cost."""

from __future__ import annotations

import pytest

from fw_assets.classification.cost.ledger import LedgerEntry
from fw_assets.classification.metrics.scores import score
from fw_assets.classification.selection.comparison import compare
from fw_assets.pipeline.reporting.diagnostics import cost_points
from fw_assets.pipeline.values.evaluation import BaseMetrics, TunedMetrics, Usage
from fw_assets_tests.report.workflow import answers, planned


@pytest.mark.parametrize("traffic", [1, 1_000, 250_000])
@pytest.mark.parametrize("requests", [50, 781, 7810])
def test_a_deployment_costs_the_same_however_many_rows_were_asked(requests: int, traffic: int) -> None:
    plan, prompt, rows = planned()
    slug = plan.models[0].slug
    predictions = answers(prompt, rows, 0.8, 1)
    test = score(predictions, plan.label_set.labels, multi_label=False)
    usage = Usage(requests=requests, prompt_tokens=0, completion_tokens=0)
    model, address = plan.models[0].name, "accounts/me/deployments/d"
    base = BaseMetrics(model=model, address=model, deployment=None, validation=test, test=test, usage=usage)
    compared = compare(predictions, predictions, labels=plan.label_set.labels, resamples=0)
    tuned = TunedMetrics(
        model=model,
        tuned_model=model,
        deployment=address,
        address=address,
        validation=test,
        test=test,
        comparison=compared,
        usage=usage,
    )
    entries = [
        LedgerEntry(key=f"{stage}-evaluation/{slug}", id=stage, quantity=1, unit="hours", usd=0.25, at="1")
        for stage in ("base", "tuned")
    ]
    serverless, served = cost_points({slug: base}, {slug: tuned}, (), entries, plan.estimate, traffic)
    assert (serverless.kind, served.kind) == ("base", "tuned")
    assert serverless.usd_per_1000 == pytest.approx(250 / requests)
    (line,) = [item for item in plan.estimate.lines if item.key == f"tuned-evaluation/{slug}"]
    (hours,) = [part for part in line.parts if part.unit == "hours"]
    assert hours.price.per_unit is not None
    assert served.usd_per_1000 == pytest.approx(1000 * hours.price.per_unit / traffic)
    assert (serverless.rows_per_hour, served.rows_per_hour) == (None, traffic)
