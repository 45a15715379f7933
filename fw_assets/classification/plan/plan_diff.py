"""Differences between two plans, in sentences: why an approval of the first does not cover the second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fw_assets.classification.cost.cost_lines import CostLine
from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.splits.out_of_scope import OutOfScope

EVALUATIONS = ("base-evaluation", "tuned-evaluation")
"""Stages whose lines are priced by how the model is asked."""

MAX_NAMED = 5
"""Labels, models or cells that a sentence names before it counts the rest."""


def plan_differences(old: Plan, new: Plan) -> tuple[str, ...]:
    """One sentence per difference that an approval of `old` does not cover; empty when it covers `new`."""
    if old.digest == new.digest:
        return ()
    differences = [
        *_data(old, new),
        *_labels(old, new),
        *_session(old, new),
        *_models(old, new),
        *_prices(old, new),
    ]
    return tuple(differences) or ("The way rows are divided or sent to the models is different.",)


def _data(old: Plan, new: Plan) -> Iterator[str]:
    if old.inspected.digest != new.inspected.digest:
        yield "The dataset's rows are different."
    first, second = old.label_set.out_of_scope, new.label_set.out_of_scope
    if (first and first.digest) != (second and second.digest):
        yield f"The out-of-scope rows are different: {_scope(first)} before, {_scope(second)} now."
    for part in old.rows | new.rows:
        before, after = old.rows.get(part, 0), new.rows.get(part, 0)
        if before != after:
            yield f"{part.capitalize()} rows: {before:,} before, {after:,} now."


def _scope(rows: OutOfScope | None) -> str:
    return f"{sum(rows.rows):,} of {rows.file}" if rows else "none"


def _labels(old: Plan, new: Plan) -> Iterator[str]:
    before, after = old.label_set, new.label_set
    gone = [label for label in before.labels if label not in after.labels]
    added = [label for label in after.labels if label not in before.labels]
    if gone:
        yield f"Labels that are gone: {_names(gone)}."
    if added:
        yield f"New labels: {_names(added)}."
    if not gone and not added and before.labels != after.labels:
        yield "The labels are in another order."
    if before.aliases != after.aliases:
        yield "Other spellings are read as the same label."
    rule_before, rule_after = ((item.extraction.rule, item.extraction.key) for item in (before, after))
    if rule_before != rule_after:
        yield f"Labels are read by the rule {_rule(rule_after)}, before by {_rule(rule_before)}."
    if before.multi_label != after.multi_label:
        yield f"Rows now have {'several labels' if after.multi_label else 'one label'} each."
    if old.prompt_digest != new.prompt_digest:
        yield "The prompt is different."


def _session(old: Plan, new: Plan) -> Iterator[str]:
    before, after = old.binding()["session"], new.binding()["session"]
    for field in before | after:
        if field not in ("models", "labels") and before.get(field) != after.get(field):
            yield f"{field}: {_value(before.get(field))} before, {_value(after.get(field))} now."


def _models(old: Plan, new: Plan) -> Iterator[str]:
    before = {model.name: model for model in old.models}
    after = {model.name: model for model in new.models}
    gone = [before[name].slug for name in before if name not in after]
    added = [after[name].slug for name in after if name not in before]
    if gone:
        yield f"Models that are gone: {_names(gone)}."
    if added:
        yield f"New models: {_names(added)}."
    for name in before:
        if name not in after:
            continue
        model, changed = before[name], after[name]
        if model.cells != changed.cells:
            yield f"{model.slug}: the grid is {_cells(changed.cells)}, before {_cells(model.cells)}."
        if model.strategy != changed.strategy:
            yield f"{model.slug}: asked by {changed.strategy}, before by {model.strategy}."
        if model.entry and changed.entry:
            changed = changed.model_copy(update={"entry": changed.entry.as_far_as(model.entry)})
        yield from _entry(model.slug, old.entry_terms(model), new.entry_terms(changed))
    if any(model.entry is None for model in old.models) and all(model.entry is not None for model in new.models):
        yield "What the catalogue says of each model is part of the plan now."


def _entry(slug: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    if not before or not after:
        return
    for field in before | after:
        if field == "weights":
            if before.get(field) != after.get(field):
                yield f"{slug} was added again with other weights: its answers, jobs and metrics are made anew."
        elif before.get(field) != after.get(field):
            name = field.replace("_", " ")
            yield f"{slug}: {name} {_entry_value(before.get(field))} -> {_entry_value(after.get(field))}."


def _prices(old: Plan, new: Plan) -> Iterator[str]:
    yield from price_changes(old, old.estimate.lines, new.estimate.lines)
    if old.estimate.expected != new.estimate.expected or old.estimate.high != new.estimate.high:
        yield (
            f"Expected total: ${old.estimate.expected:,.2f} before, ${new.estimate.expected:,.2f} now; "
            f"at most ${old.estimate.high:,.2f} before, ${new.estimate.high:,.2f} now."
        )


def price_changes(
    plan: Plan, before: Iterable[CostLine], after: Iterable[CostLine], *, rises: bool = False
) -> tuple[str, ...]:
    """One sentence per price of the first lines that the second ones have otherwise.

    Args:
        plan: of the first lines.
        rises: leave out what got cheaper, or known.
    """
    now = {(line.key, part.item): part.price for line in after for part in line.parts}
    sentences: dict[str, str] = {}
    # The winner's lines repeat the price of a candidate: it is named where its own line has changed the same way.
    for line in sorted(before, key=lambda line: line.model is None):
        for part in line.parts:
            price, changed = part.price, now.get((line.key, part.item), part.price)
            if price.usd == changed.usd or (rises and not _rose(price.usd, changed.usd)):
                continue
            unit = "per million tokens" if price.unit == "1M tokens" else f"per {price.unit}"
            change = f"{_usd(price.usd)} -> {_usd(changed.usd)} {unit}."
            # Deployments of what is fine-tuned may have a price of their own, which no line said before.
            item = changed.item if part.item == "deployment-hour" else part.item
            said = any(key.startswith(f"{item} ") and text == change for key, text in sentences.items())
            if line.model is not None or not said:
                sentences[_priced(plan, line, item)] = change
    return tuple(f"{what}: {change}" for what, change in sentences.items())


def _rose(before: float | None, now: float | None) -> bool:
    return before is not None and (now is None or now > before)


def _priced(plan: Plan, line: CostLine, item: str) -> str:
    if line.model is None:
        tunable = [model.slug for model in plan.models if model.tunable]
        return f"{item} of {tunable[0] if len(tunable) == 1 else 'the dearest candidate'}"
    model = plan.model(line.model)
    strategy = model.tuned_strategy if line.stage == "tuned-evaluation" else model.strategy
    in_batches = item.startswith("inference") and strategy == "batch" and line.stage in EVALUATIONS
    return f"{item} of {line.model}{' in batches' * in_batches}"


def _names(names: list[str]) -> str:
    rest = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _cells(cells: tuple[Any, ...]) -> str:
    return _names([cell.name for cell in cells]) or "empty"


def _rule(rule: tuple[str, str | None]) -> str:
    return f"{rule[0]} ({rule[1]})" if rule[1] else rule[0]


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _entry_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else _value(value)


def _usd(value: float | None) -> str:
    """A price with two decimals at least, and as many as tell it from others."""
    if value is None:
        return "unknown"
    whole, _, decimals = f"{value:,.9f}".partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"${value:.3g}" if value and float(f"0.{decimals}") == 0 and value < 1 else f"${whole}.{decimals}"
