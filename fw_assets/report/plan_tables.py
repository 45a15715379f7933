"""The tables of the plan, for plan.md and for the terminal."""

from __future__ import annotations

from pathlib import PurePath

from fw_assets.classification.cost import CostLine
from fw_assets.classification.instruction import suggest
from fw_assets.classification.plan import Plan
from fw_assets.classification.prices import Price
from fw_assets.classification.ranges import Range
from fw_assets.report.convert import STAGES, sentence
from fw_assets.report.figures import (
    DASH,
    Quoted,
    count,
    learning_rate,
    percent,
    plural,
    points,
    usd,
    usd_digits,
    usd_roughly,
)
from fw_assets.report.table import Column, Table, columns
from fw_assets.report.words import listing


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
        return f"Benchmark {names} as they are; nothing is fine-tuned."
    finalists = plan.estimate.finalists
    which = "each" if finalists == len(plan.models) else f"the best {finalists}" if finalists > 1 else "the best one"
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
    excluded = plan.rows.get("excluded", 0)
    tail = f"; {plural(excluded, 'row')} left out because they repeat a test row" if excluded else ""
    return f"{parts}{tail}. Choices read validation rows only; test rows are read once per model."


def label_counts(plan: Plan) -> Table:
    """Every label's rows in each part, and how precisely its accuracy will be known."""
    body = tuple(
        (
            Quoted(item.label),
            count(item.train),
            count(item.validation),
            count(item.test),
            "unknown" if item.test_half_width is None else f"±{100 * item.test_half_width:.0f} points",
        )
        for item in plan.label_set.counts
    )
    total = ("All", *(count(plan.rows.get(name, 0)) for name in ("train", "validation", "test")), "")
    single = None if plan.label_set.multi_label else total
    return Table(columns("Label", ">Train", ">Validation", ">Test", ">Known to"), body, single)


def spellings(plan: Plan) -> Table:
    """Other spellings in the data that are read as a label."""
    return Table(
        columns("Spelling", "Read as"),
        tuple((Quoted(spelling), Quoted(label)) for spelling, label in plan.label_set.aliases),
    )


def models(plan: Plan) -> Table:
    """The candidates and the settings that their sweep tries."""
    body = []
    for model in plan.models:
        cells = "; ".join(
            f"rank {cell.lora_rank}, {learning_rate(cell.learning_rate)}, {plural(cell.epochs, 'epoch')}"
            + (f", batch {cell.batch_size}" if cell.batch_size else "")
            for cell in model.cells
        )
        size = f"{model.parameter_count / 1e9:.3g} B" if model.parameter_count else "n/a"
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
    body = []
    for option in plan.mitigations:
        effect = effects.get(option.name)
        ratio = effect.ratio_after if effect else plan.label_set.imbalance.ratio
        high = option.estimate.high
        spent = f"{usd_roughly(option.estimate.expected)} (at most {usd_roughly(high)})"
        body.append((option.name, count(option.rows), f"{ratio:,.1f}", spent, sentence(option.note)))
    return Table(columns("Mitigation", ">Training rows", ">Ratio then", ">Cost", "What it does"), tuple(body))


def created(plan: Plan) -> Table:
    """What would be created on the platform; entries that exclude each other say so."""
    body = tuple(
        (item.kind, Quoted(item.id), item.purpose, "one of these" if item.one_of else "") for item in plan.created
    )
    return Table(columns("Kind", "Name", "For", ""), body)


def examples(plan: Plan) -> Table:
    """Excerpts with the label that was found in them."""
    head = (Column("In the data"), Column("Label found"))
    found = plan.label_set.extraction.examples
    return Table(head, tuple((Quoted(excerpt), Quoted(label)) for excerpt, label in found))


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


def runners_up(plan: Plan) -> Table:
    """The extraction rules that were not chosen, and how they would have fitted."""
    body = tuple(
        (
            Quoted(f"{item.rule}:{item.key}" if item.key else item.rule),
            percent(item.coverage),
            count(item.labels),
            f"{item.score:.3f}",
        )
        for item in plan.label_set.extraction.runners_up
    )
    return Table(columns("Other rule", ">Answers read", ">Labels", ">Score"), body)


def extraction(plan: Plan) -> str:
    """Where the labels come from."""
    inspected, rule = plan.inspected, plan.label_set.extraction
    if inspected.ground_truth_rows == inspected.rows:
        return "Every row has a ground_truth, which is its label."
    covered = percent(rule.coverage)
    rest = " of the rows that have no ground_truth" if inspected.ground_truth_rows else ""
    return f"Labels are taken from the last assistant message ({rule.name}); that reads {covered} of the answers{rest}."


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
