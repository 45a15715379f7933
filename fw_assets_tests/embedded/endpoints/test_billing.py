"""The bill at rehearsed prices: jobs, tokens and hours by whole days."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from fw_assets.embedded.store.embedded_platform import open_platform
from fw_assets.embedded.store.usage_counter import usage_counter
from fw_assets_tests.embedded.conftest import Client, grammar, labelled_rows, wait

MODEL = "accounts/fireworks/models/char-ngram"
PRICES = {"inference-input": 1e6, "inference-output": 2e6, "training": 1e6, "deployment-hour": 3600.0}
PATH = "/v1/accounts/local/billing/summary"


def period(days: int = 1) -> str:
    today = dt.datetime.now(dt.UTC).date()
    return f"?startTime={today}T07:18:29Z&endTime={today + dt.timedelta(days=days)}T00:00:00Z"


def charge(client: Client, model: str = MODEL, factor: float = 1.0) -> None:
    """Add the prices of a model to the platform's list."""
    units, file = {"deployment-hour": "hour"}, client.home / "prices.json"
    prices = json.loads(file.read_text())["prices"] if file.exists() else []
    prices += [
        {"model": model, "item": item, "unit": units.get(item, "1M tokens"), "usd": usd * factor}
        for item, usd in PRICES.items()
    ]
    file.write_text(json.dumps({"prices": prices}))


def usd(item: dict[str, Any]) -> float:
    """The total of a line item."""
    return int(item["totalCost"]["units"]) + int(item["totalCost"]["nanos"]) / 1e9


def deploy(client: Client, window: str) -> str:
    """The full name of a deployment that is ready."""
    body = {"baseModel": MODEL, "deploymentShape": "default", "autoscalingPolicy": {"scaleToZeroWindow": window}}
    name: str = client.post("/v1/accounts/local/deployments?deploymentId=d", body)["name"]
    wait(lambda: client.get(f"/v1/{name}"), lambda item: bool(item["state"] == "READY"))
    return name


def test_everything_that_has_a_price_is_billed_on_its_day(client: Client) -> None:
    charge(client)
    client.dataset("train", labelled_rows())
    client.job("j")
    job = client.finished("j")
    question = {"model": MODEL, "messages": [{"role": "user", "content": "the app crashed"}]}
    answer = client.post("/inference/v1/chat/completions", question | {"response_format": grammar("a", "b")})
    usage = answer["usage"]
    items = client.get(f"{PATH}{period()}")["lineItems"]
    billed = {(item["category"], item["groupingValue"]): item["totalCost"] for item in items[:1]}
    assert billed == {("Fine-Tuning", "char-ngram"): job["estimatedCost"]}
    tokens = [(item["quantity"], item["totalCost"]["units"]) for item in items[1:]]
    assert tokens == [
        (usage["prompt_tokens"], str(usage["prompt_tokens"])),
        (usage["completion_tokens"], str(2 * usage["completion_tokens"])),
    ]
    assert client.get(f"{PATH}{period(0)}")["lineItems"] == [], "the last day is not part of the period"


@pytest.mark.parametrize("query", ["", "?startTime=yesterday&endTime=2026-11-27", "?startTime=2026-11-27T00:00:00Z"])
def test_a_period_needs_two_days(client: Client, query: str) -> None:
    charge(client)
    assert client.get(f"{PATH}{query}", status=400)["code"] == 3


def test_what_costs_nothing_is_not_billed(client: Client) -> None:
    assert client.get(f"{PATH}{period()}", status=501)["code"] == 12


def test_usage_belongs_to_the_day_of_its_answer_in_utc(client: Client) -> None:
    charge(client)
    platform = open_platform(client.home)
    midnight = dt.datetime(2026, 3, 29, tzinfo=dt.UTC)
    for seconds, tokens in ((-0.001, 3), (0.0, 5), (86_399.9, 7), (86_400.0, 11)):
        now = midnight.timestamp() + seconds
        usage_counter(platform).count_request(None, now, "char-ngram", {"inference-input": tokens}, batch=False)

    def tokens_of(start: str, end: str) -> list[int]:
        items = client.get(f"{PATH}?startTime={start}&endTime={end}")["lineItems"]
        return [item["quantity"] for item in items]

    assert tokens_of("2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z") == [3]
    assert tokens_of("2026-03-29T00:00:00Z", "2026-03-30T23:00:00Z") == [12], "the last day is not part"
    assert tokens_of("2026-03-28", "2026-03-31") == [26]
    assert tokens_of("2026-03-31", "2026-04-01") == []


def test_a_deployment_is_billed_from_use_to_use_and_at_most_for_its_window(client: Client) -> None:
    charge(client)
    name = deploy(client, "300s")
    counter, at = usage_counter(open_platform(client.home)), dt.datetime(2099, 3, 29, 12, tzinfo=dt.UTC).timestamp()
    billed = []
    for now in (at, at + 10, at + 10.25, at + 5_000, at + 4_990, at + 5_001):
        counter.count_request(name, now, "char-ngram", {"inference-input": 9}, batch=False)
        counter.flush()
        (item,) = client.get(f"{PATH}?startTime=2099-03-29&endTime=2099-03-30")["lineItems"]
        assert (item["category"], item["groupingValue"]) == ("Dedicated Deployment", name)
        assert usd(item) == pytest.approx(3_600 * item["quantity"])
        billed.append(round(item["quantity"] * 3_600, 3))
    # It had scaled to zero before the first and the fourth; a use that is told late neither adds nor takes away.
    assert billed == [300, 310, 310.25, 610.25, 610.25, 611.25]


def test_batch_inference_costs_half(client: Client) -> None:
    charge(client)
    question = {"messages": [{"role": "user", "content": "the app crashed"}], "response_format": grammar("a", "b")}
    answered = client.post("/inference/v1/chat/completions", question | {"model": MODEL})["usage"]
    client.dataset("in", [{"custom_id": "1", "body": question}])
    job = {"model": MODEL, "inputDatasetId": "accounts/local/datasets/in"}
    job["outputDatasetId"] = "accounts/local/datasets/out"
    client.post("/v1/accounts/local/batchInferenceJobs?batchInferenceJobId=b", job)
    assert client.finished("b", "batchInferenceJobs")["state"] == "JOB_STATE_COMPLETED"
    items = client.get(f"{PATH}{period()}")["lineItems"]
    costs = {
        batch: sum(usd(item) for item in items if item["secondaryGroupingValue"] == batch)
        for batch in ("false", "true")
    }
    assert {item["secondaryGroupingKey"] for item in items} == {"is_batch"}
    assert costs["false"] == answered["prompt_tokens"] + 2 * answered["completion_tokens"]
    tokens = {batch: sum(i["quantity"] for i in items if i["secondaryGroupingValue"] == batch) for batch in costs}
    assert tokens["true"] == tokens["false"], "the same row"
    assert costs["true"] == costs["false"] / 2


def test_a_model_of_the_account_that_is_named_like_one_of_the_catalogue_has_its_own_price(client: Client) -> None:
    own = "accounts/local/models/char-ngram"
    body = {"kind": "HF_BASE_MODEL", "baseModelDetails": {"modelType": "char-ngram"}}
    client.post("/v1/accounts/local/models", {"modelId": "char-ngram", "model": body})
    client.get(f"/v1/{own}:validateUpload")
    charge(client)
    charge(client, own, 10.0)
    client.dataset("train", labelled_rows(1))
    jobs = {id: client.job(id, baseModel=model) and client.finished(id) for id, model in (("a", MODEL), ("b", own))}
    question = {"model": MODEL, "messages": [{"role": "user", "content": "the app crashed"}]}
    usage = client.post("/inference/v1/chat/completions", question | {"response_format": grammar("a", "b")})["usage"]
    items = client.get(f"{PATH}{period()}")["lineItems"]
    trained = sorted((usd(item), item["quantity"]) for item in items if item["category"] == "Fine-Tuning")
    assert [cost for cost, _ in trained] == [usd({"totalCost": jobs[id]["estimatedCost"]}) for id in ("a", "b")]
    assert trained[0][1] == trained[1][1] > 0, "as many tokens, at ten times the price"
    asked = sum(usd(item) for item in items if item["category"] == "Text Completion")
    assert asked == usage["prompt_tokens"] + 2 * usage["completion_tokens"]
