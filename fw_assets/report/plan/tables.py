"""The tables of the plan, for plan.md and for the terminal."""

from __future__ import annotations

from pathlib import PurePath

from fw_assets.classification.cost.cost_lines import CostLine
from fw_assets.classification.cost.prices import Price
from fw_assets.classification.cost.ranges import Range
from fw_assets.classification.instruction.parser import suggest
from fw_assets.classification.plan.planner import Plan
from fw_assets.report.assembly.model_results import STAGES, sentence
from fw_assets.report.formatting import (
    DASH,
    Quoted,
    count,
    learning_rate,
    parameters,
    plural,
    points,
    usd,
    usd_digits,
    usd_roughly,
)
from fw_assets.report.sections.answer import listing
from fw_assets.report.table import Table, columns


def screen(plan: Plan) -> Table:
    """What a person must know to say yes or no."""
    pairs = [
        ("What will be done?", intention(plan)),
        ("What will it cost?", price(plan)),
        ("How long will it take?", duration(plan.estimate.minutes)),
        ("Which labels?", labels(plan)),
        ("Which rows?", rows(plan)),
    ]
    if plan.session.mode == "fine-tune":
        shown = points(plan.detectable_difference).lstrip("+")
        pairs.append(("What can be seen?", f"Differences of about {shown} points and more between base and tuned."))
    pairs.append(("How to say yes?", Quoted(f"fw-assets approve {plan.dataset} --digest {plan.digest}")))
    return Table(columns("Question", "Answer"), tuple(pairs))


def intention(plan: Plan) -> str:
    """The work in one sentence."""
    names = listing([model.slug for model in plan.models])
    if plan.session.mode == "benchmark":
        return f"Benchmark {names} as {'it is' if len(plan.models) == 1 else 'they are'}; nothing is fine-tuned."
    finalists = plan.estimate.finalists
    alone = len(plan.models) == 1
    which = "each" if finalists == len(plan.models) else f"the best {finalists}" if finalists > 1 else "the best one"
    which = "it" if alone else which
    cells = max((len(model.cells) for model in plan.models), default=0)
    tried = f"{plural(cells, 'setting')}" + (f" on {plural(plan.sweep_rows, 'row')}" if cells > 1 else "")
    deployed = {
        "if-better": "deploy the winner if it is better",
        "always": "deploy the winner",
        "never": "deploy nothing",
    }
    return f"Benchmark {names}, fine-tune {which} with {tried}, compare, {deployed[plan.session.deploy]}."


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


def duration(minutes: Range) -> str:
    """A range of minutes as a person says it."""
    if minutes.high < 1:
        return "Less than a minute."
    if minutes.expected < 1:
        return f"Less than a minute, at most {_time(minutes.high)}."
    return f"About {_time(minutes.expected)}; {_time(minutes.low)} to {_time(minutes.high)}."


def labels(plan: Plan) -> str:
    """The label set in one sentence."""
    found = plan.label_set
    origin = "given" if found.given else "inferred from the data: please confirm"
    several = ", any number per row" if found.multi_label else ""
    return f"{plural(len(found.labels), 'label')}{several}, {origin}: {listing(found.labels, 12)}."


def rows(plan: Plan) -> str:
    """The split in one sentence."""
    parts = ", ".join(f"{count(plan.rows.get(name, 0))} {name}" for name in ("train", "validation", "test"))
    without_label = sum(number for _, number in plan.label_set.left_out)
    repeated = plan.rows.get("excluded", 0) - without_label
    tail = f"; {plural(repeated, 'row')} left out for repeating a test row" if repeated else ""
    if plan.rejected_rows:
        tail += f"; {plural(plan.rejected_rows, 'row')} left out as unusable"
    return f"{parts}{tail}. Choices read validation rows only; test rows are read once per model."


def models(plan: Plan) -> Table:
    """The candidates and the settings that their sweep tries."""
    body = []
    for model in plan.models:
        cells = "; ".join(
            f"rank {cell.lora_rank}, {learning_rate(cell.learning_rate)}, {plural(cell.epochs, 'epoch')}"
            + (f", batch {cell.batch_size}" if cell.batch_size else "")
            for cell in model.cells
        )
        size = parameters(model.parameter_count)
        body.append((Quoted(model.slug), size, model.strategy, cells or "not fine-tuned"))
    return Table(columns("Model", ">Parameters", "Asked on", "Settings to try"), tuple(body))


def stages(plan: Plan) -> Table:
    """Cost by stage; these rows add up to the totals."""
    parts = plan.estimate.subtotals()
    digits = usd_digits(value for _, span in parts for value in (span.low, span.expected, span.high))
    rounded = [[round(getattr(span, bound), digits) for bound in ("low", "expected", "high")] for _, span in parts]
    body = tuple(
        (STAGES[stage], *(usd(amount, digits) for amount in amounts))
        for (stage, _), amounts in zip(parts, rounded, strict=True)
    )
    sums = tuple(usd(sum(column), digits) for column in zip(*rounded, strict=True))
    return Table(columns("Stage", ">Low", ">Expected", ">High"), body, ("Total", *sums) if sums else None)


def cost_lines(plan: Plan) -> Table:
    """Every line of the estimate, with what is multiplied."""
    lines = plan.estimate.lines
    digits = usd_digits(
        value for line in lines if line.usd for value in (line.usd.low, line.usd.expected, line.usd.high)
    )
    body = tuple(
        (
            Quoted(line.key),
            sentence(line.formula),
            *(_bound(line, bound, digits) for bound in ("low", "expected", "high")),
            _minutes(line.minutes),
            _condition(line),
        )
        for line in lines
    )
    return Table(columns("Line", "Reckoned as", ">Low", ">Expected", ">High", ">Minutes", "Counted"), body)


def prices(plan: Plan) -> Table:
    """The prices that the estimate rests on, with source and date."""
    seen: dict[Price, None] = {}
    for line in plan.estimate.lines:
        for part in line.parts:
            seen[part.price] = None
    body = tuple(
        (
            item.item.replace("-", " "),
            Quoted(item.model) if item.model else "every model" if not item.max_parameters else "by size",
            "unknown" if item.usd is None else f"{usd(item.usd)} per {item.unit}",
            Quoted(item.source),
            item.date,
        )
        for item in seen
    )
    return Table(columns("Price of", "For", ">Price", "Source", "Date"), body)


def mitigations(plan: Plan) -> Table:
    """Answers to the imbalance, each with what it leaves and costs."""
    effects = {effect.name: effect for effect in plan.label_set.imbalance.mitigations}
    body: list[tuple[str, ...]] = []
    for option in plan.mitigations:
        effect = effects.get(option.name)
        ratio = effect.ratio_after if effect else plan.label_set.imbalance.ratio
        high = option.estimate.high
        spent = f"{usd_roughly(option.estimate.expected)} (at most {usd_roughly(high)})"
        body.append((option.name, count(option.rows), f"{ratio:,.1f}", spent, sentence(option.note)))
    for name, reason in plan.label_set.imbalance.unavailable:
        body.append((name, DASH, DASH, DASH, f"Not available: {sentence(reason)}."))
    return Table(columns("Mitigation", ">Training rows", ">Ratio then", ">Cost", "What it does"), tuple(body))


def created(plan: Plan) -> Table:
    """What would be created on the platform; entries that exclude each other say so."""
    body = tuple(
        (item.kind, Quoted(item.id), item.purpose, "one of these" if item.one_of else "") for item in plan.created
    )
    return Table(columns("Kind", "Name", "For", ""), body)


def files(plan: Plan) -> Table:
    """The files that were read."""
    body = tuple(
        (
            Quoted(PurePath(file.path_name).name),
            count(file.rows),
            count(file.rejected),
            count(file.size_bytes),
            Quoted(file.sha256[:16]),
        )
        for file in plan.inspected.files
    )
    return Table(columns("File", ">Rows", ">Rejected", ">Bytes", "SHA-256"), body)


def suggestion(clause: str) -> str:
    """What to write in place of a clause of the instruction that was not understood."""
    return sentence(suggest(clause))


def _bound(line: CostLine, bound: str, digits: int) -> str:
    return "unknown" if line.usd is None else usd(getattr(line.usd, bound), digits)


def _condition(line: CostLine) -> str:
    if not line.counted:
        return "shown only"
    return "if a finalist" if line.conditional else ""


def _minutes(minutes: Range) -> str:
    if not minutes.high:
        return ""
    return f"{minutes.low:.0f}{DASH}{minutes.high:.0f}" if minutes.high >= 1 else "under 1"


def _time(minutes: float) -> str:
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        return plural(round(minutes), "minute")
    return f"{minutes / 60:.1f} hours"
