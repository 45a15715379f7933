"""Billing summary: what the account would have been billed at the rehearsed prices, by whole days."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

from fw_assets.embedded.endpoints.lookup import list_documents
from fw_assets.embedded.errors import RpcError, invalid
from fw_assets.embedded.http.handler import ApiRequest
from fw_assets.embedded.records.model_documents import find_model, is_adapter
from fw_assets.embedded.records.price_list import FILE, money, price_list, usd
from fw_assets.embedded.store import documents
from fw_assets.embedded.store.resource_names import (
    DEPLOYMENTS,
    FINE_TUNING_JOBS,
    MODELS,
    PUBLISHER,
    resource_name,
    short_id,
)
from fw_assets.embedded.store.usage_counter import usage_counter

_HALF = 0.5
"""The price of batch inference, as a share of the serverless one."""


def summary(request: ApiRequest) -> dict[str, Any]:
    """Get the line items of the days from `startTime` up to and without that of `endTime`."""
    start, end = (_day(request, field) for field in ("startTime", "endTime"))
    if not (request.platform.home / FILE).exists():
        raise RpcError("UNIMPLEMENTED", "nothing is billed here; give a price list to rehearse with", status=501)
    return {"lineItems": [*_jobs(request, start, end), *_inference(request, start, end)]}


def _day(request: ApiRequest, field: str) -> str:
    text = request.query.get(field, "")
    try:
        # Costs are aggregated daily: the time is not looked at.
        return dt.date.fromisoformat(re.split("[T ]", text)[0]).isoformat()
    except ValueError:
        raise invalid(f"{field}: {text!r}; expected a time such as 2026-11-27T00:00:00Z", field) from None


def _jobs(request: ApiRequest, start: str, end: str) -> Iterator[dict[str, Any]]:
    prices = _prices(request)
    for job in list_documents(request, FINE_TUNING_JOBS):
        # What a job costs that failed is said nowhere: this is the most that it can.
        billed = job["state"] in ("JOB_STATE_COMPLETED", "JOB_STATE_FAILED")
        if not billed or not start <= str(job.get("completedTime", ""))[:10] < end:
            continue
        model, total = job["baseModel"], usd(job["estimatedCost"])
        price = prices.get((model, "training"), 0.0)
        tokens = round(total / price * 1e6) if price else 0
        yield _item("Fine-Tuning", "model", short_id(model), tokens, price / 1e6, total)


def _inference(request: ApiRequest, start: str, end: str) -> Iterator[dict[str, Any]]:
    prices = _prices(request)
    usage: dict[tuple[str, str, bool], int] = {}
    for day, used in usage_counter(request.platform).billed():
        if start <= day < end:
            key = (used.item, used.name, used.batch)
            usage[key] = usage.get(key, 0) + used.quantity
    for (item, name, batch), quantity in sorted(usage.items()):
        if item == "deployment-hour":
            hours, price = quantity / 3.6e6, prices.get((_deployed(request, name), item), 0.0)
            yield _item("Dedicated Deployment", "deployment", name, hours, price, hours * price)
        else:
            model = resource_name(PUBLISHER, MODELS, name)
            price = prices.get((model, item), 0.0) / 1e6 * (_HALF if batch else 1.0)
            yield _item("Text Completion", "model", name, quantity, price, quantity * price) | {
                "secondaryGroupingKey": "is_batch",
                "secondaryGroupingValue": str(batch).lower(),
            }


def _prices(request: ApiRequest) -> dict[tuple[str, str], float]:
    """US dollars by the full name of a model, since one of the account may have the id of one of the catalogue."""
    return {(price.model, price.item): price.usd for price in price_list(request.platform)}


def _deployed(request: ApiRequest, deployment: str) -> str:
    """The full name of the base model that a deployment serves, itself or tuned."""
    with request.platform.database.read() as connection:
        document = documents.find(connection, DEPLOYMENTS, request.account, short_id(deployment))
    model = find_model(request.platform, document["baseModel"]) if document else None
    if model is None:
        return ""
    name: str = model["peftDetails"]["baseModel"] if is_adapter(model) else model["name"]
    return name


def _item(category: str, key: str, value: str, quantity: float, unit_usd: float, total_usd: float) -> dict[str, Any]:
    return {
        "category": category,
        "groupingKey": key,
        "groupingValue": value,
        "quantity": quantity,
        "unitAmount": money(unit_usd),
        "totalCost": money(total_usd),
    }
