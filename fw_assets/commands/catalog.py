"""Commands that help to write a session: the candidate models, and what an instruction is understood to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Column, Table

from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.catalogue.resource_ids import made_here
from fw_assets.classification.cost.prices import Item, PriceBook
from fw_assets.console import echo, echo_json, err, out
from fw_assets.exit_codes import DONE
from fw_assets.pipeline.platform.platform import platform_from_environment

MAX_OWN = 20
"""Models of the account that are listed unless all are asked for."""
PRICED_ITEMS: tuple[Item, ...] = ("inference-input", "inference-output", "training", "deployment-hour")


def models(*, everything: bool, as_json: bool) -> int:
    """List the models that can label texts, with their abilities and prices, and the account's own.

    Args:
        everything: also say why the others cannot, and list every model of the account.
    """
    from fw_assets.pipeline.platform.catalogue import account_models, priced_catalogue

    platform = platform_from_environment()
    priced = priced_catalogue(platform)
    catalogue, book = priced
    own, error = account_models(platform, priced)
    if error:
        err.print(f"The account's own models are not shown: {error}")
    if as_json:
        echo_json({"models": [model_entry(model, book) for model in (*catalogue, *own)]})
        return DONE
    reasons = {model.name: model.refusal(tunable=False, inference=None) for model in catalogue}
    usable = [model for model in catalogue if reasons[model.name] is None]
    table = Table(
        *("model", "parameters", "context", "tunable", "base asked by", "tuned served by"),
        *("$ in/out 1M", "$ training 1M", "$ hour"),
        box=None,
    )
    for model in usable:
        entry = model_entry(model, book)
        prices = {price["item"]: "?" if price["usd"] is None else f"{price['usd']:g}" for price in entry["prices"]}
        table.add_row(
            model.slug,
            f"{model.parameter_count:,}" if model.parameter_count else "?",
            f"{model.context_length:,}" if model.context_length else "?",
            "yes" if model.tunable else "no",
            model.strategy,
            entry["tuned_served_by"] or "-",
            f"{prices['inference-input']} / {prices['inference-output']}",
            prices["training"],
            prices["deployment-hour"],
        )
    out.print(table)
    for model in usable:
        if model.retired:
            out.print(f"The platform retires {model.slug}: {model.retired}")
        if model.description and platform.is_embedded:
            out.print(f"{model.slug}: {model.description}", markup=False, highlight=False)
        if model.answered_by:
            out.print(f"{model.slug} is answered by the server at {model.answered_by}", markup=False)
    _print_refused(sorted(reason for reason in reasons.values() if reason is not None), everything=everything)
    _print_own(own, everything=everything)
    return DONE


def _print_refused(reasons: Sequence[str], *, everything: bool) -> None:
    """How many models cannot label texts; why, where everything is asked for."""
    if not reasons:
        return
    if not everything:
        others = "other cannot" if len(reasons) == 1 else "others cannot"
        out.print(f"\n{len(reasons)} {others} label texts; why: fw-assets models --all")
        return
    out.print("\nCannot label texts:")
    for why in reasons:
        out.print(f"- {why}")


def _print_own(own: Sequence[CatalogueModel], *, everything: bool) -> None:
    """The models of the account; those that this program trained only where everything is asked for."""
    theirs = [model for model in own if everything or not made_here(model.slug)]
    models = theirs if everything else theirs[:MAX_OWN]
    if models:
        out.print("\nOf this account, the newest first:")
        _print_table(models)
    if len(own) > len(models):
        parts = [(len(theirs) - len(models), "older"), (len(own) - len(theirs), "trained by fw-assets")]
        others = " and ".join(f"{number} {what}" for number, what in parts if number)
        out.print(f"\nOf this account also {others}: fw-assets models --all")


def _print_table(models: Sequence[CatalogueModel]) -> None:
    # An id is there to be copied: it is broken where there is no room, and never cut.
    names = ("model", "kind", "base", "as a candidate", "served by")
    table = Table(*(Column(name, overflow="fold") for name in names), box=None)
    for model in models:
        refusal = model.refusal(tunable=False, inference=None)
        use = "evaluated as it is" if model.is_adapter or not model.tunable else "evaluated and fine-tuned"
        base, deployment = (name.rsplit("/", 1)[-1] for name in (model.base_model, model.deployment))
        table.add_row(model.slug, model.kind, base or "-", refusal or use, deployment or "-")
    out.print(table)


def model_entry(model: CatalogueModel, book: PriceBook) -> dict[str, Any]:
    """A model in `fw-assets models --json`; `refused` says why it cannot be fine-tuned, and is null if it can."""
    prices = [book.price(model.name, item, model.parameter_count, model.base_model) for item in PRICED_ITEMS]
    return {
        **model.model_dump(mode="json"),
        "slug": model.slug,
        "strategy": model.strategy,
        "tuned_served_by": model.tuned_served_by,
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
    if not parsed.fields and not parsed.unused:
        err.print(
            "The text is empty: there is nothing to understand."
            if not text.strip()
            else "The text says nothing that a session could be set by."
        )
    for clause in parsed.unused:
        echo(f"not understood: {clause} ({suggest(clause)})")
    return DONE
