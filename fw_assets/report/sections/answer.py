"""The answer of the report, and the questions that a reader comes with."""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    listing,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    short,
)
from fw_assets.report.schema.comparison import ComparisonResult
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import NOT_NEEDED, baseline_sentence, is_needed
from fw_assets.report.sections.candidates import subject
from fw_assets.report.sections.costs import spending
from fw_assets.report.table import Table, columns

BATCH_ONLY = (
    "On this platform it answers in batch jobs only; to ask it row by row, run again with inference set to deployment, "
    "which makes a deployment of it that scales to zero."
)


def question(report: Report) -> str:
    """The question that the run answers, in one sentence."""
    names = listing([short(model) for model in report.asked.models] or [short(c.model) for c in report.candidates])
    labels = plural(len(report.labels), "label")
    kind = "any number of" if report.data.multi_label else "one of"
    if report.status == "benchmark":
        return f"How well does {names} assign {kind} {labels} to the rows of {report.dataset}, as it is?"
    return f"Does fine-tuning {names} help to assign {kind} {labels} to the rows of {report.dataset}?"


def answer(report: Report) -> str:
    """The answer, in one or two sentences; one more where no language model is needed."""
    parts = [_verdict(report), _deployment(report)]
    if is_needed(report) is False:
        parts.append(baseline_sentence(report))
    return " ".join(part for part in parts if part)


def _verdict(report: Report) -> str:
    candidate = subject(report)
    if report.status == "incomplete":
        reasons = "; ".join(report.incomplete) or "some answers are missing"
        return f"This run is incomplete: {reasons.rstrip('.')}. No verdict is given."
    if candidate is None or candidate.base is None:
        return "No model was evaluated."
    base, name, rows = candidate.base, short(candidate.model), count(candidate.base.rows)
    if report.status == "benchmark":
        others = [c for c in report.candidates if c.base and c is not candidate]
        lead = f"{name} is the most accurate of {plural(len(others) + 1, 'base model')}" if others else name
        verb = ", with" if others else " reaches"
        return (
            f"{lead}{verb} {percent(base.accuracy)} of {rows} test rows right "
            f"(95% interval {percent_range(base.interval)}). Nothing was fine-tuned, as asked."
        )
    if candidate.tuned is None or candidate.comparison is None:
        return f"{name} reaches {percent(base.accuracy)} on {rows} test rows; it was not fine-tuned."
    comparison, tuned = candidate.comparison, candidate.tuned
    change = (
        f"{percent(base.accuracy)} to {percent(tuned.accuracy)} of {rows} test rows right "
        f"({points(comparison.difference)} points, 95% interval {points_range(comparison.interval)}; "
        f"{p_value(comparison.judged_p)})"
    )
    if comparison.verdict == "better":
        return f"Fine-tuning helped: {name} went from {change}."
    if comparison.verdict == "worse":
        return f"Fine-tuning hurt: {name} went from {change}."
    return f"There is no evidence that fine-tuning helped: {name} went from {change}."


def _deployment(report: Report) -> str:
    deployment = report.deployment
    if deployment.decision == "deployed":
        if report.winner and report.winner.kind == "base":
            return "The base model is deployed."
        return "The fine-tuned model is deployed."
    if deployment.decision == "keep-base":
        return "Keep the base model; nothing was deployed."
    if deployment.decision == "incomplete":
        return "Nothing was deployed."
    if report.status == "benchmark":
        return ""
    if report.winner and report.winner.kind == "tuned":
        return "The fine-tuned model is ready; it was not deployed, as asked."
    return "Nothing was deployed, as asked."


def first_screen(report: Report) -> Table:
    return Table(columns("Question", "Answer"), questions(report))


def questions(report: Report) -> tuple[tuple[str, str], ...]:
    """The questions that a reader comes with, each with its answer."""
    pairs: list[tuple[str, str]] = []
    candidate = subject(report)
    if report.status == "complete" and candidate and candidate.comparison and candidate.base and candidate.tuned:
        comparison = candidate.comparison
        helped = {"better": "Yes.", "worse": "No, it made the model worse."}
        pairs.append(("Did it help?", helped.get(comparison.verdict, "Not measurably.")))
        pairs.append(
            (
                "By how much?",
                f"{points(comparison.difference)} points of accuracy, 95% interval {points_range(comparison.interval)}"
                f" ({count(comparison.gained)} rows gained, {count(comparison.lost)} lost).",
            )
        )
        pairs.append(("Is it real?", _significance(report, candidate.comparison)))
    if is_needed(report) is not None and report.status != "incomplete":
        reason = baseline_sentence(report)
        is_model_needed = f"Yes: {reason}" if is_needed(report) else f"No: {reason.removeprefix(NOT_NEEDED)}"
        pairs.append(("Is a language model needed?", is_model_needed))
    pairs.append(("What did it cost?", spending(report)))
    deployment = report.deployment
    if deployment.decision == "deployed":
        pairs.append(("Which model to call?", Quoted(deployment.model or deployment.id or "")))
        pairs.append(("At which endpoint?", Quoted(deployment.endpoint or "")))
    pairs.append(("What now?", next_step(report)))
    return tuple(pairs)


def _significance(report: Report, comparison: ComparisonResult) -> str:
    comparisons = sum(candidate.comparison is not None for candidate in report.candidates)
    test = f"exact McNemar test on {count(comparison.rows)} rows that no choice has read"
    if comparisons > 1:
        test += f", adjusted for {comparisons} comparisons"
    p = p_value(comparison.judged_p)
    if comparison.verdict == "no evidence of a difference":
        text = f"It cannot be told from chance: {p} ({test})."
        if report.detectable_difference is not None:
            points_shown = 100 * report.detectable_difference
            text += f" This many rows show a difference of about {points_shown:.1f} points or more."
        return text
    return f"Yes: {p} ({test})."


def next_step(report: Report) -> str:
    """The next step for the reader."""
    deployment, winner = report.deployment, report.winner
    if deployment.decision == "deployed":
        first = "Weigh the simpler model first, which does as well and is free. " if is_needed(report) is False else ""
        ask = "The deployed one: ask" if first else "Ask"
        if not deployment.replayed:
            return f"{first}{ask} it with the code under “Use it” in the report."
        rows = plural(deployment.replayed, "test row")
        agreed = count(deployment.agreed or 0)
        proof = f"Deployed, it answered {agreed} of {rows} as in the evaluation."
        return f"{first}{ask} it with the code under “Use it”. {proof}"
    if report.status == "incomplete":
        return (
            "Run the same command again, with a higher ceiling if that is what ended it: what exists is taken up, and "
            "nothing is paid twice."
        )
    if report.status == "benchmark":
        return "Run again without the benchmark-only mode to fine-tune; these figures are kept."
    if deployment.decision == "keep-base":
        kept = f"Keep using {winner.base_model if winner else 'the base model'}. {deployment.why}".strip()
        return f"{kept} {BATCH_ONLY}" if deployment.batch_only else kept
    return f"{deployment.why} Set deploy to if-better or always to serve {winner.model if winner else 'it'}.".strip()
