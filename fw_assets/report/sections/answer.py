"""The answer of the report, and the questions that a reader comes with."""

from __future__ import annotations

from fw_assets.report.arms.prompting import asked_otherwise, tuning_or_prompting
from fw_assets.report.fields.sentences import gained_sentence
from fw_assets.report.formatting import (
    Quoted,
    count,
    listing,
    p_value,
    percent,
    percent_range,
    plural,
    points,
    points_text,
    rows_text,
    short,
    titled,
)
from fw_assets.report.imbalance.majority import below_line, below_line_note, instead, none_text, trap_sentence
from fw_assets.report.imbalance.mistakes import constant_sentence, mistakes_headline, mistakes_sentence
from fw_assets.report.schema.report import Report
from fw_assets.report.sections.baselines import (
    ABOUT,
    NOT_NEEDED,
    NOT_UNTUNED,
    UNKNOWN,
    baseline_sentence,
    is_chosen,
    need,
    recommended_name,
)
from fw_assets.report.sections.candidates import headline_models, subject, winner_kind
from fw_assets.report.sections.costs import is_free, spending
from fw_assets.report.sections.looks import looks_sentence
from fw_assets.report.sections.pairs import standing
from fw_assets.report.sections.similarity import new_texts_answer, new_texts_sentence
from fw_assets.report.sections.small_numbers import power_sentence
from fw_assets.report.sections.verdicts import UNTUNED_ROLE, Choice, choice, choice_sentence, interval_text
from fw_assets.report.table import Table, columns

REPEATED = "Run the same command again"
BATCH_ONLY = (
    "On this platform it answers in batch jobs only; to ask it row by row, run again with inference set to deployment, "
    "which makes a deployment of it that scales to zero."
)


def question(report: Report) -> str:
    """The question that the run answers, in one sentence."""
    models = [short(model) for model in report.asked.models] or [short(c.model) for c in report.candidates if not c.arm]
    benchmark = report.asked.mode == "benchmark"
    if benchmark:  # what is asked at an endpoint cannot be fine-tuned
        models = [short(model) for model in report.asked.candidates] or models
    names = listing(models)
    labels = plural(len(report.labels), "label")
    kind = "any number of" if report.data.multi_label else "one of"
    if not benchmark and any(c.existed for c in report.candidates):
        tuned = [short(c.model) for c in report.candidates if not c.existed]
        have = listing([short(c.model) for c in report.candidates if c.existed])
        return (
            f"{'Is' if len(tuned) == 1 else 'Are'} {listing(tuned)}, fine-tuned, better than {have} at assigning "
            f"{kind} {labels} to the rows of {report.dataset}?"
        )
    if benchmark:
        do, they = ("does", "it is") if len(models) == 1 else ("do", "they are")
        return f"How well {do} {names} assign {kind} {labels} to the rows of {report.dataset}, as {they}?"
    return f"Does fine-tuning {names} help to assign {kind} {labels} to the rows of {report.dataset}?"


def answer(report: Report) -> str:
    """The answer: the verdict and what was deployed; then whatever qualifies that, where accuracy says little, mistakes
    have costs, or it is not shown that a language model is needed.
    """
    costs = "" if report.status == "incomplete" else mistakes_headline(report)
    needed = (
        baseline_sentence(report) if not report.fields and need(report) in ("no", "depends", "cannot be told") else ""
    )
    parts = [_headline(report), gained_sentence(report), trap_sentence(report, headline_models(report)), costs, needed]
    return " ".join(part for part in parts if part)


def answer_parts(report: Report) -> tuple[str, str]:
    """The answer in two: verdict and deployment, and what qualifies them; one of an earlier version is whole."""
    head = _headline(report)
    return (head, report.answer[len(head) :].strip()) if report.answer.startswith(head) else (report.answer, "")


def _headline(report: Report) -> str:
    return " ".join(part for part in (_verdict(report), new_texts_sentence(report), _deployment(report)) if part)


def _verdict(report: Report) -> str:
    candidate, found = subject(report), choice(report)
    if report.status == "incomplete":
        reasons = "; ".join(report.incomplete) or "some answers are missing"
        return f"This run is incomplete: {reasons.rstrip('.')}. No verdict is given."
    if found is not None:
        sentence = choice_sentence(found)
        winner = report.winner
        if found.verdict == "better" and winner is not None and winner.kind == "base":
            chosen = titled(short(winner.model), winner_kind(report))
            sentence += f" But the choice is made on validation rows, and there it fell on {chosen} ({winner.why})."
        ranked = standing(report, candidate, "tuned") if candidate and not report.fields else ""
        return f"{sentence} {ranked}".strip()
    if candidate is None or candidate.base is None:
        return "No model was evaluated."
    base, name = candidate.base, short(candidate.model)
    rows = rows_text(base.rows, base.groups)
    if report.status == "benchmark":
        what = "model" if any(c.existed for c in report.candidates) else "base model"
        others = sum(c.base is not None and c is not candidate for c in report.candidates)
        what = "way of asking" if any(c.arm for c in report.candidates) else what
        number = f"{others + 1:,} ways of asking" if what == "way of asking" else plural(others + 1, what)
        chosen = f", chosen among {number} on validation rows," if others else ""
        ranking = standing(report, candidate)
        figures = f"{percent(base.accuracy)} right on {rows} (95% interval {percent_range(base.interval)})"
        notes = " ".join(
            note for note in (ranking, below_line_note(report), "Nothing was fine-tuned, as asked.") if note
        )
        return f"{name}{chosen} has {figures}. {notes}"
    return f"{name} reaches {percent(base.accuracy)} on {rows}; it was not fine-tuned."


def _deployment(report: Report) -> str:
    """What is deployed, and what is recommended in its place."""
    said, free = _deployed(report), recommended_name(report)
    return f"{said} Recommended is {free}, which is local and free." if free else said


def _deployed(report: Report) -> str:
    deployment = report.deployment
    if deployment.decision == "deployed":
        if report.winner and report.winner.adapter_of:
            return f"The adapter {short(report.winner.model)}, which needs no tuning, is deployed."
        if report.winner and report.winner.kind == "base":
            return "The base model is deployed."
        return "The fine-tuned model is deployed."
    if report.status == "benchmark":
        return ""
    if deployment.decision == "keep-none":
        return f"None of the models that were asked is recommended: {none_text(report)}; nothing was deployed."
    if deployment.decision == "keep-base" and report.winner is not None and report.winner.adapter_of:
        name = short(report.winner.model)
        return f"Keep {kept_name(report)}: {name}, the adapter, did not pass the gate; nothing was deployed."
    if deployment.decision == "keep-base":
        return f"Keep {kept_name(report)}, which needs no tuning; nothing was deployed."
    if deployment.decision == "incomplete":
        return "Nothing was deployed."
    if report.winner and report.winner.kind == "tuned":
        return "The fine-tuned model is ready; it was not deployed, as asked."
    return "Nothing was deployed, as asked."


def first_screen(report: Report) -> Table:
    return Table(columns("Question", "Answer"), questions(report))


def questions(report: Report) -> tuple[tuple[str, str], ...]:
    """The questions that a reader comes with, each with its answer."""
    pairs: list[tuple[str, str]] = []
    if seen := looks_sentence(report):
        pairs.append(("Are the test rows fresh?", seen))
    found = choice(report)
    if found is not None:
        margin = points_text(found.margin or 0)
        helped = {
            "better": "Yes.",
            "worse": "No, it made the model worse." if found.own else f"No, {found.untuned} is better without it.",
            "as good": f"Not shown; it is at least as good, within {margin}, which is shown.",
            "cannot be told": f"It cannot be told on {found.where}.",
        }
        pairs.append(("Did it help?", f"{helped[found.verdict]} {_compared(report, found)}"))
        over = "" if found.own else f" over {found.untuned}, {UNTUNED_ROLE}"
        pairs.append(
            (
                "By how much?",
                f"{points(found.difference)} points of accuracy{over}, {interval_text(found.interval, found.level)}"
                f" ({plural(found.gained, found.unit)} gained, {count(found.lost)} lost, on {found.where}).",
            )
        )
        pairs.append(("Is it real?", _significance(report, found)))
        if expected := new_texts_answer(report):
            pairs.append(("And on new texts?", expected))
        if bought := tuning_or_prompting(report):
            pairs.append(("Was it worth it?", bought))
    elif report.power:
        pairs.append(("What can be seen?", power_sentence(report.power)))
    if otherwise := asked_otherwise(report):
        pairs.append(("Does asking otherwise help?", otherwise))
    if gained := gained_sentence(report):
        pairs.append(("Which fields gained?", gained))
    if report.mistakes:
        said = (mistakes_sentence(report), constant_sentence(report))
        pairs.append(("What do mistakes cost?", " ".join(part for part in said if part)))
    needed = need(report)
    if needed is not None:
        reason = baseline_sentence(report)
        reply = {"yes": f"Yes. {reason}", "no": _not_needed(reason), "depends": f"It {reason.removeprefix(ABOUT)}"}
        unknown = f"It cannot be told on {reason.removeprefix(UNKNOWN)}"
        of = f" for {report.fields.asked[0].name}" if report.fields else ""
        pairs.append((f"Is a language model needed{of}?", reply.get(needed, unknown)))
    if not is_free(report):
        pairs.append(("What did it cost?", spending(report)))
    deployment = report.deployment
    if deployment.decision == "deployed":
        pairs.append(("Which model to call?", Quoted(deployment.model or deployment.id or "")))
        pairs.append(("At which endpoint?", Quoted(deployment.endpoint or "")))
    elif report.snippets is not None and report.snippets.model:
        pairs.append(("Which model to call?", Quoted(report.snippets.model)))
        pairs.append(("At which endpoint?", Quoted(report.snippets.endpoint)))
    pairs.append(("What now?", next_step(report)))
    return tuple(pairs)


def _compared(report: Report, found: Choice) -> str:
    """Which comparison the verdict is of, and which other models tuning is shown to have made better."""
    against = "its own base model" if found.own else f"{found.untuned}, {UNTUNED_ROLE}"
    better = (
        []
        if found.fields or found.verdict == "better"
        else [
            short(item.model)
            for item in report.candidates
            if item.tuned is not None
            and item.comparison is not None
            and item.comparison.verdict == "better"
            and not (found.own and short(item.model) == found.tuned)
        ]
    )
    own = f" {listing(better)} became better than {'its' if len(better) == 1 else 'their'} own base." if better else ""
    return f"Compared is the fine-tuned {found.tuned} with {against}.{own}"


def _not_needed(reason: str) -> str:
    if reason.startswith(NOT_UNTUNED):
        return f"Not an untuned one; tuning was not tried: {reason.removeprefix(NOT_UNTUNED)}"
    return f"No: {reason.removeprefix(NOT_NEEDED)}"


def _significance(report: Report, found: Choice) -> str:
    distinct = found.groups is not None and found.groups < found.rows
    name = "sign-flip test of whole groups" if distinct else "exact McNemar test"
    if found.fields and not distinct:
        name = "sign-flip test of whole rows"
    test = f"{name} on {found.where}"
    p = p_value(found.p)
    if found.verdict in ("better", "worse"):
        return f"Yes: {p} ({test})."
    seen = f" {power_sentence(report.power)}" if report.power else ""
    if report.power is None and report.detectable_difference is not None:
        seen = f" This many rows show a difference of about {100 * report.detectable_difference:.1f} points or more."
    if found.verdict == "as good":
        margin = points_text(found.margin or 0)
        return f"No difference is shown, {p}; a loss of {margin} or more is ruled out ({test}).{seen}"
    return f"It cannot be told: {p} ({test}).{seen}"


def kept_name(report: Report) -> str:
    """The model without tuning that stays in use, as people call it."""
    return short(report.kept) if report.kept else "the base model"


def next_step(report: Report) -> str:
    """The next step for the reader."""
    deployment, winner = report.deployment, report.winner
    if deployment.decision == "deployed":
        simpler = "Use the simpler model" if is_chosen(report) else "Weigh the simpler model first"
        first = f"{simpler}, which is free. " if need(report) == "no" and not report.fields else ""
        ask = "The deployed one: ask" if first else "Ask"
        if not deployment.replayed:
            return f"{first}{ask} it with the code under “Use it” in the report."
        rows = plural(deployment.replayed, "test row")
        agreed = count(deployment.agreed or 0)
        proof = f"Deployed, it answered {agreed} of {rows} as in the evaluation."
        return f"{first}{ask} it with the code under “Use it”. {proof}"
    if report.status == "incomplete":
        ceiling = any("would pass the approved" in reason for reason in report.incomplete)  # of an earlier version
        higher = f"{REPEATED}, with `--approve` and a higher ceiling (`--max-spend-usd`)."
        remedy = report.remedy or (higher if ceiling else f"{REPEATED}.")
        return f"{remedy} What exists is taken up, and nothing is paid twice."
    if report.status == "benchmark":
        kinds = {c.kind for c in report.candidates}
        why = "An adapter is not trained again" if "adapter" in kinds else "What is served already is not trained"
        again = "Run again" if "base" in kinds else f"{why}: name a base model too, and run again"
        again += " without the benchmark-only mode to fine-tune; these figures are kept."
        return f"{again} {instead(report)}" if below_line(report) else again
    if free := recommended_name(report):
        return f"Use {free}, which is free: the command with --free under “Use it”. {deployment.why}".strip()
    if deployment.decision == "keep-none":
        return f"{deployment.why} {instead(report)}".strip()
    if deployment.decision == "keep-base":
        ask = " Ask it with the code under “Use it”." if report.snippets and report.snippets.python else ""
        kept = f"Keep using {report.kept or 'the base model'}. {deployment.why}".strip() + ask
        return f"{kept} {BATCH_ONLY}" if deployment.batch_only else kept
    if below_line(report) and winner is not None and winner.kind == "base":
        return f"{deployment.why} {instead(report)}".strip()
    return f"{deployment.why} Set deploy to if-better or always to serve {winner.model if winner else 'it'}.".strip()
