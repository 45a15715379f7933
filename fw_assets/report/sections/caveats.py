"""Caveats: warnings about the headline."""

from __future__ import annotations

from fw_assets.report.fields.sentences import field_cautions
from fw_assets.report.formatting import count, listing, percent, plural, short
from fw_assets.report.imbalance.majority import trap_sentence, unlike_parts
from fw_assets.report.imbalance.mistakes import costs_text
from fw_assets.report.schema.model_result import ModelResult
from fw_assets.report.schema.report import CandidateResult, Report
from fw_assets.report.sections.candidates import evaluated, headline_models, subject
from fw_assets.report.sections.similarity import cautions
from fw_assets.report.sections.slices import slice_cautions
from fw_assets.report.sections.small_numbers import small_number_notes


def caveats(report: Report) -> tuple[str, ...]:
    """Everything that could mislead a reader of the headline, most important first."""
    notes: list[str] = []
    candidate = subject(report)
    trap = trap_sentence(report, headline_models(report))
    for of, result, kind in evaluated([candidate] if candidate else []):
        note = majority_cost_note(report, short(of.model), kind) if report.mistakes else majority_note(result, kind)
        # Near the line and not below it: the headline says what accuracy cannot tell here.
        if note and not (trap and result.accuracy >= result.majority_accuracy):
            notes.append(note)
        failed = result.outcomes.get("failed", 0)
        if failed:
            notes.append(
                f"{plural(failed, 'test row')} got no answer from the {kind} model: its figures are not final."
            )
        if result.coverage < 0.98 and not failed:
            notes.append(f"Only {percent(result.coverage)} of the test rows got a valid label from the {kind} model.")
    if unlike := unlike_parts(report):
        notes.append(unlike)
    if candidate and candidate.base and candidate.base.labels_without_rows:
        unjudged = candidate.base.labels_without_rows
        verb = "has" if len(unjudged) == 1 else "have"
        notes.append(
            f"{plural(len(unjudged), 'label')} {verb} no test row and could not be judged: {listing(unjudged, 6)}."
        )
    unlearned = [label for label, parts in report.data.label_rows.items() if parts.test and not parts.train]
    if unlearned and candidate and candidate.tuned:
        verb = "has" if len(unlearned) == 1 else "have"
        rows = sum(report.data.label_rows[label].test for label in unlearned)
        notes.append(
            f"{plural(len(unlearned), 'label')} {verb} no training row, which no fine-tuning can learn: "
            f"{listing(unlearned, 6)}, the label of {plural(rows, 'test row')}."
        )
    notes += [arm.sentence for arm in report.left_out]
    if report.status != "incomplete":
        notes += [f"{short(item.model)} was {item.note}." for item in report.candidates if not item.base and item.note]
    notes += [row.sentence for row in (report.shortlists.rows if report.shortlists else ())]
    trained = [item for item in report.candidates if item.adapter_of or item.serves_trained]
    if known := [short(item.model) for item in trained if item.base]:
        which = "it was" if len(known) == 1 else "they were"
        notes.append(
            f"{listing(known, 6)} existed before this run: if {which} trained on rows that are test rows here, the "
            "figures flatter."
        )
    for start in dict.fromkeys(item.warm_start for item in report.candidates if item.warm_start):
        notes.append(
            f"Fine-tuning continued {short(start)}, which existed before: if it was trained on rows that are test rows "
            "here, the figures of what continues it flatter."
        )
    notes += long_row_notes(report)
    notes += field_cautions(report)
    notes += slice_cautions(report)
    notes += small_number_notes(report)
    notes += [note for item in report.candidates if (note := unchanged_note(item))]
    losing = _losing_labels(candidate, report.asked.gate.alpha)
    if losing:
        notes.append(f"Fine-tuning lost F1 on {plural(len(losing), 'label')}: {listing(losing, 6)}.")
    if report.data.imbalance_exceeded and report.data.imbalance_ratio is not None:
        notes.append(
            f"The most frequent label has {report.data.imbalance_ratio:,.0f} times the rows of the rarest "
            f"(threshold {report.data.imbalance_threshold:g}); macro-F1 says more than accuracy here."
        )
    if report.data.rejected:
        notes.append(
            f"{plural(report.data.rejected, 'row')} of the data could not be used and "
            f"{'was' if report.data.rejected == 1 else 'were'} left out; rejected_rows.jsonl has each with its reasons."
        )
    if report.data.variants_in_test:
        notes.append(
            f"{percent(report.data.variants_in_test / report.rows.test)} of the test rows "
            f"({count(report.data.variants_in_test)}) have variants among the training rows "
            f"({count(report.data.variants_in_train)}): the same text but for a word or the slots of a template. Texts "
            "unlike the training rows will be answered less well; the table of rows near to training rows shows by how "
            "much."
        )
    if report.data.large_groups_outside:
        notes.append(
            f"{plural(report.data.large_group_rows, 'row')} in "
            f"{plural(report.data.large_groups_outside, 'large group')} of near-copies are all outside the test rows: "
            f"such groups hold {percent(report.data.large_share, 0)} of all rows and "
            f"{percent(report.data.large_test_share, 0)} of the test rows, so that the figures say little of them."
        )
    notes += cautions(report)
    if report.data.contradictions:
        notes.append(
            f"{plural(report.data.contradictions, 'group')} of equal texts "
            f"{'carries' if report.data.contradictions == 1 else 'carry'} different labels, which caps what any model "
            "can reach."
        )
    return tuple(notes)


def majority_note(result: ModelResult, kind: str) -> str:
    """The caveat that always answering the most frequent label does about as well; empty where it does not."""
    majority = result.majority_accuracy
    if result.interval[0] > majority and result.accuracy - majority >= 0.03:
        return ""
    low, high = result.interval
    shown = "worse than" if high < majority else "hardly better than"
    relation = shown if high < majority or low > majority else "not shown to be better than"
    return (
        f"The {kind} model's {percent(result.accuracy)} is {relation} always answering the most frequent label "
        f"({percent(majority)})."
    )


def majority_cost_note(report: Report, name: str, kind: str) -> str:
    """The same by the session's costs."""
    mistakes, of = report.mistakes, (name, "tuned" if kind == "fine-tuned" else "base")
    own = next((item for item in mistakes.models if (item.name, item.kind) == of), None) if mistakes else None
    if mistakes is None or own is None or own.interval[1] < mistakes.constant_cost:
        return ""
    relation = "more than" if own.interval[0] > mistakes.constant_cost else "not shown to be less than"
    return (
        f"Mistakes of the {kind} model {costs_text(own.cost)}, {relation} those of always answering "
        f"{mistakes.constant} ({mistakes.constant_cost:,.0f})."
    )


def long_row_notes(report: Report) -> tuple[str, ...]:
    """A caveat for the models that read only a part of the same rows."""
    alike: dict[tuple[str, str], list[str]] = {}
    for item in report.long_rows:
        parts = {"test": report.rows.test, "training": report.rows.train}
        numbers = {"test": item.rows.get("test", 0), "training": item.rows.get("train", 0)}
        shares = [f"{count(number)} of {count(parts[part])} {part} rows" for part, number in numbers.items() if number]
        if shares:
            size = f"{count(item.context_length)} tokens{', as estimated' if item.estimated else ''}"
            alike.setdefault((listing(shares), size), []).append(item.model)
    return tuple(
        f"{shares} are longer than the context of {listing(models)} ({size}): what lies beyond was not learned from, "
        "and such test rows were answered from their beginning, or not at all."
        for (shares, size), models in alike.items()
    )


def unchanged_note(candidate: CandidateResult) -> str:
    """The caveat that tuning changed no answer at all, which real tuning hardly ever does; empty where it did."""
    base, tuned = candidate.base, candidate.tuned
    if base is None or tuned is None or not base.confusion or base.confusion != tuned.confusion:
        return ""
    if base.accuracy == 1:
        return ""  # two models that are always right answer alike
    if candidate.comparison is None or candidate.comparison.gained or candidate.comparison.lost:
        return ""
    return (
        f"The fine-tuned {short(candidate.model)} answers every label's rows as its base model does: "
        "perhaps its adapter is not in use."
    )


def _losing_labels(candidate: CandidateResult | None, alpha: float) -> tuple[str, ...]:
    """Labels whose F1 fell beyond chance, at `alpha`; where no check was kept, those whose recall did, interval below
    interval.
    """
    if candidate is None or candidate.base is None or candidate.tuned is None:
        return ()
    lost, changes = [], candidate.comparison.per_label if candidate.comparison else {}
    checked = any(change.loss_p_value is not None for change in changes.values())
    for label, after in candidate.tuned.per_label.items():
        before = candidate.base.per_label.get(label)
        if before is None or (before.f1 or 0.0) <= (after.f1 or 0.0):
            continue
        if checked:
            p_value = changes[label].loss_p_value if label in changes else None
            fell = p_value is not None and p_value < alpha
        else:
            fell = bool(before.interval and after.interval and after.interval[1] < before.interval[0])
        if fell:
            lost.append(label)
    return tuple(lost)
