"""Where the report comes from: settings, data, versions, seeds and digests."""

from __future__ import annotations

from fw_assets.classification.gate_policy import GatePolicy
from fw_assets.report.formatting import (
    Quoted,
    count,
    duration_revised,
    listing,
    percent,
    plural,
    points_text,
    short,
    usd,
)
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.costs import is_free
from fw_assets.report.table import Table, columns


def settings(report: Report) -> Table:
    """The session: name and value."""
    session, rows, groups = report.asked, report.rows, report.groups
    held_out = percent(1 - session.train_fraction, 0) + " of the rows"
    if session.eval_dataset:
        held_out = "the eval dataset"
    elif any(file.part == "test" for file in report.data.files):
        held_out = "the test files of the dataset's folder"
    pairs = [
        ("Dataset", Quoted(session.dataset or report.dataset)),
        ("Eval dataset", Quoted(session.eval_dataset) if session.eval_dataset else "none"),
        *(("Model", Quoted(model)) for model in session.models),
        *(
            ("Endpoint", Quoted(f"{name}: {endpoint.model} at {endpoint.url}"))
            for name, endpoint in (session.endpoints or {}).items()
        ),
        *(
            ("Training continues", Quoted(start))
            for start in dict.fromkeys(item.warm_start for item in report.candidates if item.warm_start)
        ),
        ("Mode", "benchmark only" if session.mode == "benchmark" else "fine-tune"),
        ("Labels", "given" if session.labels is not None else "inferred from the data"),
        ("Test rows", f"{_part(rows.test, groups.test if groups else None)}: {held_out}"),
        (
            "Validation rows",
            f"{_part(rows.validation, groups.validation if groups else None)}: every choice reads these alone",
        ),
        ("Training rows", _part(rows.train, groups.train if groups else None)),
        ("Margin", f"{points_text(session.margin)}: a smaller loss does not matter"),
        *(
            []
            if is_free(report)
            else [("Traffic", f"{plural(session.traffic, 'row')} an hour, at which deployments are priced")]
        ),
        ("Deploy", session.deploy),
    ]
    if session.costs:
        named = [
            f"{gold} given {answer} {cost:g}"
            for gold, answers in session.costs.items()
            for answer, cost in answers.items()
        ]
        pairs.append(("Costs of mistakes", Quoted(f"{listing(named, 12)}; every other mistake 1")))
    if session.gate != GatePolicy():
        policy = session.gate
        asked = f"{policy.rule}; a label may lose {policy.label_loss:g} of its F1, from {policy.label_rows:,} rows on"
        pairs.append(("Gate", f"{asked}; {100 * policy.alpha:g}% for all labels together"))
    if session.instruction:
        pairs.insert(0, ("Instruction", Quoted(session.instruction)))
    if report.run.mitigation != "none":
        pairs.append(("Imbalance mitigation", f"{report.run.mitigation}, in the training rows only"))
    run = report.run
    if run.planned_minutes is not None and run.revised_minutes is not None:
        pairs.append(("Duration", duration_revised(run.planned_minutes, run.revised_minutes)))
    if session.max_spend_usd is not None:
        pairs.append(("Spending ceiling", usd(session.max_spend_usd)))
    return Table(columns("What", "Value"), tuple(pairs))


def _part(rows: int, groups: int | None) -> str:
    return count(rows) if groups is None or groups == rows else f"{count(rows)}, {count(groups)} distinct"


def data(report: Report) -> Table:
    """The files, their labels, and the rows that were left out."""
    summary = report.data
    pairs: list[tuple[str, str]] = [
        (
            "File",
            Quoted(
                f"{file.name}: {count(file.rows)} rows, {count(file.size_bytes)} bytes, SHA-256 {file.sha256[:16]}…"
                + (f", read as {file.read_as}" if file.read_as else "")
            ),
        )
        for file in summary.files
    ]
    if (found := summary.out_of_scope) is not None:
        halves = f"{count(found.rows[0])} for validation, {count(found.rows[1])} for test, none for training"
        pairs.append(("Out-of-scope file", Quoted(f"{found.file}: {halves}, read as {found.read_as}")))
    pairs.append(("Labels", f"{len(report.labels)} ({'given' if summary.labels_given else 'inferred'})"))
    if summary.extraction:
        covered = f", covers {percent(summary.extraction_coverage)} of the rows" if summary.extraction_coverage else ""
        pairs.append(("Label taken from", f"{summary.extraction}{covered}"))
    if summary.imbalance_ratio is not None:
        over = "over" if summary.imbalance_exceeded else "within"
        pairs.append(
            (
                "Imbalance",
                f"{summary.imbalance_ratio:,.1f} to 1, {over} the threshold of {summary.imbalance_threshold:g}",
            )
        )
    side = "each kept on one side of the split"
    if summary.variants_in_test:
        side = "none in training and validation both; variants of test rows stay in training"
    groups = f"{count(summary.duplicate_groups)}, {side}" if summary.duplicate_groups else "none"
    pairs.append(("Near-duplicate groups", groups))
    if summary.removed_from_train:
        pairs.append(("Taken out of training", f"{count(summary.removed_from_train)} rows that repeat a test row"))
    if summary.rejected:
        pairs.append(("Rejected rows", count(summary.rejected)))
    return Table(columns("What", "Value"), tuple(pairs))


def provenance(report: Report) -> Table:
    """Versions, seeds, digests."""
    pairs: list[tuple[str, str]] = [("Plan", Quoted(report.plan_digest))]
    run = report.run
    pairs.append(("Platform", Quoted(run.platform + (f" at {run.base_url}" if run.base_url else ""))))
    servers = dict.fromkeys(candidate.answered_by for candidate in report.candidates if candidate.answered_by)
    for server in servers:
        names = listing([short(item.model) for item in report.candidates if item.answered_by == server])
        pairs.append(("Answered by a server", Quoted(f"{names} at {server}")))
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
