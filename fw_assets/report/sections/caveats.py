"""What could mislead a reader of the headline."""

from __future__ import annotations

from fw_assets.report.formatting import percent, plural, short
from fw_assets.report.schema.report import Candidate, ModelResult, Report
from fw_assets.report.sections.answer import listing, subject


def caveats(report: Report) -> tuple[str, ...]:
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
    if report.data.rejected:
        found.append(
            f"{plural(report.data.rejected, 'row')} of the data could not be used and "
            f"{'was' if report.data.rejected == 1 else 'were'} left out; rejected_rows.jsonl has each with its reasons."
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
