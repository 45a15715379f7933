"""The sentences of the report: what was asked, the answer, and what to be careful about.

Plain text, decided in one place, so that the Markdown, the HTML, the terminal and report.json say the same. The
renderers escape it.
"""

from __future__ import annotations

from fw_assets.report.figures import (
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
from fw_assets.report.model import Candidate, ModelResult, Report


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
    return f"{_finding(report)} {_delivery(report)}".strip()


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


def next_step(report: Report) -> str:
    """What the reader has, or can do, now."""
    deployment, winner = report.deployment, report.winner
    if deployment.decision == "deployed":
        if not deployment.replayed:
            return "Ask it with the code under “Use it” in the report."
        rows = plural(deployment.replayed, "test row")
        agreed = count(deployment.agreed or 0)
        return f"Ask it with the code under “Use it”. Deployed, it answered {agreed} of {rows} as in the evaluation."
    if report.status == "incomplete":
        return "Run the same command again: what exists is taken up, and nothing is paid twice."
    if report.status == "benchmark":
        return "Run again without the benchmark-only mode to fine-tune; these figures are kept."
    if deployment.decision == "keep-base":
        return f"Keep using {winner.base_model if winner else 'the base model'}. {deployment.why}".strip()
    return f"{deployment.why} Set deploy to if-better or always to serve {winner.model if winner else 'it'}.".strip()


def cautions(report: Report) -> tuple[str, ...]:
    """What could mislead a reader of the headline, most important first."""
    found: list[str] = []
    candidate = subject(report)
    for result, which in _results(candidate):
        near = majority_note(result, which)
        if near:
            found.append(near)
        failed = result.outcomes.get("failed", 0)
        if failed:
            found.append(
                f"{plural(failed, 'test row')} got no answer from the {which} model: its figures are not final."
            )
        if result.coverage is not None and result.coverage < 0.98 and not failed:
            found.append(f"Only {percent(result.coverage)} of the test rows got a valid label from the {which} model.")
    if candidate and candidate.base and candidate.base.labels_without_rows:
        missing = candidate.base.labels_without_rows
        verb = "has" if len(missing) == 1 else "have"
        found.append(
            f"{plural(len(missing), 'label')} {verb} no test row and could not be judged: {listing(missing, 6)}."
        )
    found += [unchanged_note(item) for item in report.candidates if unchanged_note(item)]
    losers = _losing_labels(candidate)
    if losers:
        found.append(f"Fine-tuning lost accuracy on {plural(len(losers), 'label')}: {listing(losers, 6)}.")
    if report.data.imbalance_exceeded and report.data.imbalance_ratio is not None:
        found.append(
            f"The most frequent label has {report.data.imbalance_ratio:,.0f} times the rows of the rarest "
            f"(threshold {report.data.imbalance_threshold:g}); macro-F1 says more than accuracy here."
        )
    if report.data.contradictions:
        found.append(
            f"{plural(report.data.contradictions, 'group')} of equal texts "
            f"{'carries' if report.data.contradictions == 1 else 'carry'} different labels, which caps what any model "
            "can reach."
        )
    return tuple(found)


def majority_note(result: ModelResult, which: str) -> str:
    """Said when always answering the most frequent label would do about as well; empty otherwise."""
    majority = result.majority_accuracy
    if majority is None or (result.interval[0] > majority and result.accuracy - majority >= 0.03):
        return ""
    near = "no better than" if result.accuracy == majority else "hardly better than"
    relation = "worse than" if result.accuracy < majority else near
    return (
        f"The {which} model's {percent(result.accuracy)} is {relation} always answering the most frequent label "
        f"({percent(majority)})."
    )


def unchanged_note(candidate: Candidate) -> str:
    """Said when tuning changed no answer at all, which real tuning hardly ever does; empty otherwise."""
    base, tuned = candidate.base, candidate.tuned
    if base is None or tuned is None or not base.confusion or base.confusion != tuned.confusion:
        return ""
    if candidate.comparison is None or candidate.comparison.gained or candidate.comparison.lost:
        return ""
    return (
        f"The fine-tuned {short(candidate.model)} answers every label's rows as its base model does: "
        "perhaps its adapter is not in use."
    )


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
    if session.mitigation != "none":
        pairs.append(("Imbalance mitigation", session.mitigation))
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


def _results(candidate: Candidate | None) -> list[tuple[ModelResult, str]]:
    if candidate is None:
        return []
    pairs = [(candidate.base, "base"), (candidate.tuned, "fine-tuned")]
    return [(result, which) for result, which in pairs if result is not None]


def _losing_labels(candidate: Candidate | None) -> tuple[str, ...]:
    """Labels whose intervals before and after do not even touch, downwards."""
    if candidate is None or candidate.base is None or candidate.tuned is None:
        return ()
    lost = []
    for label, after in candidate.tuned.per_label.items():
        before = candidate.base.per_label.get(label)
        if before and before.interval and after.interval and after.interval[1] < before.interval[0]:
            lost.append(label)
    return tuple(lost)
