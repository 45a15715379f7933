"""Accuracy by similarity to the training rows: table, and what is said when far rows are answered worse."""

from __future__ import annotations

from fw_assets.report.formatting import Quoted, before_verb, count, p_value, percent, percent_range, rows_text, short
from fw_assets.report.schema.report import Report
from fw_assets.report.schema.similarity import SimilarityResult
from fw_assets.report.sections.baselines import baseline_name
from fw_assets.report.sections.candidates import ordered, subject
from fw_assets.report.table import Table, columns

ALPHA = 0.05


def similarity(report: Report) -> Table:
    """One row per model and range of similarity that has test rows, in the order of the candidates."""
    places = {short(candidate.model): place for place, candidate in enumerate(ordered(report))}
    last = len(places)
    rows = tuple(
        (
            baseline_name(result.model) if result.kind == "baseline" else Quoted(short(result.model)),
            report.kind_of(short(result.model), result.kind),
            f"{item.low:.1f} to {item.high:.1f}",
            count(item.rows) + (f" ({count(item.groups)} distinct)" if item.groups and item.groups < item.rows else ""),
            f"{percent(item.accuracy)} ({percent_range(item.interval)})",
        )
        for result in sorted(report.similarity, key=lambda item: (places.get(short(item.model), last), item.kind))
        for item in result.bins
        if item.accuracy is not None and item.interval is not None
    )
    return Table(columns("Model", "", "Similarity", ">Test rows", ">Accuracy"), rows)


def new_texts_sentence(report: Report) -> str:
    """What the headline's figure of the fine-tuned model is worth on new texts; empty unless far rows are answered
    worse than near ones.
    """
    result = headline_result(report)
    if result is None:
        return ""
    right = "has all fields right" if report.fields else "is right"
    near, far = rows_text(result.near_rows, result.near_groups), rows_text(result.far_rows, result.far_groups)
    return (
        f"The fine-tuned {short(result.model)} {right} on {percent(result.near_accuracy)} of the {before_verb(near)} "
        f"that are near to training rows, and on {percent(result.far_accuracy)} of the {before_verb(far)} that are not "
        f"({p_value(result.p_value)}): expect {new_texts_range(result)} on new texts."
    )


def new_texts_answer(report: Report) -> str:
    """The reply to what to expect on new texts, with what the same model does there without tuning; empty as above."""
    result = headline_result(report)
    if result is None:
        return ""
    base = next((item for item in report.similarity if item.model == result.model and item.kind == "base"), None)
    beside = f", where it has {percent(base.far_accuracy)} without tuning" if base else ""
    free = [item for item in report.similarity if item.kind == "baseline" and item.far_accuracy is not None]
    if best := max(free, key=lambda item: item.far_accuracy or 0.0, default=None):
        beside += f", and {baseline_name(best.model)}, which is free, {percent(best.far_accuracy)}"
    rows = before_verb(rows_text(result.far_rows, result.far_groups))
    if result.far_interval is None:
        return (
            f"About {percent(result.far_accuracy)}: that is its share on the {rows} that are not near to training "
            f"rows{beside}."
        )
    said = new_texts_range(result)
    return (
        f"{said[0].upper()}{said[1:]}: the 95% interval of its share on the {rows} that are not near to training rows, "
        f"which is {percent(result.far_accuracy)}{beside}."
    )


def new_texts_range(result: SimilarityResult) -> str:
    """What to expect on new texts. The share alone would promise too little: it is said only of far rows that were
    answered worse, by chance in some part.
    """
    if result.far_interval is None:
        return f"about {percent(result.far_accuracy)}"
    low, high = result.far_interval
    return f"between {percent(low)} and {percent(high)}"


def new_texts_note(report: Report) -> str:
    """What the gate's figures do not show; empty as above, and where no fine-tuned model is the winner."""
    result = headline_result(report)
    if result is None or report.winner is None or report.winner.kind != "tuned":
        return ""
    expected = (
        "which is what to expect"
        if result.far_interval is None
        else f"so that {new_texts_range(result)} is to be expected"
    )
    return (
        f"The test rows flatter it: {percent(result.near_accuracy)} right on those near to training rows, "
        f"{percent(result.far_accuracy)} on those that are not, {expected} on new texts."
    )


def similarity_note(report: Report) -> str:
    """What similarity is, and that new texts are answered as the less similar rows, where a difference is shown."""
    shown = any(_is_worse_far(result) for result in report.similarity)
    expected = " Expect new texts to be answered as the less similar rows are." if shown else ""
    return (
        "Similarity is that of a test row to its nearest training row, 0 to 1: the cosine of their character 5-grams, "
        f"weighted by rarity. A twin with one word changed has 0.6 to 0.9.{expected}"
    )


def cautions(report: Report) -> tuple[str, ...]:
    """A sentence per fine-tuned model that answers rows far from its training rows worse than those near them, but for
    the one of which the answer says so.
    """
    said = new_texts_sentence(report)
    told = headline_result(report) if said and said in report.answer else None
    return tuple(
        f"The fine-tuned {short(result.model)} is right on {percent(result.near_accuracy)} of the "
        f"{before_verb(rows_text(result.near_rows, result.near_groups))} with a near twin in training, and on "
        f"{percent(result.far_accuracy)} of the {rows_text(result.far_rows, result.far_groups, 'other')} "
        f"({p_value(result.p_value)}): expect {_as_the_others(result)}."
        for result in report.similarity
        if _is_worse_far(result) and result is not told
    )


def _as_the_others(result: SimilarityResult) -> str:
    if result.far_interval is None:
        return "new texts to be answered as the others are"
    return f"{new_texts_range(result)} on new texts"


def headline_result(report: Report) -> SimilarityResult | None:
    """That of the fine-tuned model that the answer is about, where it answers far rows worse than near ones."""
    candidate = subject(report)
    if report.status != "complete" or candidate is None or candidate.tuned is None:
        return None
    name = short(candidate.model)
    return next((item for item in report.similarity if short(item.model) == name and _is_worse_far(item)), None)


def _is_worse_far(result: SimilarityResult) -> bool:
    return result.kind == "fine-tuned" and result.p_value is not None and result.p_value < ALPHA
