"""Differences between two plans, in sentences: why an approval of the first does not cover the second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fw_assets.classification.plan.plan import Plan

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
    for part in old.rows | new.rows:
        before, after = old.rows.get(part, 0), new.rows.get(part, 0)
        if before != after:
            yield f"{part.capitalize()} rows: {before:,} before, {after:,} now."


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


def _prices(old: Plan, new: Plan) -> Iterator[str]:
    before = {(line.key, part.item): part.price.usd for line in old.estimate.lines for part in line.parts}
    after = {(line.key, part.item): part.price.usd for line in new.estimate.lines for part in line.parts}
    for (key, item), usd in before.items():
        now = after.get((key, item), usd)
        if now != usd:
            yield f"{key}: the price of {item} is {_usd(now)}, before {_usd(usd)}."
    if old.estimate.expected != new.estimate.expected or old.estimate.high != new.estimate.high:
        yield (
            f"Expected total: ${old.estimate.expected:,.2f} before, ${new.estimate.expected:,.2f} now; "
            f"at most ${old.estimate.high:,.2f} before, ${new.estimate.high:,.2f} now."
        )


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


def _usd(value: float | None) -> str:
    return "unknown" if value is None else f"${value:,.4g}"
