"""Commands that help to write a session: the candidate models, and what an instruction is understood to say."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.prices import Item, PriceBook
from fw_assets.console import echo, echo_json, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.platform.platform import platform_from_environment

PRICED_ITEMS: tuple[Item, ...] = ("inference-input", "inference-output", "training", "deployment-hour")


def models(*, as_json: bool) -> int:
    """List the models with their abilities and prices, and why some cannot be candidates."""
    from fw_assets.pipeline.platform.catalogue import priced_catalogue

    catalogue, book = priced_catalogue(platform_from_environment())
    entries = [model_entry(model, book) for model in catalogue]
    if as_json:
        echo_json(entries)
        return DONE
    table = Table(
        "model", "parameters", "context", "tunable", "base asked by", "$ in/out 1M", "$ training 1M", "$ hour", box=None
    )
    for entry in entries:
        prices = {price["item"]: "?" if price["usd"] is None else f"{price['usd']:g}" for price in entry["prices"]}
        table.add_row(
            entry["slug"],
            f"{entry['parameter_count']:,}" if entry["parameter_count"] else "?",
            f"{entry['context_length']:,}" if entry["context_length"] else "?",
            "yes" if entry["tunable"] else "no",
            entry["strategy"],
            f"{prices['inference-input']} / {prices['inference-output']}",
            prices["training"],
            prices["deployment-hour"],
        )
    out.print(table)
    refused = [entry["refused"] for entry in entries if entry["refused"]]
    if refused:
        out.print("\nCannot be candidates for fine-tuning:")
    for why in refused:
        out.print(f"- {why}")
    return DONE


def model_entry(model: CatalogueModel, book: PriceBook) -> dict[str, Any]:
    """A model in `fw-assets models --json`; `refused` says why it cannot be fine-tuned, and is null if it can."""
    prices = [book.price(model.name, item, model.parameter_count) for item in PRICED_ITEMS]
    return {
        **model.model_dump(mode="json"),
        "slug": model.slug,
        "strategy": model.strategy,
        "refused": model.refusal(tunable=True, inference=None),
        "prices": [
            {"item": price.item, "usd": price.usd, "unit": price.unit, "source": price.source, "date": price.date}
            for price in prices
        ],
    }


def parse(text: str, *, as_json: bool) -> int:
    """Print the session fields that an instruction is understood to set."""
    from fw_assets.classification.instruction.parser import parse_instruction, suggest

    names = [model.name for model in platform_from_environment().call(lambda client: client.models())]
    parsed = parse_instruction(text, models=names)
    if as_json:
        echo_json({"session": parsed.fields, "unused": list(parsed.unused)})
        return DONE
    for key, value in parsed.fields.items():
        echo(f"{key}: {value}")
    for clause in parsed.unused:
        echo(f"not understood: {clause} ({suggest(clause)})")
    return DONE
