"""The sentences of the report: what was asked, the answer, and what to be careful about.

Plain text, decided in one place, so that the Markdown, the HTML, the terminal and report.json say the same. The
renderers escape it.
"""

from __future__ import annotations

from fw_assets.report.formatting import (
    Quoted,
    count,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_range,
    short,
    usd,
    usd_roughly,
)
from fw_assets.report.schema.report import Candidate, Report
from fw_assets.report.sections.confidence import NOT_NEEDED, baseline_sentence, is_needed


def subject(report: Report) -> Candidate | None:
    """The candidate that the answer is about: the winner's, else the tuned one with the best validation figure."""
    by_model = {candidate.model: candidate for candidate in report.candidates}
    chosen = by_model.get(report.winner.base_model) if report.winner else None
    if chosen is not None and (chosen.tuned is not None or report.status != "complete"):
        return chosen
    tuned = [candidate for candidate in report.candidates if candidate.tuned and candidate.comparison]
    if tuned:
        return max(tuned, key=lambda c: c.tuned_validation.accuracy if c.tuned_validation else 0.0)
    return chosen or next((c for c in report.candidates if c.base is not None), None)


def question(report: Report) -> str:
    """What was asked, in one sentence."""
    names = listing([short(model) for model in report.asked.models] or [short(c.model) for c in report.candidates])
    labels = plural(len(report.labels), "label")
    kind = "any number of" if report.data.multi_label else "one of"
    if report.status == "benchmark":
        return f"How well does {names} assign {kind} {labels} to the rows of {report.dataset}, as it is?"
    return f"Does fine-tuning {names} help to assign {kind} {labels} to the rows of {report.dataset}?"


def answer(report: Report) -> str:
    """The answer in one or two sentences."""
    parts = [_finding(report), _delivery(report)]
    if is_needed(report) is False:
        parts.append(baseline_sentence(report))
    return " ".join(part for part in parts if part)


def _finding(report: Report) -> str:
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


def _delivery(report: Report) -> str:
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


def first_screen(report: Report) -> tuple[tuple[str, str], ...]:
    """Questions that the reader came with, each with its answer."""
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
        pairs.append(("Is it real?", _belief(report, candidate)))
    if is_needed(report) is not None and report.status != "incomplete":
        said = baseline_sentence(report)
        needed = f"Yes: {said}" if is_needed(report) else f"No: {said.removeprefix(NOT_NEEDED)}"
        pairs.append(("Is a language model needed?", needed))
    pairs.append(("What did it cost?", spending(report)))
    deployment = report.deployment
    if deployment.decision == "deployed":
        pairs.append(("Which model to call?", Quoted(deployment.model or deployment.id or "")))
        pairs.append(("At which endpoint?", Quoted(deployment.endpoint or "")))
    pairs.append(("What now?", next_step(report)))
    return tuple(pairs)


def _belief(report: Report, candidate: Candidate) -> str:
    comparison = candidate.comparison
    assert comparison is not None
    compared = sum(c.comparison is not None for c in report.candidates)
    test = f"exact McNemar test on {count(comparison.rows)} rows that no choice has read"
    if compared > 1:
        test += f", adjusted for {compared} comparisons"
    p = p_value(comparison.judged_p)
    if comparison.verdict == "no evidence of a difference":
        text = f"It cannot be told from chance: {p} ({test})."
        if report.detectable_difference is not None:
            least = 100 * report.detectable_difference
            text += f" This many rows show a difference of about {least:.1f} points or more."
        return text
    return f"Yes: {p} ({test})."


def spending(report: Report) -> str:
    """What the run cost beside what was estimated, and what the deployment costs from now on."""
    cost = report.cost
    actual = usd_roughly(cost.actual_usd) + ("" if cost.actual_complete else " or more (a price is unknown)")
    planned = usd_roughly(cost.estimated_usd) + ("" if cost.estimated_complete else " or more")
    text = f"{actual}; the plan said {planned}."
    if report.deployment.decision == "deployed":
        rate = report.deployment.usd_per_hour
        if rate is None:
            text += " The deployment costs money while it runs (price unknown) and scales to zero when idle."
        elif rate == 0:
            text += " The deployment costs nothing."
        else:
            text += f" The deployment costs {usd(rate)} per hour while it runs and scales to zero when idle."
    return text


def cost_notes(report: Report) -> tuple[str, ...]:
    """What has to be known to read the bill."""
    cost = report.cost
    notes = []
    for entry in cost.promised:
        if entry.estimated_usd == 0:
            continue
        amount = "at an unknown price" if entry.estimated_usd is None else usd(entry.estimated_usd)
        notes.append(f"Approved, held, and not spent by this run: {entry.formula} ({amount}). It is in no total.")
    revised = [entry for entry in cost.lines if entry.revised_usd is not None]
    if revised and not all(_near(entry.revised_usd, entry.estimated_usd) for entry in revised):
        total = sum(entry.revised_usd or 0.0 for entry in revised)
        notes.append(
            f"After the base models had answered, token counts as the platform counted them made the estimate "
            f"{usd_roughly(total)} in place of {usd_roughly(cost.estimated_usd)}."
        )
    elif revised:
        notes.append("What the base models were seen to use confirmed the plan's token counts.")
    guessed = [entry.line for entry in cost.lines if entry.quantity_estimated]
    if guessed:
        notes.append(
            f"The platform did not say how many tokens it trained on; the expected number stands as the actual one for "
            f"{listing(guessed)}."
        )
    return tuple(notes)


def _near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= 0.005 * max(one, other) + 1e-4


BATCH_ONLY = (
    "On this platform it answers in batch jobs only; to ask it row by row, run again with inference set to deployment, "
    "which makes a deployment of it that scales to zero."
)


def next_step(report: Report) -> str:
    """What the reader has, or can do, now."""
    deployment, winner = report.deployment, report.winner
    if deployment.decision == "deployed":
        first = "Weigh the simpler model first, which does as well and is free. " if is_needed(report) is False else ""
        asking = "The deployed one: ask" if first else "Ask"
        if not deployment.replayed:
            return f"{first}{asking} it with the code under “Use it” in the report."
        rows = plural(deployment.replayed, "test row")
        agreed = count(deployment.agreed or 0)
        proof = f"Deployed, it answered {agreed} of {rows} as in the evaluation."
        return f"{first}{asking} it with the code under “Use it”. {proof}"
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


def incomplete_note(candidate: Candidate) -> str:
    """Why a candidate has no verdict."""
    if candidate.note:
        return candidate.note
    if candidate.base is None:
        return "not evaluated"
    return "" if candidate.tuned else "not a finalist"


def asked_settings(report: Report) -> tuple[tuple[str, str], ...]:
    """The session as a reader wants to check it: name and value."""
    session, rows = report.asked, report.rows
    held_out = "the eval dataset" if session.eval_dataset else percent(1 - session.train_fraction, 0) + " of the rows"
    pairs = [
        ("Dataset", Quoted(session.dataset or report.dataset)),
        ("Eval dataset", Quoted(session.eval_dataset) if session.eval_dataset else "none"),
        *(("Model", Quoted(model)) for model in session.models),
        ("Mode", "benchmark only" if session.mode == "benchmark" else "fine-tune"),
        ("Labels", "given" if session.labels is not None else "inferred from the data"),
        ("Test rows", f"{count(rows.test)}: {held_out}"),
        ("Validation rows", f"{count(rows.validation)}: every choice reads these, and only these"),
        ("Training rows", count(rows.train)),
        ("Deploy", session.deploy),
    ]
    if session.instruction:
        pairs.insert(0, ("Instruction", Quoted(session.instruction)))
    if report.run.mitigation != "none":
        pairs.append(("Imbalance mitigation", f"{report.run.mitigation}, in the training rows only"))
    if session.max_spend_usd is not None:
        pairs.append(("Spending ceiling", usd(session.max_spend_usd)))
    return tuple(pairs)


def listing(items: tuple[str, ...] | list[str], most: int = 8) -> str:
    """`a, b and c`; beyond `most`, how many more there are."""
    names = list(items)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return names[0] if names else "none"
