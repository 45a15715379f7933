"""The first screen of a plan: what will be done, cost and time, labels and rows, how to approve."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fw_assets.classification.plan.plan import Plan
from fw_assets.classification.selection.power import BaseDiscordance
from fw_assets.report.formatting import count, duration, listing, plural, points_text, usd, usd_roughly
from fw_assets.report.plan import fields, reading, slices
from fw_assets.report.schema.power import PowerResult, power_result
from fw_assets.report.sections.small_numbers import power_sentence
from fw_assets.report.table import Table, columns

_JOINING = re.compile(r"[,;“”]|\b(?:and|or)\b")


def first_screen(plan: Plan, yes: str = "") -> Table:
    """What a person must know to approve or to reject.

    Args:
        yes: how to approve; left out, that is not said.
    """
    several = [("Which fields?", fields.sentence(plan))] if plan.label_set.fields else []
    pairs = [
        ("What will be done?", intention(plan)),
        ("What will it cost?", price(plan)),
        ("How long will it take?", time_needed(plan)),
        *several,
        ("Which labels?", labels(plan)),
        ("Which rows?", rows(plan)),
    ]
    if read := reading.sentence(plan):
        pairs.append(("How were they read?", read))
    if plan.session.mode == "fine-tune":
        margin = points_text(plan.session.margin)
        seen = power_sentence(revised_power(plan))
        pairs.append(("What can be seen?", f"{seen} A loss of less than {margin} does not matter (margin)."))
        if plan.session.costs:
            pairs.append(("What do mistakes cost?", mistakes(plan.session.costs)))
        if plan.session.deploy == "if-better":
            pairs.append(("When is it deployed?", gate(plan)))
    if plan.label_set.slices:
        pairs.append(("Which slices?", slices.sentence(plan)))
    if yes:
        pairs.append(("How to say yes?", yes))
    return Table(columns("Question", "Answer"), tuple(pairs))


def revised_power(plan: Plan, discordance: BaseDiscordance | None = None) -> PowerResult:
    """What the plan's test rows can show: with the discordance assumed, or with that of the base models."""
    rows = plan.rows.get("test", 0)
    independent, groups = plan.label_set.independent("test", rows), plan.label_set.groups.get("test", rows)
    if discordance is None:
        return power_result(independent, groups=groups)
    return power_result(
        independent,
        discordance.share,
        observed=True,
        groups=groups,
        models=discordance.models,
        observed_discordance=discordance.observed,
    )


def intention(plan: Plan) -> str:
    """The work in one sentence."""
    models = [model for model in plan.models if not model.arm]
    names = listing([model.slug for model in models])
    if arms := list(dict.fromkeys(str(model.arm) for model in plan.models if model.arm)):
        names += f" (also by {listing(arms)})"
    if plan.session.mode == "benchmark":
        return f"Benchmark {names} as {'it is' if len(models) == 1 else 'they are'}; nothing is fine-tuned."
    finalists = plan.estimate.finalists
    tunable = [model.slug for model in plan.models if model.cells]
    if len(models) == 1:
        tuned = "it"
    elif finalists == len(tunable):
        tuned = "each" if len(tunable) == len(models) else listing(tunable)
    else:
        tuned = f"the best {finalists}" if finalists > 1 else "the best one"
        tuned += f" of {listing(tunable)}" if len(tunable) < len(models) else ""
    cells = max((len(model.cells) for model in plan.models), default=0)
    settings = f"{plural(cells, 'setting')}" + (f" on {plural(plan.sweep_rows, 'row')}" if cells > 1 else "")
    better = {"superiority": "better", "non-inferiority": "shown to be no worse, within the margin"}[
        plan.session.gate.rule
    ]
    deployments = {
        "if-better": f"deploy the winner if it is {better}",
        "always": "deploy the winner",
        "never": "deploy nothing",
    }
    start = f", continuing {plan.warm_start.slug}" if plan.warm_start else ""
    return f"Benchmark {names}, fine-tune {tuned} with {settings}{start}, compare, {deployments[plan.session.deploy]}."


def gate(plan: Plan) -> str:
    """What the gate asks, in one sentence."""
    policy, margin = plan.session.gate, points_text(plan.session.margin)
    if plan.session.costs:
        return f"{_gate_by_cost(plan)}, and {_label_condition(plan)}"
    number = len(plan.label_set.fields)
    over = f" over all {number} fields" if number else ""
    shown = {
        "superiority": f"If it is shown to be better than the model that needs no tuning and is best on the "
        f"validation rows{over}",
        "non-inferiority": f"If a loss of {margin} or more against the model that needs no tuning and is best on the "
        f"validation rows{over} is ruled out",
    }[policy.rule]
    if number:
        shown += ", no field is shown to be worse"
    return f"{shown}, and {_label_condition(plan)}"


def _gate_by_cost(plan: Plan) -> str:
    other = "those of the model that needs no tuning and is best on the validation rows"
    if plan.session.gate.rule == "superiority":
        return f"If its mistakes are shown to cost less than {other}"
    return f"If it is ruled out that its mistakes cost {1000 * plan.session.margin:g} for 1,000 rows more than {other}"


def mistakes(costs: Mapping[str, Mapping[str, float]]) -> str:
    """The session's costs in one sentence."""
    named = [f"{gold} given {answer} {cost:g}" for gold, answers in costs.items() for answer, cost in answers.items()]
    use = "Finalists, winner, gate and confidence threshold go by the costs."
    return f"{listing(named, 12)}; every other mistake 1. {use}"


def _label_condition(plan: Plan) -> str:
    policy = plan.session.gate
    return (
        f"none of the labels with {plural(policy.label_rows, 'distinct test row')} or more lost more than "
        f"{policy.label_loss:g} of its F1 beyond chance ({100 * policy.alpha:g}% for all labels together)."
    )


def price(plan: Plan) -> str:
    """The whole cost in one sentence."""
    estimate = plan.estimate
    if not estimate.high and not estimate.lower_bound:
        return "Nothing."
    text = (
        f"{usd_roughly(estimate.expected)} expected, "
        f"{usd_roughly(estimate.low)} at least, {usd_roughly(estimate.high)} at most."
    )
    if estimate.lower_bound:
        text += f" No price is known for {listing(estimate.unknown, 4)}: it will be more."
    limit = plan.session.max_spend_usd
    return text if limit is None else f"{text} Never more than {usd(limit)}, as asked."


def time_needed(plan: Plan) -> str:
    """How long the run takes, and what of that nobody can foresee."""
    asked = {model.strategy for model in plan.models}
    asked |= {model.tuned_strategy for model in plan.models if model.cells}
    text = duration(plan.estimate.minutes)
    if "batch" not in asked:
        return text
    return (
        f"{text} Batch jobs may also wait for their turn on the platform, for up to a day; on a deployment "
        "(inference: deployment), which is priced by the hour, no rows wait for it."
    )


def labels(plan: Plan) -> str:
    """The label set in one sentence."""
    label_set = plan.label_set
    origin = "given" if label_set.given else "inferred from the data: please confirm"
    multi_label = ", any number per row" if label_set.multi_label else ""
    return (
        f"{plural(len(label_set.labels), 'label')}{multi_label}, {origin}: "
        f"{listing([_in_list(label) for label in label_set.labels], 12)}."
    )


def _in_list(label: str) -> str:
    """A label as part of a list, in quotes where it would not show where it begins and ends."""
    plain = label == label.strip() and label.isprintable() and not _JOINING.search(label)
    return label if plain else f"“{label}”"


def rows(plan: Plan) -> str:
    """The split in one sentence."""
    parts = ", ".join(_part(plan, name) for name in ("train", "validation", "test"))
    without_label = sum(number for _, number in plan.label_set.left_out)
    repeated = plan.rows.get("excluded", 0) - without_label
    tail = f"; {plural(repeated, 'row')} left out for repeating a test row" if repeated else ""
    if plan.rejected_rows:
        tail += f"; {plural(plan.rejected_rows, 'row')} left out as unusable"
    again = [
        name
        for name, asked in (
            ("the learning curve", plan.session.learning_curve),
            ("the null control", plan.session.null_control),
        )
        if asked
    ]
    if (found := plan.label_set.out_of_scope) is not None:
        tail += f"; {plural(sum(found.rows), 'out-of-scope row')} beside them, read and never trained on"
    reads = "test rows are read once per model" + (f", and again for {listing(again)}" if again else "")
    return f"{parts}{tail}. Choices read validation rows only; {reads}."


def _part(plan: Plan, name: str) -> str:
    """`192 test`, or `192 test (24 distinct)` where rows repeat each other or belong together."""
    rows = plan.rows.get(name, 0)
    groups = plan.label_set.groups.get(name, rows)
    return f"{count(rows)} {name}" + (f" ({count(groups)} distinct)" if groups < rows else "")
