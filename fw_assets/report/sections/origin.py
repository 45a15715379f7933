"""The tables of what was asked, found, chosen, delivered and paid."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    decimal,
    learning_rate,
    percent,
    percent_range,
    short,
    usd,
    usd_digits,
)
from fw_assets.report.schema.report import Candidate, Report
from fw_assets.report.sections.answer import asked_settings, first_screen
from fw_assets.report.table import Table, columns


def screen(report: Report) -> Table:
    """The reader's questions and their answers."""
    return Table(columns("Question", "Answer"), first_screen(report))


def ranking(report: Report) -> Table:
    """How the finalists were chosen."""
    rows = tuple(
        (
            Quoted(short(place.model)),
            f"{percent(place.accuracy)} ({percent_range(place.interval)})",
            "finalist" if place.chosen else "",
            place.why,
        )
        for place in report.finalists
    )
    return Table(columns("Model", ">Validation accuracy", "", "Why"), rows)


def sweep(candidate: Candidate) -> Table:
    """The tuning grid and what each cell gave."""
    rows = tuple(
        (
            str(cell.lora_rank),
            learning_rate(cell.learning_rate),
            f"{cell.epochs:g}",
            str(cell.batch_size) if cell.batch_size is not None else "default",
            count(cell.rows) if cell.rows is not None else "n/a",
            decimal(cell.eval_loss),
            percent(cell.eval_accuracy),
            "chosen" if cell.chosen else (cell.state or "").replace("JOB_STATE_", "").lower().replace("completed", ""),
        )
        for cell in candidate.sweep
    )
    names = (
        ">LoRA rank",
        ">Learning rate",
        ">Epochs",
        ">Batch",
        ">Rows",
        ">Eval loss",
        ">Validation accuracy",
        "",
    )
    return Table(columns(*names), rows)


def delivery(report: Report) -> Table:
    """The winner and what was done with it."""
    winner, deployment = report.winner, report.deployment
    decisions = {
        "deployed": "deployed",
        "keep-base": "keep the base model",
        "not-asked": "not deployed, as asked",
        "incomplete": "not deployed: the run is incomplete",
    }
    pairs: list[tuple[str, str]] = []
    if winner:
        pairs += [
            ("Winner", Quoted(winner.model)),
            ("Kind", "fine-tuned" if winner.kind == "tuned" else "base"),
        ]
        if winner.kind == "tuned":
            pairs.append(("Tuned from", Quoted(winner.base_model)))
        if winner.why:
            pairs.append(("Chosen because", winner.why))
    pairs.append(("Decision", decisions[deployment.decision]))
    if deployment.why:
        pairs.append(("Reason", deployment.why))
    if deployment.id:
        pairs.append(("Deployment", Quoted(deployment.id)))
    if deployment.endpoint:
        pairs.append(("Endpoint", Quoted(deployment.endpoint)))
    if deployment.model and deployment.decision == "deployed":
        pairs.append(("Model in requests", Quoted(deployment.model)))
    if deployment.replayed:
        agreed = f"{count(deployment.agreed or 0)} of {count(deployment.replayed)}"
        pairs.append(("Serving proof", f"{agreed} replayed test rows answered as in the evaluation"))
    return Table(columns("What", "Value"), tuple(pairs))


def cost(report: Report) -> Table:
    """Estimated against actual, line by line, with totals that are the sums of what is shown."""
    lines = report.cost.lines
    digits = usd_digits(amount for line in lines for amount in (line.estimated_usd, line.actual_usd))
    rows = []
    for line in lines:
        known = line.estimated_usd is not None and line.actual_usd is not None
        change = line.actual_usd - line.estimated_usd if known else None  # type: ignore[operator]
        span = (
            "unknown"
            if line.low_usd is None or line.high_usd is None
            else f"{usd(line.low_usd, digits)} to {usd(line.high_usd, digits)}"
        )
        rows.append(
            (
                Quoted(line.line),
                Quoted(line.formula) if line.formula else "",
                usd(line.estimated_usd, digits),
                span,
                usd(line.actual_usd, digits),
                _change(change, digits),
            )
        )
    whole = report.cost
    delta = whole.actual_usd - whole.estimated_usd
    total = (
        "Total",
        "",
        usd(whole.estimated_usd, digits) + ("" if whole.estimated_complete else " or more"),
        "",
        usd(whole.actual_usd, digits) + ("" if whole.actual_complete else " or more"),
        _change(delta, digits) if whole.estimated_complete and whole.actual_complete else "unknown",
    )
    return Table(columns("Line", "Reckoned as", ">Estimated", ">Range", ">Actual", ">Difference"), tuple(rows), total)


def settings(report: Report) -> Table:
    """What was asked."""
    return Table(columns("What", "Value"), asked_settings(report))


def data_facts(report: Report) -> Table:
    """What was found in the data."""
    data = report.data
    pairs: list[tuple[str, str]] = [
        (
            "File",
            Quoted(
                f"{file.name}: {count(file.rows)} rows, {count(file.size_bytes)} bytes, SHA-256 {file.sha256[:16]}…"
            ),
        )
        for file in data.files
    ]
    pairs.append(("Labels", f"{len(report.labels)} ({'given' if data.labels_given else 'inferred'})"))
    if data.extraction:
        covered = f", covers {percent(data.extraction_coverage)} of the rows" if data.extraction_coverage else ""
        pairs.append(("Label taken from", f"{data.extraction}{covered}"))
    if data.imbalance_ratio is not None:
        over = "over" if data.imbalance_exceeded else "within"
        pairs.append(
            (
                "Imbalance",
                f"{data.imbalance_ratio:,.1f} to 1, {over} the threshold of {data.imbalance_threshold:g}",
            )
        )
    pairs.append(("Near-duplicate groups", f"{count(data.duplicate_groups)}, each kept on one side of the split"))
    if data.removed_from_train:
        pairs.append(("Taken out of training", f"{count(data.removed_from_train)} rows that repeat a test row"))
    if data.rejected:
        pairs.append(("Rejected rows", count(data.rejected)))
    return Table(columns("What", "Value"), tuple(pairs))


def provenance(report: Report) -> Table:
    """Versions, seeds, digests."""
    pairs: list[tuple[str, str]] = [("Plan", Quoted(report.plan_digest))]
    run = report.run
    pairs.append(("Platform", Quoted(run.platform + (f" at {run.base_url}" if run.base_url else ""))))
    if run.account:
        pairs.append(("Account", Quoted(run.account)))
    if run.approved_by:
        pairs.append(("Approved", Quoted(run.approved_by + (f", {run.approved_at}" if run.approved_at else ""))))
    if run.started_at:
        pairs.append(("Started", run.started_at))
    if run.finished_at:
        pairs.append(("Finished", run.finished_at))
    pairs += [(f"Digest: {name}", Quoted(value)) for name, value in report.digests.items()]
    pairs += [(f"Seed: {name}", str(value)) for name, value in report.seeds.items()]
    pairs += [(f"Version: {name}", Quoted(value)) for name, value in report.versions.items()]
    return Table(columns("What", "Value"), tuple(pairs))


def _change(amount: float | None, digits: int) -> str:
    if amount is None:
        return "unknown"
    text = usd(round(amount, 6), digits)
    return f"+{text}" if round(amount, digits) > 0 else text
